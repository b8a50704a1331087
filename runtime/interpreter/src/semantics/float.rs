//! Floats: where WebAssembly says more than Rust about zeros and NaNs.
//!
//! NaNs: arithmetic gives quiet ones, as the processor does. Which of two NaN operands a result comes from is open in Rust, in
//! LLVM and in the specification, so that interpreter and native code may differ in its payload.

macro_rules! floats {
    ($($float:ident;)*) => {$(
        #[doc = concat!("Operators on `", stringify!($float), "`.")]
        pub mod $float {
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
                    a + b
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
                    a + b
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
                quiet(a, $float::ceil)
            }

            /// The nearest integer towards negative infinity.
            pub fn floor(a: $float) -> $float {
                quiet(a, $float::floor)
            }

            /// The nearest integer towards zero.
            pub fn trunc(a: $float) -> $float {
                quiet(a, $float::trunc)
            }

            /// The nearest integer, the even one of two.
            pub fn nearest(a: $float) -> $float {
                quiet(a, $float::round_ties_even)
            }

            /// Rounds a number. A library may hand a NaN through as it is; an operator makes it quiet.
            fn quiet(a: $float, round: impl FnOnce($float) -> $float) -> $float {
                if a.is_nan() { a + a } else { round(a) }
            }
        }
    )*};
}

floats! {
    f32;
    f64;
}
