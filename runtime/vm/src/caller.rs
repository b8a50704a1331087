//! What a host function knows about who called it.

use crate::store::Store;
use crate::value::{Extern, Func, Global, Instance, Memory, Table};
use std::any::TypeId;
use std::ops::{Deref, DerefMut};

/// The caller of a host function. It stands for the store as well: what takes a store takes a caller.
pub struct Caller<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) instance: Option<Instance>,
}

impl Caller<'_> {
    /// The store; a host function may call back into guest code through it.
    pub fn store(&mut self) -> &mut Store {
        self.store
    }

    /// The instance that imports the host function and called it. None if the function was called by the host, or by guest
    /// code through a table or reference that the host had put it into.
    pub fn instance(&self) -> Option<Instance> {
        self.instance
    }

    /// An export of the calling instance.
    pub fn export(&self, name: &str) -> Option<Extern> {
        self.store.export(self.instance?, name)
    }

    /// The function that the calling instance exports as `name`.
    pub fn func(&self, name: &str) -> Option<Func> {
        self.export(name)?.func()
    }

    /// The memory that the calling instance exports as `name`.
    pub fn memory(&self, name: &str) -> Option<Memory> {
        self.export(name)?.memory()
    }

    /// The table that the calling instance exports as `name`.
    pub fn table(&self, name: &str) -> Option<Table> {
        self.export(name)?.table()
    }

    /// The global that the calling instance exports as `name`.
    pub fn global(&self, name: &str) -> Option<Global> {
        self.export(name)?.global()
    }
}

impl Deref for Caller<'_> {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}

impl DerefMut for Caller<'_> {
    fn deref_mut(&mut self) -> &mut Store {
        self.store
    }
}

/// What host functions keep in a store: one value of each type. A closure serves all stores that have it; what differs between
/// them is here.
impl Store {
    /// Keeps a value until the store is dropped or another value of the type replaces it. Gives the one that this one replaces.
    pub fn set_state<T: Send + 'static>(&mut self, value: T) -> Option<T> {
        let before = self.data_mut().functions.state.insert(TypeId::of::<T>(), Box::new(value))?;
        before.downcast().ok().map(|before| *before)
    }

    /// The value of a type that the store keeps.
    pub fn state<T: Send + 'static>(&self) -> Option<&T> {
        self.data().functions.state.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// The value of a type that the store keeps, to change.
    pub fn state_mut<T: Send + 'static>(&mut self) -> Option<&mut T> {
        self.data_mut().functions.state.get_mut(&TypeId::of::<T>())?.downcast_mut()
    }
}
