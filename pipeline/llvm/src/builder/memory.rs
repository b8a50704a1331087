//! Memory: loads, stores, addresses, atomics.

use std::ffi::c_uint;
use std::ops::BitOr;

use llvm_sys::core::*;
use llvm_sys::{LLVMAtomicOrdering, LLVMAtomicRMWBinOp, LLVMGEPFlagInBounds, LLVMGEPFlagNUSW, LLVMGEPFlagNUW};

use super::{Builder, UNNAMED};
use crate::types::Type;
use crate::value::Value;

/// What other threads may see of an atomic access. Wasm's atomics are all [`AtomicOrdering::SeqCst`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicOrdering {
    /// A plain access.
    NotAtomic,
    /// Never torn, no more.
    Unordered,
    /// All accesses to one location in one order.
    Monotonic,
    /// What was released before is visible after.
    Acquire,
    /// What happened before is visible to who acquires.
    Release,
    /// Both.
    AcqRel,
    /// One order of all such accesses.
    SeqCst,
}

impl AtomicOrdering {
    pub(crate) fn raw(self) -> LLVMAtomicOrdering {
        match self {
            Self::NotAtomic => LLVMAtomicOrdering::LLVMAtomicOrderingNotAtomic,
            Self::Unordered => LLVMAtomicOrdering::LLVMAtomicOrderingUnordered,
            Self::Monotonic => LLVMAtomicOrdering::LLVMAtomicOrderingMonotonic,
            Self::Acquire => LLVMAtomicOrdering::LLVMAtomicOrderingAcquire,
            Self::Release => LLVMAtomicOrdering::LLVMAtomicOrderingRelease,
            Self::AcqRel => LLVMAtomicOrdering::LLVMAtomicOrderingAcquireRelease,
            Self::SeqCst => LLVMAtomicOrdering::LLVMAtomicOrderingSequentiallyConsistent,
        }
    }
}

/// What an atomic read-modify-write computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomicRmwOp {
    /// The new value.
    Xchg,
    /// The sum.
    Add,
    /// The difference.
    Sub,
    /// Bitwise and.
    And,
    /// Bitwise or.
    Or,
    /// Bitwise exclusive or.
    Xor,
}

impl AtomicRmwOp {
    fn raw(self) -> LLVMAtomicRMWBinOp {
        match self {
            Self::Xchg => LLVMAtomicRMWBinOp::LLVMAtomicRMWBinOpXchg,
            Self::Add => LLVMAtomicRMWBinOp::LLVMAtomicRMWBinOpAdd,
            Self::Sub => LLVMAtomicRMWBinOp::LLVMAtomicRMWBinOpSub,
            Self::And => LLVMAtomicRMWBinOp::LLVMAtomicRMWBinOpAnd,
            Self::Or => LLVMAtomicRMWBinOp::LLVMAtomicRMWBinOpOr,
            Self::Xor => LLVMAtomicRMWBinOp::LLVMAtomicRMWBinOpXor,
        }
    }
}

/// What is promised of an address computation; combine with `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GepFlags(c_uint);

impl GepFlags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The result is within, or one past, the object that the base points into. Implies [`GepFlags::NUSW`].
    pub const IN_BOUNDS: Self = Self(LLVMGEPFlagInBounds);
    /// A signed offset does not wrap around an unsigned address.
    pub const NUSW: Self = Self(LLVMGEPFlagNUSW);
    /// An unsigned offset does not wrap around an unsigned address.
    pub const NUW: Self = Self(LLVMGEPFlagNUW);
}

impl BitOr for GepFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl<'c> Builder<'c> {
    /// Loads a `ty`, with the alignment the data layout gives it: set it where less is known.
    pub fn load(&self, ty: Type<'c>, address: Value<'c>) -> Value<'c> {
        debug_assert!(address.ty().is_pointer(), "load from {address:?}");
        // SAFETY: builder, type and address are alive, and the builder has a position.
        unsafe { Value::from_raw(LLVMBuildLoad2(self.positioned(), ty.raw(), address.raw(), UNNAMED)) }
    }

    /// Stores `value`, with the alignment the data layout gives its type: set it where less is known.
    pub fn store(&self, value: Value<'c>, address: Value<'c>) -> Value<'c> {
        debug_assert!(address.ty().is_pointer(), "store to {address:?}");
        // SAFETY: builder and operands are alive, and the builder has a position.
        unsafe { Value::from_raw(LLVMBuildStore(self.positioned(), value.raw(), address.raw())) }
    }

    /// The address `offset` bytes (a signed integer of any width) after `base`.
    pub fn ptr_add(&self, base: Value<'c>, offset: Value<'c>) -> Value<'c> {
        self.ptr_add_with(base, offset, GepFlags::NONE)
    }

    /// [`Builder::ptr_add`] with promises.
    pub fn ptr_add_with(&self, base: Value<'c>, offset: Value<'c>, flags: GepFlags) -> Value<'c> {
        self.gep(self.context().i8(), base, &[offset], flags)
    }

    /// The address of an element: `indices[0]` counts in `ty`s, each further one goes one level down.
    pub fn gep(&self, ty: Type<'c>, base: Value<'c>, indices: &[Value<'c>], flags: GepFlags) -> Value<'c> {
        debug_assert!(base.ty().is_pointer(), "address from {base:?}");
        debug_assert!(indices.iter().all(|index| index.ty().is_int()));
        // SAFETY: builder, type and operands are alive; `Value` is transparent over its reference, and LLVM does not
        // write to the slice.
        unsafe {
            Value::from_raw(LLVMBuildGEPWithNoWrapFlags(
                self.raw(),
                ty.raw(),
                base.raw(),
                indices.as_ptr().cast_mut().cast(),
                indices.len() as u32,
                UNNAMED,
                flags.0,
            ))
        }
    }

    /// Space for a `ty` in the frame. Anywhere but in the entry block it grows the stack each time it is reached.
    pub fn alloca(&self, ty: Type<'c>) -> Value<'c> {
        // SAFETY: builder and type are alive, and the builder has a position.
        unsafe { Value::from_raw(LLVMBuildAlloca(self.positioned(), ty.raw(), UNNAMED)) }
    }

    /// Space for `count` (an integer) `ty`s in the frame.
    pub fn alloca_array(&self, ty: Type<'c>, count: Value<'c>) -> Value<'c> {
        debug_assert!(count.ty().is_int(), "alloca of {count:?} elements");
        // SAFETY: builder and operands are alive, and the builder has a position.
        unsafe { Value::from_raw(LLVMBuildArrayAlloca(self.positioned(), ty.raw(), count.raw(), UNNAMED)) }
    }

    /// Stores `new` if the location holds `expected`. Gives `{ old value, i1 whether stored }`.
    pub fn cmpxchg(
        &self,
        address: Value<'c>,
        expected: Value<'c>,
        new: Value<'c>,
        success: AtomicOrdering,
        failure: AtomicOrdering,
    ) -> Value<'c> {
        debug_assert_eq!(expected.ty(), new.ty(), "operands of cmpxchg");
        // SAFETY: builder and operands are alive, and the builder has a position; 0 says all threads.
        unsafe {
            Value::from_raw(LLVMBuildAtomicCmpXchg(
                self.positioned(),
                address.raw(),
                expected.raw(),
                new.raw(),
                success.raw(),
                failure.raw(),
                0,
            ))
        }
    }

    /// Changes a location in one step. Gives the old value.
    pub fn atomicrmw(
        &self,
        op: AtomicRmwOp,
        address: Value<'c>,
        value: Value<'c>,
        ordering: AtomicOrdering,
    ) -> Value<'c> {
        debug_assert!(address.ty().is_pointer(), "atomicrmw of {address:?}");
        // SAFETY: builder and operands are alive, and the builder has a position; 0 says all threads.
        unsafe {
            Value::from_raw(LLVMBuildAtomicRMW(
                self.positioned(),
                op.raw(),
                address.raw(),
                value.raw(),
                ordering.raw(),
                0,
            ))
        }
    }

    /// Orders accesses around it.
    pub fn fence(&self, ordering: AtomicOrdering) -> Value<'c> {
        // SAFETY: the builder is alive; 0 says all threads.
        unsafe { Value::from_raw(LLVMBuildFence(self.raw(), ordering.raw(), 0, UNNAMED)) }
    }
}
