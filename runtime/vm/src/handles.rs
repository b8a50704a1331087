//! What handles can do: each method takes the store that the handle belongs to, or a [`Caller`](crate::Caller), which is one.

use crate::func::HostFunc;
use crate::memory::ResourceError;
use crate::store::Store;
use crate::trap::Trap;
use crate::typed::{IntoHostFunc, TypedFunc, TypedFuncError, WasmList};
use crate::value::{Extern, Func, Global, Instance, Memory, Table, Value};
use abi::trap::TrapCode;
use abi::types::{FuncType, GlobalType, Limits, MemoryType, TableType, ValType};
use std::fmt;

/// Why a function that was given its arguments as [`Value`]s gives no results.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It takes other arguments.
    #[error("the function is of type {expected}, called with ({})", .found.iter().map(ValType::to_string).collect::<Vec<_>>().join(", "))]
    Arguments {
        /// The function's type.
        expected: FuncType,
        /// The types of the arguments.
        found: Vec<ValType>,
    },
    /// It trapped.
    #[error(transparent)]
    Trap(#[from] Trap),
}

/// Why a global or a table cannot be made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The global is not mutable.
    #[error("the global is not mutable")]
    Immutable,
    /// The value is of another type.
    #[error("expected a value of type {expected}, found {found}")]
    Type {
        /// The type of what is to be changed.
        expected: ValType,
        /// The type of the value.
        found: ValType,
    },
    /// The table has no such element.
    #[error("element {index} is past the end of a table of {size}")]
    OutOfBounds {
        /// The element.
        index: u64,
        /// How many elements there are.
        size: u64,
    },
    /// The table's type, a limit or the system does not allow so many elements.
    #[error("a table of {size} elements cannot grow by {delta}")]
    Full {
        /// How many elements there are.
        size: u64,
        /// How many were to be added.
        delta: u64,
    },
    /// The table cannot be made.
    #[error(transparent)]
    Resource(#[from] ResourceError),
}

/// The type of what is imported or exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag: the values that its exceptions carry.
    Tag(FuncType),
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = |Limits { min, max }: Limits| match max {
            Some(max) => format!("{min} to {max}"),
            None => format!("{min} or more"),
        };
        match self {
            ExternType::Func(ty) => write!(f, "function {ty}"),
            ExternType::Table(ty) => {
                let width = if ty.table64 { "64-bit " } else { "" };
                write!(f, "{width}table of {} {}", limits(ty.limits), ty.element)
            }
            ExternType::Memory(ty) => {
                let shared = if ty.shared { "shared " } else { "" };
                let width = if ty.memory64 { "64-bit " } else { "" };
                write!(f, "{shared}{width}memory of {} pages", limits(ty.limits))
            }
            ExternType::Global(ty) => write!(f, "{}global {}", if ty.mutable { "mutable " } else { "" }, ty.content),
            ExternType::Tag(ty) => write!(f, "tag {ty}"),
        }
    }
}

impl Instance {
    /// An export.
    pub fn export(self, store: &Store, name: &str) -> Option<Extern> {
        store.export(self, name)
    }

    /// The exports, in the order of the module.
    pub fn exports(self, store: &Store) -> impl Iterator<Item = (&str, Extern)> {
        store.exports(self)
    }

    /// The function that is exported by a name.
    pub fn func(self, store: &Store, name: &str) -> Option<Func> {
        self.export(store, name)?.func()
    }

    /// The function that is exported by a name, with its type known to Rust.
    ///
    /// # Errors
    /// If there is no such export, it is no function, or one of another type.
    pub fn typed_func<Params: WasmList, Results: WasmList>(
        self,
        store: &Store,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>, TypedFuncError> {
        let name = || name.to_string();
        let item = self.export(store, &name()).ok_or_else(|| TypedFuncError::Unknown { name: name() })?;
        let not_a_function = || TypedFuncError::NotAFunction { name: name(), found: item.kind() };
        item.func().ok_or_else(not_a_function)?.typed(store).map_err(|error| match error {
            TypedFuncError::Signature { name: None, expected, found } => {
                TypedFuncError::Signature { name: Some(name()), expected, found }
            }
            other => other,
        })
    }

    /// The memory that is exported by a name.
    pub fn memory(self, store: &Store, name: &str) -> Option<Memory> {
        self.export(store, name)?.memory()
    }

    /// The table that is exported by a name.
    pub fn table(self, store: &Store, name: &str) -> Option<Table> {
        self.export(store, name)?.table()
    }

    /// The global that is exported by a name.
    pub fn global(self, store: &Store, name: &str) -> Option<Global> {
        self.export(store, name)?.global()
    }
}

macro_rules! casts {
    ($($(#[$meta:meta])* $name:ident $kind:ident;)*) => {$(
        $(#[$meta])*
        pub fn $name(self) -> Option<$kind> {
            match self {
                Extern::$kind(item) => Some(item),
                _ => None,
            }
        }
    )*};
}

impl Extern {
    casts! {
        /// The function, if it is one.
        func Func;
        /// The memory, if it is one.
        memory Memory;
        /// The table, if it is one.
        table Table;
        /// The global, if it is one.
        global Global;
    }

    /// Its type.
    pub fn ty(self, store: &Store) -> ExternType {
        match self {
            Extern::Func(func) => ExternType::Func(func.ty(store).clone()),
            Extern::Table(table) => ExternType::Table(table.ty(store)),
            Extern::Memory(memory) => ExternType::Memory(memory.ty(store)),
            Extern::Global(global) => ExternType::Global(global.ty(store)),
            Extern::Tag(tag) => ExternType::Tag(store.tag_type(tag).clone()),
        }
    }
}

impl Func {
    /// Makes a closure a function of the store. [`HostFunc::wrap`] makes one for any number of stores.
    pub fn wrap<Params, Results>(store: &mut Store, function: impl IntoHostFunc<Params, Results>) -> Func {
        store.add_host_func(&HostFunc::wrap("closure", function))
    }

    /// Its type.
    pub fn ty(self, store: &Store) -> &FuncType {
        store.func_type(self)
    }
}

impl Memory {
    /// Makes a memory of its minimal size.
    ///
    /// # Errors
    /// If it is shared and has no maximum, is above the limits, or the system has no address space left.
    pub fn new(store: &mut Store, ty: MemoryType) -> Result<Memory, ResourceError> {
        store.new_memory(ty)
    }

    /// Its type. The minimum is that of its declaration, not its current size.
    pub fn ty(self, store: &Store) -> MemoryType {
        store.memory_type(self)
    }

    /// Its size in pages of 64 KiB.
    pub fn size(self, store: &Store) -> u64 {
        store.memory_size(self)
    }

    /// Grows it by some pages. Gives the old size in pages; none if it cannot grow so far.
    pub fn grow(self, store: &mut Store, delta: u64) -> Option<u64> {
        store.memory_grow(self, delta)
    }

    /// Its bytes; none of a shared one, which other threads may be writing to.
    pub fn data(self, store: &Store) -> Option<&[u8]> {
        store.memory_data(self)
    }

    /// Its bytes, to change; none of a shared one.
    pub fn data_mut(self, store: &mut Store) -> Option<&mut [u8]> {
        store.memory_data_mut(self)
    }

    /// Copies bytes out, also of a shared memory.
    ///
    /// # Errors
    /// If some lie past its end. A host function that passes the error on traps with it.
    pub fn read(self, store: &Store, address: u64, bytes: &mut [u8]) -> Result<(), TrapCode> {
        store.memory_read(self, address, bytes)
    }

    /// A copy of some bytes, also of a shared memory. Nothing is allocated if some lie past its end, whatever length a guest
    /// gave.
    ///
    /// # Errors
    /// As [`Memory::read`].
    pub fn read_vec(self, store: &Store, address: u64, length: u64) -> Result<Vec<u8>, TrapCode> {
        let bytes = store.data().memory(self).bytes();
        let end = address.checked_add(length).filter(|&end| end <= bytes);
        end.ok_or(TrapCode::MemoryOutOfBounds)?;
        let mut copy = vec![0; length as usize];
        self.read(store, address, &mut copy)?;
        Ok(copy)
    }

    /// Copies bytes in, also to a shared memory.
    ///
    /// # Errors
    /// If some would lie past its end. A host function that passes the error on traps with it.
    pub fn write(self, store: &mut Store, address: u64, bytes: &[u8]) -> Result<(), TrapCode> {
        store.memory_write(self, address, bytes)
    }
}

/// # Errors
/// If a value is not of a type.
fn check(store: &Store, value: Value, expected: ValType) -> Result<(), AccessError> {
    match store.matches(value, expected) {
        true => Ok(()),
        false => Err(AccessError::Type { expected, found: value.ty() }),
    }
}

impl Global {
    /// Makes a global.
    ///
    /// # Errors
    /// If the value is of another type.
    pub fn new(store: &mut Store, ty: GlobalType, value: Value) -> Result<Global, AccessError> {
        check(store, value, ty.content)?;
        Ok(store.new_global(ty, value))
    }

    /// Its type.
    pub fn ty(self, store: &Store) -> GlobalType {
        store.global_type(self)
    }

    /// Its value.
    pub fn get(self, store: &Store) -> Value {
        store.global_get(self)
    }

    /// Sets it.
    ///
    /// # Errors
    /// If it is not mutable, or the value is of another type.
    pub fn set(self, store: &mut Store, value: Value) -> Result<(), AccessError> {
        let ty = self.ty(store);
        if !ty.mutable {
            return Err(AccessError::Immutable);
        }
        check(store, value, ty.content)?;
        store.global_set(self, value);
        Ok(())
    }
}

impl Table {
    /// Makes a table of its minimal size, every element `init`.
    ///
    /// # Errors
    /// If it is above the limits, the system has no memory left, or the value is of another type.
    pub fn new(store: &mut Store, ty: TableType, init: Value) -> Result<Table, AccessError> {
        check(store, init, ValType::Ref(ty.element))?;
        Ok(store.new_table(ty, init)?)
    }

    /// Its type. The minimum is that of its declaration, not its current size.
    pub fn ty(self, store: &Store) -> TableType {
        store.table_type(self)
    }

    /// How many elements it has.
    pub fn size(self, store: &Store) -> u64 {
        store.table_size(self)
    }

    /// An element; none past its end.
    pub fn get(self, store: &Store, index: u64) -> Option<Value> {
        store.table_get(self, index)
    }

    /// Sets an element.
    ///
    /// # Errors
    /// If the index is past its end, or the value is of another type.
    pub fn set(self, store: &mut Store, index: u64, value: Value) -> Result<(), AccessError> {
        check(store, value, ValType::Ref(self.ty(store).element))?;
        let size = self.size(store);
        store.table_set(self, index, value).map_err(|_| AccessError::OutOfBounds { index, size })
    }

    /// Grows it by some elements, each `init`. Gives the old size.
    ///
    /// # Errors
    /// If it cannot grow so far, or the value is of another type.
    pub fn grow(self, store: &mut Store, delta: u64, init: Value) -> Result<u64, AccessError> {
        check(store, init, ValType::Ref(self.ty(store).element))?;
        let size = self.size(store);
        store.table_grow(self, delta, init).ok_or(AccessError::Full { size, delta })
    }
}
