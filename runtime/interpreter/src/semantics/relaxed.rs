//! The operators on vectors whose results the specification leaves open in corner cases. The choices are those of native code
//! on every processor, which the compiler's documentation lists (module `ops::simd::relaxed` of `lower`).

use super::vector::{Vector, i8x16, i16x8, i32x4, u8x16};

/// The bytes of `a` that `indices` name modulo 16; zero for those that have their highest bit set.
pub fn swizzle(a: Vector, indices: Vector) -> Vector {
    indices.map(|index| if index < 0x80 { a[usize::from(index % 16)] } else { 0 })
}

macro_rules! truncations {
    ($($name:ident $float:ident;)*) => {$(
        /// The integer towards zero; the least one for NaN and for what is too large or too small.
        pub fn $name(a: $float) -> i32 {
            // The bound is a number that the type holds. What is too small saturates, at the least integer.
            if a < 2_147_483_648.0 { a as i32 } else { i32::MIN }
        }
    )*};
}

truncations! {
    i32_from_f32 f32;
    i32_from_f64 f64;
}

macro_rules! multiply_add {
    ($($float:ident;)*) => {$(
        #[doc = concat!("Operators on `", stringify!($float), "`.")]
        pub mod $float {
            use crate::semantics::float::$float::{add, mul, sub};

            /// `a * b + c`, rounded twice.
            #[inline(always)]
            pub fn madd(a: $float, b: $float, c: $float) -> $float {
                add(mul(a, b), c)
            }

            /// `c - a * b`, rounded twice.
            #[inline(always)]
            pub fn nmadd(a: $float, b: $float, c: $float) -> $float {
                sub(c, mul(a, b))
            }
        }
    )*};
}

multiply_add! {
    f32;
    f64;
}

/// The rounded product of fractions of 15 bits; -1 times -1 gives -1.
#[inline(always)]
pub fn q15mulr(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b) + 0x4000) >> 15) as i16
}

/// Products of neighbours, signed by unsigned, added and saturated.
pub fn dot(a: Vector, b: Vector) -> Vector {
    let (a, b) = (i8x16::lanes(a), u8x16::lanes(b));
    let product = |i: usize| i32::from(a[i]) * i32::from(b[i]);
    let saturated = |sum: i32| sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
    i16x8::vector(std::array::from_fn(|i| saturated(product(2 * i) + product(2 * i + 1))))
}

/// The same, with neighbours among the results added once more, to a third operand.
pub fn dot_add(a: Vector, b: Vector, c: Vector) -> Vector {
    let (dot, c) = (i16x8::lanes(dot(a, b)), i32x4::lanes(c));
    i32x4::vector(std::array::from_fn(|i| (i32::from(dot[2 * i]) + i32::from(dot[2 * i + 1])).wrapping_add(c[i])))
}
