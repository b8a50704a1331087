//! Constants. They belong to the context, are unique in it, and need no builder.

use llvm_sys::core::*;

use crate::context::Context;
use crate::types::{Type, TypeKind};
use crate::value::Value;

impl<'c> Type<'c> {
    /// The integer constant `value`, cut to this type's width; wider types are filled with zeros.
    pub fn const_int(self, value: u64) -> Value<'c> {
        let TypeKind::Int(bits) = self.kind() else {
            panic!("an integer constant of type {self}");
        };
        // LLVM does not cut by itself unless built with a flag for it.
        let value = if bits < 64 { value & ((1 << bits) - 1) } else { value };
        // SAFETY: the type is an integer, alive with the context.
        unsafe { Value::from_raw(LLVMConstInt(self.raw(), value, 0)) }
    }

    /// The integer constant `value`, cut to this type's width (at most 128 bits).
    pub fn const_wide(self, value: u128) -> Value<'c> {
        let TypeKind::Int(bits @ 1..=128) = self.kind() else {
            panic!("a constant of up to 128 bits of type {self}");
        };
        let value = if bits < 128 { value & ((1 << bits) - 1) } else { value };
        let words = [value as u64, (value >> 64) as u64];
        // SAFETY: the type is an integer; LLVM copies as many words as it is told.
        unsafe { Value::from_raw(LLVMConstIntOfArbitraryPrecision(self.raw(), bits.div_ceil(64), words.as_ptr())) }
    }

    /// The float constant with exactly these bits (the low 32 for `f32`). A signalling NaN stays one.
    pub fn const_float_bits(self, bits: u64) -> Value<'c> {
        let bits = match self.kind() {
            TypeKind::F32 => bits & u64::from(u32::MAX),
            TypeKind::F64 => bits,
            _ => panic!("a float constant of type {self}"),
        };
        // SAFETY: the type is f32 or f64, for which LLVM reads one word.
        unsafe { Value::from_raw(LLVMConstFPFromBits(self.raw(), &bits)) }
    }

    /// Zero, null, or the aggregate of zeros.
    pub fn null(self) -> Value<'c> {
        debug_assert!(!matches!(
            self.kind(),
            TypeKind::Void | TypeKind::Function | TypeKind::Label | TypeKind::Metadata
        ));
        // SAFETY: the type is alive.
        unsafe { Value::from_raw(LLVMConstNull(self.raw())) }
    }

    /// All bits one: an integer, or a vector of integers.
    pub fn all_ones(self) -> Value<'c> {
        debug_assert!(self.is_int() || self.is_vector());
        // SAFETY: the type is alive.
        unsafe { Value::from_raw(LLVMConstAllOnes(self.raw())) }
    }

    /// A value that must not matter; using it in a decision is undefined behaviour.
    pub fn poison(self) -> Value<'c> {
        // SAFETY: the type is alive.
        unsafe { Value::from_raw(LLVMGetPoison(self.raw())) }
    }

    /// Any value, possibly another one at each use.
    pub fn undef(self) -> Value<'c> {
        // SAFETY: the type is alive.
        unsafe { Value::from_raw(LLVMGetUndef(self.raw())) }
    }
}

impl Context {
    /// An `i1`.
    pub fn const_bool(&self, value: bool) -> Value<'_> {
        self.i1().const_int(value.into())
    }

    /// An `i8`.
    pub fn const_i8(&self, value: u8) -> Value<'_> {
        self.i8().const_int(value.into())
    }

    /// An `i16`.
    pub fn const_i16(&self, value: u16) -> Value<'_> {
        self.i16().const_int(value.into())
    }

    /// An `i32`.
    pub fn const_i32(&self, value: i32) -> Value<'_> {
        self.i32().const_int(value as u32 as u64)
    }

    /// An `i64`.
    pub fn const_i64(&self, value: i64) -> Value<'_> {
        self.i64().const_int(value as u64)
    }

    /// An `i128`.
    pub fn const_i128(&self, value: u128) -> Value<'_> {
        self.i128().const_wide(value)
    }

    /// An `f32` with exactly these bits.
    pub fn const_f32_bits(&self, bits: u32) -> Value<'_> {
        self.f32().const_float_bits(bits.into())
    }

    /// An `f64` with exactly these bits.
    pub fn const_f64_bits(&self, bits: u64) -> Value<'_> {
        self.f64().const_float_bits(bits)
    }

    /// `[N x i8]` with these bytes, no terminator added.
    pub fn const_bytes(&self, bytes: &[u8]) -> Value<'_> {
        // SAFETY: LLVM copies the bytes; the last argument says not to append a NUL.
        unsafe { Value::from_raw(LLVMConstStringInContext2(self.raw(), bytes.as_ptr().cast(), bytes.len(), 1)) }
    }

    /// An array of constants, all of type `element`.
    pub fn const_array<'c>(&'c self, element: Type<'c>, values: &[Value<'c>]) -> Value<'c> {
        debug_assert!(values.iter().all(|v| v.is_constant() && v.ty() == element));
        // SAFETY: `Value` is transparent over its reference; LLVM copies the slice and does not write to it.
        unsafe {
            Value::from_raw(LLVMConstArray2(element.raw(), values.as_ptr().cast_mut().cast(), values.len() as u64))
        }
    }

    /// A literal structure of constants.
    pub fn const_struct<'c>(&'c self, values: &[Value<'c>], packed: bool) -> Value<'c> {
        debug_assert!(values.iter().all(|v| v.is_constant()));
        // SAFETY: `Value` is transparent over its reference; LLVM copies the slice and does not write to it.
        unsafe {
            Value::from_raw(LLVMConstStructInContext(
                self.raw(),
                values.as_ptr().cast_mut().cast(),
                values.len() as u32,
                packed.into(),
            ))
        }
    }

    /// A vector of constants, all of one type; at least one.
    pub fn const_vector<'c>(&'c self, lanes: &[Value<'c>]) -> Value<'c> {
        assert!(!lanes.is_empty(), "a vector has at least one lane");
        debug_assert!(lanes.iter().all(|v| v.is_constant() && v.ty() == lanes[0].ty()));
        // SAFETY: `Value` is transparent over its reference; LLVM copies the slice and does not write to it.
        unsafe { Value::from_raw(LLVMConstVector(lanes.as_ptr().cast_mut().cast(), lanes.len() as u32)) }
    }

    /// The address `offset` bytes after `base`, as a constant (`base` is a global).
    pub fn const_ptr_add<'c>(&'c self, base: Value<'c>, offset: i64) -> Value<'c> {
        debug_assert!(base.is_constant() && base.ty().is_pointer());
        let mut index = self.const_i64(offset).raw();
        // SAFETY: `base` is a constant pointer, and LLVM reads one index.
        unsafe { Value::from_raw(LLVMConstGEP2(self.i8().raw(), base.raw(), &mut index, 1)) }
    }
}
