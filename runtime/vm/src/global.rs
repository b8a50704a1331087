//! Globals: cells of sixteen bytes.

use crate::store::Store;
use crate::value::{Global, Slot, Value};
use abi::types::GlobalType;
use std::ptr::NonNull;

/// A global that a store owns.
pub(crate) struct GlobalData {
    /// In the context of the instance that defines the global, or on the heap.
    cell: NonNull<Slot>,
    /// Whether the cell is ours to free.
    owned: bool,
    ty: GlobalType,
}

impl GlobalData {
    /// Makes a global whose cell lies in a context.
    ///
    /// # Safety
    /// `cell` stays valid as long as the global lives and holds values of its type.
    pub(crate) unsafe fn inline(cell: NonNull<Slot>, ty: GlobalType) -> GlobalData {
        GlobalData { cell, owned: false, ty }
    }

    pub(crate) fn ty(&self) -> GlobalType {
        self.ty
    }

    pub(crate) fn cell(&self) -> NonNull<Slot> {
        self.cell
    }
}

impl Drop for GlobalData {
    fn drop(&mut self) {
        if self.owned {
            // SAFETY: the cell came from a box in `new_global` and is freed once, with the whole store.
            drop(unsafe { Box::from_raw(self.cell.as_ptr()) });
        }
    }
}

impl Store {
    /// Makes a global.
    ///
    /// # Panics
    /// If `value` is not of its type.
    pub fn new_global(&mut self, ty: GlobalType, value: Value) -> Global {
        assert!(self.matches(value, ty.content), "the value is of the global's type");
        let cell = NonNull::from(Box::leak(Box::new(self.slot(value))));
        self.data_mut().add_global(GlobalData { cell, owned: true, ty })
    }

    /// A global's type.
    pub fn global_type(&self, global: Global) -> GlobalType {
        self.data().global(global).ty()
    }

    /// A global's value.
    pub fn global_get(&self, global: Global) -> Value {
        let data = self.data();
        let global = data.global(global);
        // SAFETY: the cell is valid (contract of `inline`; `new_global` owns it), and no reference to it exists.
        let slot = unsafe { global.cell.read() };
        // SAFETY: the cell holds a value of the global's type: everyone who writes it sees to that.
        unsafe { data.trusted_value(global.ty.content, &slot) }
    }

    /// Sets a global.
    ///
    /// # Panics
    /// If the global is not mutable or the value is not of its type.
    pub fn global_set(&mut self, global: Global, value: Value) {
        let ty = self.global_type(global);
        assert!(ty.mutable, "the global is mutable");
        assert!(self.matches(value, ty.content), "the value is of the global's type");
        let slot = self.slot(value);
        // SAFETY: the cell is valid (see `global_get`); the store is borrowed mutably, so guest code is suspended.
        unsafe { self.data().global(global).cell.write(slot) };
    }
}
