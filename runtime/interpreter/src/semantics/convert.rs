//! Conversions of floats: to integers where that can fail, and to floats of another width, whose NaNs are those of x86-64's
//! instructions (see [`super::float`]). Those that saturate are Rust's `as`.

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

/// The nearest number of 32 bits. A NaN becomes quiet and keeps its sign and the upper bits of its payload.
#[inline(always)]
pub fn demote(a: f64) -> f32 {
    if a.is_nan() { demote_nan(a.to_bits()) } else { a as f32 }
}

#[cold]
fn demote_nan(bits: u64) -> f32 {
    let sign = (bits >> 32) as u32 & (1 << 31);
    f32::from_bits(sign | 0x7fc0_0000 | (bits >> 29) as u32 & 0x003f_ffff)
}

/// The same number in 64 bits. A NaN becomes quiet and keeps its sign and its payload, which becomes the upper bits.
#[inline(always)]
pub fn promote(a: f32) -> f64 {
    if a.is_nan() { promote_nan(a.to_bits().into()) } else { a.into() }
}

#[cold]
fn promote_nan(bits: u64) -> f64 {
    f64::from_bits((bits & 1 << 31) << 32 | 0x7ff8_0000_0000_0000 | (bits & 0x003f_ffff) << 29)
}
