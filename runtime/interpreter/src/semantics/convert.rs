//! Conversions of floats to integers that can fail. Those that saturate are Rust's `as`.

use abi::trap::TrapCode;

macro_rules! truncations {
    ($($name:ident $float:ident $int:ident $low:literal $above:ident $high:literal;)*) => {$(
        #[doc = concat!("`", stringify!($float), "` to `", stringify!($int), "`, towards zero.")]
        ///
        /// # Errors
        /// If the value is NaN or out of range.
        #[inline(always)]
        pub fn $name(a: $float) -> Result<$int, TrapCode> {
            // Between the bounds lies what becomes an integer of the type; each bound is a number that the float type holds.
            if a.$above(&$low) && a < $high {
                Ok(a as $int)
            } else if a.is_nan() {
                Err(TrapCode::InvalidConversionToInteger)
            } else {
                Err(TrapCode::IntegerOverflow)
            }
        }
    )*};
}

// The float next below the least integer is another integer, but for `f64` and 32 bits, where fractions lie between.
truncations! {
    i32_from_f32 f32 i32 -2147483648.0 ge 2147483648.0;
    i32_from_f64 f64 i32 -2147483649.0 gt 2147483648.0;
    u32_from_f32 f32 u32 -1.0 gt 4294967296.0;
    u32_from_f64 f64 u32 -1.0 gt 4294967296.0;
    i64_from_f32 f32 i64 -9223372036854775808.0 ge 9223372036854775808.0;
    i64_from_f64 f64 i64 -9223372036854775808.0 ge 9223372036854775808.0;
    u64_from_f32 f32 u64 -1.0 gt 18446744073709551616.0;
    u64_from_f64 f64 u64 -1.0 gt 18446744073709551616.0;
}
