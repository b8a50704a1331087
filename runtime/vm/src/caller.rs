//! What a host function knows about who called it.

use crate::store::Store;
use crate::value::{Extern, Instance, Memory};

/// The caller of a host function.
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

    /// The memory that the calling instance exports as `name`.
    pub fn memory(&self, name: &str) -> Option<Memory> {
        match self.export(name)? {
            Extern::Memory(memory) => Some(memory),
            Extern::Func(_) | Extern::Table(_) | Extern::Global(_) | Extern::Tag(_) => None,
        }
    }
}
