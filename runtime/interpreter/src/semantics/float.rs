//! Floats: where WebAssembly says more than Rust about zeros and NaNs.
//!
//! Which NaN an operator gives is open in Rust, in LLVM and, within bounds, in the specification. Here it is what x86-64's
//! instructions do, so that nothing depends on how this crate is compiled: the first operand that is a NaN, made quiet; without
//! one, where a number does not exist, the quiet NaN with its sign set and no other bit of the payload.

macro_rules! floats {
    ($($float:ident $bits:ident $fraction:literal;)*) => {$(
        #[doc = concat!("Operators on `", stringify!($float), "`.")]
        pub mod $float {
            /// What makes a NaN quiet.
            const QUIET: $bits = 1 << ($fraction - 1);

            /// What comes of numbers if there is no number.
            const NAN: $float = $float::from_bits($bits::MAX << ($fraction - 1));

            /// The NaN that comes of operands.
            #[cold]
            #[inline(never)]
            fn nan(a: $float, b: $float) -> $float {
                match (a.is_nan(), b.is_nan()) {
                    (true, _) => $float::from_bits(a.to_bits() | QUIET),
                    (false, true) => $float::from_bits(b.to_bits() | QUIET),
                    (false, false) => NAN,
                }
            }

            /// A result of arithmetic, with the NaN that it must be if it is one.
            #[inline(always)]
            fn settled(result: $float, a: $float, b: $float) -> $float {
                if result.is_nan() { nan(a, b) } else { result }
            }

            /// Sum.
            #[inline(always)]
            pub fn add(a: $float, b: $float) -> $float {
                settled(a + b, a, b)
            }

            /// Difference.
            #[inline(always)]
            pub fn sub(a: $float, b: $float) -> $float {
                settled(a - b, a, b)
            }

            /// Product.
            #[inline(always)]
            pub fn mul(a: $float, b: $float) -> $float {
                settled(a * b, a, b)
            }

            /// Quotient.
            #[inline(always)]
            pub fn div(a: $float, b: $float) -> $float {
                settled(a / b, a, b)
            }

            /// Square root.
            #[inline(always)]
            pub fn sqrt(a: $float) -> $float {
                settled(a.sqrt(), a, a)
            }

            /// The lesser operand; -0 is less than 0, and NaN wins.
            #[inline(always)]
            pub fn min(a: $float, b: $float) -> $float {
                if a < b {
                    a
                } else if b < a {
                    b
                } else if a == b {
                    $float::from_bits(a.to_bits() | b.to_bits())
                } else {
                    nan(a, b)
                }
            }

            /// The greater operand; 0 is greater than -0, and NaN wins.
            #[inline(always)]
            pub fn max(a: $float, b: $float) -> $float {
                if a > b {
                    a
                } else if b > a {
                    b
                } else if a == b {
                    $float::from_bits(a.to_bits() & b.to_bits())
                } else {
                    nan(a, b)
                }
            }

            /// The lesser operand as a comparison sees it: the first if they cannot be told apart.
            #[inline(always)]
            pub fn pmin(a: $float, b: $float) -> $float {
                if b < a { b } else { a }
            }

            /// The greater operand as a comparison sees it: the first if they cannot be told apart.
            #[inline(always)]
            pub fn pmax(a: $float, b: $float) -> $float {
                if a < b { b } else { a }
            }

            /// The nearest integer towards positive infinity.
            pub fn ceil(a: $float) -> $float {
                settled(a.ceil(), a, a)
            }

            /// The nearest integer towards negative infinity.
            pub fn floor(a: $float) -> $float {
                settled(a.floor(), a, a)
            }

            /// The nearest integer towards zero.
            pub fn trunc(a: $float) -> $float {
                settled(a.trunc(), a, a)
            }

            /// The nearest integer, the even one of two.
            pub fn nearest(a: $float) -> $float {
                settled(a.round_ties_even(), a, a)
            }
        }
    )*};
}

floats! {
    f32 u32 23;
    f64 u64 52;
}
