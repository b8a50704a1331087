//! Types of Rust that stand for types of WebAssembly.

use crate::store::Store;
use crate::value::{ExnRef, ExternRef, Func, Slot, Value};
use abi::types::ValType;

/// A type of Rust that stands for a type of WebAssembly: `i32`, `u32`, `i64`, `u64`, `f32`, `f64`, `u128` or `[u8; 16]` for
/// vectors, and `Option` of [`Func`], [`ExternRef`] or [`ExnRef`] for references.
pub trait WasmTy: Typed {}

impl<T: Typed> WasmTy for T {}

/// What types of values can do. Out of reach for other crates, so that there are no others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` stands for no type of WebAssembly",
    note = "numbers are i32, u32, i64, u64, f32, f64; vectors u128, [u8; 16]; references Option<Func>, Option<ExternRef>, Option<ExnRef>"
)]
pub trait Typed: Sized {
    /// The type of WebAssembly.
    const TYPE: ValType;

    /// Puts a value into a slot.
    ///
    /// # Panics
    /// If it is a reference of another store.
    fn lower(self, store: &Store, slot: &mut Slot);

    /// Takes a value out of a slot.
    ///
    /// # Panics
    /// If it is to be a reference and the slot holds none of this store.
    fn lift(store: &Store, slot: &Slot) -> Self;
}

macro_rules! numbers {
    ($($ty:ident $wasm:ident $set:ident;)*) => {$(
        impl Typed for $ty {
            const TYPE: ValType = ValType::$wasm;

            fn lower(self, _: &Store, slot: &mut Slot) {
                slot.$set(self);
            }

            fn lift(_: &Store, slot: &Slot) -> $ty {
                slot.$ty()
            }
        }
    )*};
}

numbers! {
    i32 I32 set_i32;
    u32 I32 set_u32;
    i64 I64 set_i64;
    u64 I64 set_u64;
    f32 F32 set_f32;
    f64 F64 set_f64;
}

impl Typed for [u8; 16] {
    const TYPE: ValType = ValType::V128;

    fn lower(self, _: &Store, slot: &mut Slot) {
        slot.set_v128(self);
    }

    fn lift(_: &Store, slot: &Slot) -> [u8; 16] {
        slot.v128()
    }
}

impl Typed for u128 {
    const TYPE: ValType = ValType::V128;

    fn lower(self, _: &Store, slot: &mut Slot) {
        slot.set_v128(self.to_le_bytes());
    }

    fn lift(_: &Store, slot: &Slot) -> u128 {
        u128::from_le_bytes(slot.v128())
    }
}

macro_rules! references {
    ($($handle:ident $wasm:ident $value:ident;)*) => {$(
        impl Typed for Option<$handle> {
            const TYPE: ValType = ValType::$wasm;

            fn lower(self, store: &Store, slot: &mut Slot) {
                *slot = store.slot(Value::$value(self));
            }

            fn lift(store: &Store, slot: &Slot) -> Option<$handle> {
                match store.value(Self::TYPE, slot) {
                    Value::$value(reference) => reference,
                    other => unreachable!("a slot read as {} gives {other:?}", Self::TYPE),
                }
            }
        }
    )*};
}

references! {
    Func FUNCREF FuncRef;
    ExternRef EXTERNREF ExternRef;
    ExnRef EXNREF ExnRef;
}
