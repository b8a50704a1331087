//! Integers, floats, comparisons, casts.

use llvm_sys::core::*;
use llvm_sys::{LLVMIntPredicate, LLVMRealPredicate};

use super::{Builder, UNNAMED};
use crate::types::Type;
use crate::value::Value;

/// How integers (or pointers) compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntPredicate {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater, unsigned.
    Ugt,
    /// Greater or equal, unsigned.
    Uge,
    /// Less, unsigned.
    Ult,
    /// Less or equal, unsigned.
    Ule,
    /// Greater, signed.
    Sgt,
    /// Greater or equal, signed.
    Sge,
    /// Less, signed.
    Slt,
    /// Less or equal, signed.
    Sle,
}

/// How floats compare. `O…` is false when an operand is NaN, `U…` is true then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatPredicate {
    /// Equal, no NaN. The meaning of wasm's `eq`.
    Oeq,
    /// Greater, no NaN. The meaning of wasm's `gt`.
    Ogt,
    /// Greater or equal, no NaN. The meaning of wasm's `ge`.
    Oge,
    /// Less, no NaN. The meaning of wasm's `lt`.
    Olt,
    /// Less or equal, no NaN. The meaning of wasm's `le`.
    Ole,
    /// Different, no NaN.
    One,
    /// No NaN.
    Ord,
    /// A NaN.
    Uno,
    /// Equal or NaN.
    Ueq,
    /// Greater or NaN.
    Ugt,
    /// Greater, equal or NaN.
    Uge,
    /// Less or NaN.
    Ult,
    /// Less, equal or NaN.
    Ule,
    /// Different or NaN. The meaning of wasm's `ne`.
    Une,
}

impl IntPredicate {
    fn raw(self) -> LLVMIntPredicate {
        match self {
            Self::Eq => LLVMIntPredicate::LLVMIntEQ,
            Self::Ne => LLVMIntPredicate::LLVMIntNE,
            Self::Ugt => LLVMIntPredicate::LLVMIntUGT,
            Self::Uge => LLVMIntPredicate::LLVMIntUGE,
            Self::Ult => LLVMIntPredicate::LLVMIntULT,
            Self::Ule => LLVMIntPredicate::LLVMIntULE,
            Self::Sgt => LLVMIntPredicate::LLVMIntSGT,
            Self::Sge => LLVMIntPredicate::LLVMIntSGE,
            Self::Slt => LLVMIntPredicate::LLVMIntSLT,
            Self::Sle => LLVMIntPredicate::LLVMIntSLE,
        }
    }
}

impl IntPredicate {
    pub(crate) fn from_raw(raw: LLVMIntPredicate) -> Self {
        match raw {
            LLVMIntPredicate::LLVMIntEQ => Self::Eq,
            LLVMIntPredicate::LLVMIntNE => Self::Ne,
            LLVMIntPredicate::LLVMIntUGT => Self::Ugt,
            LLVMIntPredicate::LLVMIntUGE => Self::Uge,
            LLVMIntPredicate::LLVMIntULT => Self::Ult,
            LLVMIntPredicate::LLVMIntULE => Self::Ule,
            LLVMIntPredicate::LLVMIntSGT => Self::Sgt,
            LLVMIntPredicate::LLVMIntSGE => Self::Sge,
            LLVMIntPredicate::LLVMIntSLT => Self::Slt,
            LLVMIntPredicate::LLVMIntSLE => Self::Sle,
        }
    }

    /// What holds just where this does not.
    pub fn inverse(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Ugt => Self::Ule,
            Self::Uge => Self::Ult,
            Self::Ult => Self::Uge,
            Self::Ule => Self::Ugt,
            Self::Sgt => Self::Sle,
            Self::Sge => Self::Slt,
            Self::Slt => Self::Sge,
            Self::Sle => Self::Sgt,
        }
    }

    /// What holds of `b` and `a` just where this does of `a` and `b`.
    pub fn swapped(self) -> Self {
        match self {
            Self::Eq => Self::Eq,
            Self::Ne => Self::Ne,
            Self::Ugt => Self::Ult,
            Self::Uge => Self::Ule,
            Self::Ult => Self::Ugt,
            Self::Ule => Self::Uge,
            Self::Sgt => Self::Slt,
            Self::Sge => Self::Sle,
            Self::Slt => Self::Sgt,
            Self::Sle => Self::Sge,
        }
    }
}

impl FloatPredicate {
    /// None for a comparison that is always true or always false.
    pub(crate) fn from_raw(raw: LLVMRealPredicate) -> Option<Self> {
        Some(match raw {
            LLVMRealPredicate::LLVMRealOEQ => Self::Oeq,
            LLVMRealPredicate::LLVMRealOGT => Self::Ogt,
            LLVMRealPredicate::LLVMRealOGE => Self::Oge,
            LLVMRealPredicate::LLVMRealOLT => Self::Olt,
            LLVMRealPredicate::LLVMRealOLE => Self::Ole,
            LLVMRealPredicate::LLVMRealONE => Self::One,
            LLVMRealPredicate::LLVMRealORD => Self::Ord,
            LLVMRealPredicate::LLVMRealUNO => Self::Uno,
            LLVMRealPredicate::LLVMRealUEQ => Self::Ueq,
            LLVMRealPredicate::LLVMRealUGT => Self::Ugt,
            LLVMRealPredicate::LLVMRealUGE => Self::Uge,
            LLVMRealPredicate::LLVMRealULT => Self::Ult,
            LLVMRealPredicate::LLVMRealULE => Self::Ule,
            LLVMRealPredicate::LLVMRealUNE => Self::Une,
            LLVMRealPredicate::LLVMRealPredicateTrue | LLVMRealPredicate::LLVMRealPredicateFalse => return None,
        })
    }

    fn raw(self) -> LLVMRealPredicate {
        match self {
            Self::Oeq => LLVMRealPredicate::LLVMRealOEQ,
            Self::Ogt => LLVMRealPredicate::LLVMRealOGT,
            Self::Oge => LLVMRealPredicate::LLVMRealOGE,
            Self::Olt => LLVMRealPredicate::LLVMRealOLT,
            Self::Ole => LLVMRealPredicate::LLVMRealOLE,
            Self::One => LLVMRealPredicate::LLVMRealONE,
            Self::Ord => LLVMRealPredicate::LLVMRealORD,
            Self::Uno => LLVMRealPredicate::LLVMRealUNO,
            Self::Ueq => LLVMRealPredicate::LLVMRealUEQ,
            Self::Ugt => LLVMRealPredicate::LLVMRealUGT,
            Self::Uge => LLVMRealPredicate::LLVMRealUGE,
            Self::Ult => LLVMRealPredicate::LLVMRealULT,
            Self::Ule => LLVMRealPredicate::LLVMRealULE,
            Self::Une => LLVMRealPredicate::LLVMRealUNE,
        }
    }
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $ffi:ident;)*) => {
        impl<'c> Builder<'c> {
            $(
                $(#[$doc])*
                pub fn $name(&self, lhs: Value<'c>, rhs: Value<'c>) -> Value<'c> {
                    debug_assert_eq!(lhs.ty(), rhs.ty(), "operands of {}", stringify!($name));
                    // SAFETY: builder and operands are alive, and the operands of one type (the caller's promise,
                    // checked above in builds with debug assertions).
                    unsafe { Value::from_raw($ffi(self.raw(), lhs.raw(), rhs.raw(), UNNAMED)) }
                }
            )*
        }
    };
}

binary! {
    /// `lhs + rhs`, wrapping.
    add => LLVMBuildAdd;
    /// `lhs - rhs`, wrapping.
    sub => LLVMBuildSub;
    /// `lhs * rhs`, wrapping.
    mul => LLVMBuildMul;
    /// `lhs / rhs`, unsigned. Undefined for a zero divisor: check first.
    udiv => LLVMBuildUDiv;
    /// `lhs / rhs`, signed, towards zero. Undefined for a zero divisor and for the smallest value by -1: check first.
    sdiv => LLVMBuildSDiv;
    /// `lhs % rhs`, unsigned. Undefined for a zero divisor: check first.
    urem => LLVMBuildURem;
    /// `lhs % rhs`, signed, with the sign of `lhs`. Undefined for a zero divisor and for the smallest value by -1
    /// (where wasm says 0): check first.
    srem => LLVMBuildSRem;
    /// `lhs << rhs`. Poison if `rhs` is not less than the width (wasm takes it modulo the width): mask first.
    shl => LLVMBuildShl;
    /// `lhs >> rhs`, filling with zeros. Poison if `rhs` is not less than the width: mask first.
    lshr => LLVMBuildLShr;
    /// `lhs >> rhs`, filling with the sign. Poison if `rhs` is not less than the width: mask first.
    ashr => LLVMBuildAShr;
    /// Bitwise and.
    and => LLVMBuildAnd;
    /// Bitwise or.
    or => LLVMBuildOr;
    /// Bitwise exclusive or.
    xor => LLVMBuildXor;
    /// Float addition.
    fadd => LLVMBuildFAdd;
    /// Float subtraction.
    fsub => LLVMBuildFSub;
    /// Float multiplication.
    fmul => LLVMBuildFMul;
    /// Float division.
    fdiv => LLVMBuildFDiv;
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident => $ffi:ident;)*) => {
        impl<'c> Builder<'c> {
            $(
                $(#[$doc])*
                pub fn $name(&self, value: Value<'c>) -> Value<'c> {
                    // SAFETY: builder and operand are alive.
                    unsafe { Value::from_raw($ffi(self.raw(), value.raw(), UNNAMED)) }
                }
            )*
        }
    };
}

unary! {
    /// `0 - value`, wrapping.
    neg => LLVMBuildNeg;
    /// All bits flipped.
    not => LLVMBuildNot;
    /// The sign bit flipped, also of a NaN.
    fneg => LLVMBuildFNeg;
    /// `value`, or some fixed value of its type if it is poison.
    freeze => LLVMBuildFreeze;
}

macro_rules! casts {
    ($($(#[$doc:meta])* $name:ident => $ffi:ident;)*) => {
        impl<'c> Builder<'c> {
            $(
                $(#[$doc])*
                pub fn $name(&self, value: Value<'c>, to: Type<'c>) -> Value<'c> {
                    // SAFETY: builder, operand and type are alive, and the cast fits their types (the caller's promise).
                    unsafe { Value::from_raw($ffi(self.raw(), value.raw(), to.raw(), UNNAMED)) }
                }
            )*
        }
    };
}

casts! {
    /// The low bits.
    trunc => LLVMBuildTrunc;
    /// Widened with zeros.
    zext => LLVMBuildZExt;
    /// Widened with the sign.
    sext => LLVMBuildSExt;
    /// Float to signed integer, towards zero. Poison out of range: check first, or use `llvm.fptosi.sat`.
    fptosi => LLVMBuildFPToSI;
    /// Float to unsigned integer, towards zero. Poison out of range: check first, or use `llvm.fptoui.sat`.
    fptoui => LLVMBuildFPToUI;
    /// Signed integer to float, rounded to nearest even.
    sitofp => LLVMBuildSIToFP;
    /// Unsigned integer to float, rounded to nearest even.
    uitofp => LLVMBuildUIToFP;
    /// To a wider float. LLVM may cancel it against [`Builder::fptrunc`], which leaves a signalling NaN signalling.
    fpext => LLVMBuildFPExt;
    /// To a narrower float, rounded to nearest even.
    fptrunc => LLVMBuildFPTrunc;
    /// The same bits as another type of the same size (not between integers and pointers).
    bitcast => LLVMBuildBitCast;
    /// The address as an integer.
    ptrtoint => LLVMBuildPtrToInt;
    /// The integer as an address.
    inttoptr => LLVMBuildIntToPtr;
}

impl<'c> Builder<'c> {
    /// Compares integers, pointers, or vectors of them lane by lane. Gives `i1`s.
    pub fn icmp(&self, predicate: IntPredicate, lhs: Value<'c>, rhs: Value<'c>) -> Value<'c> {
        debug_assert_eq!(lhs.ty(), rhs.ty(), "operands of icmp");
        // SAFETY: builder and operands are alive, and the operands of one type.
        unsafe { Value::from_raw(LLVMBuildICmp(self.raw(), predicate.raw(), lhs.raw(), rhs.raw(), UNNAMED)) }
    }

    /// Compares floats, or vectors of them lane by lane. Gives `i1`s.
    pub fn fcmp(&self, predicate: FloatPredicate, lhs: Value<'c>, rhs: Value<'c>) -> Value<'c> {
        debug_assert_eq!(lhs.ty(), rhs.ty(), "operands of fcmp");
        // SAFETY: builder and operands are alive, and the operands of one type.
        unsafe { Value::from_raw(LLVMBuildFCmp(self.raw(), predicate.raw(), lhs.raw(), rhs.raw(), UNNAMED)) }
    }

    /// `then` if `condition` (an `i1`, or a vector of them), else `otherwise`. Both are computed.
    pub fn select(&self, condition: Value<'c>, then: Value<'c>, otherwise: Value<'c>) -> Value<'c> {
        debug_assert_eq!(then.ty(), otherwise.ty(), "operands of select");
        // SAFETY: builder and operands are alive, and both choices of one type.
        unsafe { Value::from_raw(LLVMBuildSelect(self.raw(), condition.raw(), then.raw(), otherwise.raw(), UNNAMED)) }
    }
}
