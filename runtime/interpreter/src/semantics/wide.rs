//! Integers of 128 bits as two halves, the low one first (the wide-arithmetic proposal).

/// The low and the high half of a number.
pub type Halves = [u64; 2];

fn number([low, high]: Halves) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

fn halves(number: u128) -> Halves {
    [number as u64, (number >> 64) as u64]
}

/// Sum, modulo 2^128.
#[inline(always)]
pub fn add(a: Halves, b: Halves) -> Halves {
    halves(number(a).wrapping_add(number(b)))
}

/// Difference, modulo 2^128.
#[inline(always)]
pub fn sub(a: Halves, b: Halves) -> Halves {
    halves(number(a).wrapping_sub(number(b)))
}

/// Product of signed numbers, which 128 bits always hold.
#[inline(always)]
pub fn mul_s(a: i64, b: i64) -> Halves {
    halves((i128::from(a) * i128::from(b)).cast_unsigned())
}

/// Product of unsigned numbers, which 128 bits always hold.
#[inline(always)]
pub fn mul_u(a: u64, b: u64) -> Halves {
    halves(u128::from(a) * u128::from(b))
}
