//! Handles and values.

use abi::layout::{self, FuncRecord};
use abi::types::{Hierarchy, RefType, ValType};
use std::convert::identity;
use std::fmt;
use std::num::NonZeroU64;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Which store a handle belongs to; no two stores of a process share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StoreId(NonZeroU64);

impl StoreId {
    pub(crate) fn fresh() -> StoreId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        StoreId(NonZeroU64::new(id).expect("a process makes fewer than 2^64 stores"))
    }
}

macro_rules! handles {
    ($($(#[$meta:meta])* $name:ident,)*) => {$(
        $(#[$meta])*
        ///
        /// A small copy that is good for one store; using it with another one panics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            pub(crate) store: StoreId,
            pub(crate) index: u32,
        }
    )*};
}

handles! {
    /// A module's instance.
    Instance,
    /// A linear memory.
    Memory,
    /// A table.
    Table,
    /// A global.
    Global,
    /// A tag of exceptions.
    Tag,
    /// A reference to a host object ([`crate::Store::new_externref`]).
    ExternRef,
}

/// A function: a module's or the host's.
///
/// A small copy that is good for one store; using it with another one panics. Two handles can differ and stand for the same
/// function, when one of them was exported by a module that had imported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Func {
    pub(crate) store: StoreId,
    pub(crate) record: NonNull<FuncRecord>,
}

// SAFETY: a handle only names a record; the record is read with a borrow of the store that owns it, and only after the store's
// id has been compared.
unsafe impl Send for Func {}
// SAFETY: as above.
unsafe impl Sync for Func {}

/// A reference to an exception.
///
/// A small copy that is good for one store; using it with another one panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExnRef {
    pub(crate) store: StoreId,
    pub(crate) exception: NonNull<layout::Exception>,
}

// SAFETY: a handle only names an exception; it is read with a borrow of the store that owns it, and only after the store's id
// has been compared.
unsafe impl Send for ExnRef {}
// SAFETY: as above.
unsafe impl Sync for ExnRef {}

/// What an instance imports or exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
    /// A tag.
    Tag(Tag),
}

impl Extern {
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Extern::Func(_) => "function",
            Extern::Table(_) => "table",
            Extern::Memory(_) => "memory",
            Extern::Global(_) => "global",
            Extern::Tag(_) => "tag",
        }
    }
}

/// A WebAssembly value: `Value::from(1.5)`, `value.f64()`. Floats are kept as bits, so that every NaN stays what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// The bytes of a vector, in memory order.
    V128([u8; 16]),
    /// A reference to a function, or null.
    FuncRef(Option<Func>),
    /// A reference to a host object, or null.
    ExternRef(Option<ExternRef>),
    /// A reference to an exception, or null.
    ExnRef(Option<ExnRef>),
}

/// Makes a value of what Rust calls it.
macro_rules! conversions {
    ($($ty:ty: $kind:ident, |$value:ident| $convert:expr;)*) => {$(
        impl From<$ty> for Value {
            fn from($value: $ty) -> Value {
                Value::$kind($convert)
            }
        }
    )*};
}

conversions! {
    i32: I32, |value| value;
    u32: I32, |value| value.cast_signed();
    i64: I64, |value| value;
    u64: I64, |value| value.cast_signed();
    f32: F32, |value| value.to_bits();
    f64: F64, |value| value.to_bits();
    [u8; 16]: V128, |value| value;
    u128: V128, |value| value.to_le_bytes();
    Option<Func>: FuncRef, |value| value;
    Option<ExternRef>: ExternRef, |value| value;
    Option<ExnRef>: ExnRef, |value| value;
}

macro_rules! numbers {
    ($($(#[$meta:meta])* $ty:ident $kind:ident, $convert:expr;)*) => {$(
        $(#[$meta])*
        pub fn $ty(self) -> Option<$ty> {
            match self {
                Value::$kind(payload) => Some($convert(payload)),
                _ => None,
            }
        }
    )*};
}

impl Value {
    /// The value's type; of references the most general one.
    pub fn ty(self) -> ValType {
        match self {
            Value::I32(_) => ValType::I32,
            Value::I64(_) => ValType::I64,
            Value::F32(_) => ValType::F32,
            Value::F64(_) => ValType::F64,
            Value::V128(_) => ValType::V128,
            Value::FuncRef(_) => ValType::FUNCREF,
            Value::ExternRef(_) => ValType::EXTERNREF,
            Value::ExnRef(_) => ValType::EXNREF,
        }
    }

    /// Zero or null: the default value of a type; none for references that cannot be null.
    pub fn default_of(ty: ValType) -> Option<Value> {
        match ty {
            ValType::I32 => Some(Value::I32(0)),
            ValType::I64 => Some(Value::I64(0)),
            ValType::F32 => Some(Value::F32(0)),
            ValType::F64 => Some(Value::F64(0)),
            ValType::V128 => Some(Value::V128([0; 16])),
            ValType::Ref(ty) => ty.nullable.then(|| Value::null(ty)),
        }
    }

    numbers! {
        /// The 32-bit integer, if it is one.
        i32 I32, identity;
        /// The 64-bit integer, if it is one.
        i64 I64, identity;
        /// The 32-bit float, if it is one.
        f32 F32, f32::from_bits;
        /// The 64-bit float, if it is one.
        f64 F64, f64::from_bits;
    }

    /// The null reference of a type's hierarchy.
    pub fn null(ty: RefType) -> Value {
        match ty.hierarchy() {
            Hierarchy::Func => Value::FuncRef(None),
            Hierarchy::Extern => Value::ExternRef(None),
            Hierarchy::Exn => Value::ExnRef(None),
        }
    }
}

/// How a value crosses the boundary between host and guest: sixteen bytes, of which it uses the first few (see
/// [`abi::signature`]). The type is known from the function's type, not from the slot. References are converted by the store
/// ([`crate::Store::slot`], [`crate::Store::value`]).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Slot([u8; 16]);

macro_rules! slot_accessors {
    ($($ty:ident $set:ident),*) => {$(
        #[doc = concat!("Reads the slot as `", stringify!($ty), "`.")]
        pub fn $ty(&self) -> $ty {
            $ty::from_le_bytes(*self.0.first_chunk().expect("a number fits in a slot"))
        }

        #[doc = concat!("Sets the slot to an `", stringify!($ty), "`.")]
        pub fn $set(&mut self, value: $ty) {
            *self.0.first_chunk_mut().expect("a number fits in a slot") = value.to_le_bytes();
        }
    )*};
}

impl Slot {
    /// All bytes zero: zero or null of any type.
    pub const ZERO: Slot = Slot([0; 16]);

    slot_accessors!(i32 set_i32, u32 set_u32, i64 set_i64, u64 set_u64, f32 set_f32, f64 set_f64);

    /// Reads the slot as a vector: its bytes in memory order.
    pub fn v128(&self) -> [u8; 16] {
        self.0
    }

    /// Sets the slot to a vector.
    pub fn set_v128(&mut self, value: [u8; 16]) {
        self.0 = value;
    }

    /// A reference as native code sees it.
    pub(crate) fn word(&self) -> *mut u8 {
        std::ptr::with_exposed_provenance_mut(self.u64() as usize)
    }

    pub(crate) fn of_word(word: *mut u8) -> Slot {
        let mut slot = Slot::ZERO;
        slot.set_u64(word.expose_provenance() as u64);
        slot
    }
}

impl Default for Slot {
    fn default() -> Slot {
        Slot::ZERO
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({:#034x})", u128::from_le_bytes(self.0))
    }
}
