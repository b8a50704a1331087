//! Integers: division, and shifts by any distance.

use abi::trap::TrapCode;

macro_rules! integers {
    ($($module:ident $signed:ident $unsigned:ident;)*) => {$(
        #[doc = concat!("Operators on `", stringify!($signed), "`.")]
        pub mod $module {
            use super::*;

            /// Quotient of signed integers.
            ///
            /// # Errors
            /// If the divisor is zero, or the quotient too large.
            #[inline(always)]
            pub fn div_s(a: $signed, b: $signed) -> Result<$signed, TrapCode> {
                match b {
                    0 => Err(TrapCode::IntegerDivideByZero),
                    _ => a.checked_div(b).ok_or(TrapCode::IntegerOverflow),
                }
            }

            /// Quotient of unsigned integers.
            ///
            /// # Errors
            /// If the divisor is zero.
            #[inline(always)]
            pub fn div_u(a: $signed, b: $signed) -> Result<$signed, TrapCode> {
                let quotient = a.cast_unsigned().checked_div(b.cast_unsigned());
                quotient.map($unsigned::cast_signed).ok_or(TrapCode::IntegerDivideByZero)
            }

            /// Remainder of signed integers, with the sign of the dividend.
            ///
            /// # Errors
            /// If the divisor is zero.
            #[inline(always)]
            pub fn rem_s(a: $signed, b: $signed) -> Result<$signed, TrapCode> {
                match b {
                    0 => Err(TrapCode::IntegerDivideByZero),
                    _ => Ok(a.wrapping_rem(b)),
                }
            }

            /// Remainder of unsigned integers.
            ///
            /// # Errors
            /// If the divisor is zero.
            #[inline(always)]
            pub fn rem_u(a: $signed, b: $signed) -> Result<$signed, TrapCode> {
                let remainder = a.cast_unsigned().checked_rem(b.cast_unsigned());
                remainder.map($unsigned::cast_signed).ok_or(TrapCode::IntegerDivideByZero)
            }

            /// Shift to the left; distances count modulo the width.
            #[inline(always)]
            pub fn shl(a: $signed, b: $signed) -> $signed {
                a.wrapping_shl(b as u32)
            }

            /// Shift to the right that keeps the sign.
            #[inline(always)]
            pub fn shr_s(a: $signed, b: $signed) -> $signed {
                a.wrapping_shr(b as u32)
            }

            /// Shift to the right that brings in zeros.
            #[inline(always)]
            pub fn shr_u(a: $signed, b: $signed) -> $signed {
                a.cast_unsigned().wrapping_shr(b as u32).cast_signed()
            }

            /// Rotation to the left.
            #[inline(always)]
            pub fn rotl(a: $signed, b: $signed) -> $signed {
                a.rotate_left(b as u32 % $signed::BITS)
            }

            /// Rotation to the right.
            #[inline(always)]
            pub fn rotr(a: $signed, b: $signed) -> $signed {
                a.rotate_right(b as u32 % $signed::BITS)
            }

            /// Less than, as unsigned integers.
            #[inline(always)]
            pub fn lt_u(a: &$signed, b: &$signed) -> bool {
                a.cast_unsigned() < b.cast_unsigned()
            }

            /// At most, as unsigned integers.
            #[inline(always)]
            pub fn le_u(a: &$signed, b: &$signed) -> bool {
                a.cast_unsigned() <= b.cast_unsigned()
            }

            /// Greater than, as unsigned integers.
            #[inline(always)]
            pub fn gt_u(a: &$signed, b: &$signed) -> bool {
                a.cast_unsigned() > b.cast_unsigned()
            }

            /// At least, as unsigned integers.
            #[inline(always)]
            pub fn ge_u(a: &$signed, b: &$signed) -> bool {
                a.cast_unsigned() >= b.cast_unsigned()
            }
        }
    )*};
}

integers! {
    i32 i32 u32;
    i64 i64 u64;
}
