//! Vectors of 128 bits: lanes, and what operators do with them (specification, section 4.3.6).
//!
//! An operator works on lanes by one of the functions of its shape, which are generic in what is done to each lane.

/// A vector: its bytes in memory order.
pub type Vector = [u8; 16];

macro_rules! shapes {
    ($($shape:ident: $lane:ident $count:literal $width:literal;)*) => {$(
        #[doc = concat!("Vectors of ", stringify!($count), " lanes of `", stringify!($lane), "`.")]
        pub mod $shape {
            use super::Vector;

            /// The lanes.
            #[inline(always)]
            pub fn lanes(vector: Vector) -> [$lane; $count] {
                let (lanes, _) = vector.as_chunks::<$width>();
                std::array::from_fn(|i| $lane::from_le_bytes(lanes[i]))
            }

            /// The vector of some lanes.
            #[inline(always)]
            pub fn vector(lanes: [$lane; $count]) -> Vector {
                let mut vector = [0; 16];
                let (chunks, _) = vector.as_chunks_mut::<$width>();
                chunks.iter_mut().zip(lanes).for_each(|(chunk, lane)| *chunk = lane.to_le_bytes());
                vector
            }

            /// Does something with each lane.
            #[inline(always)]
            pub fn map(a: Vector, op: impl Fn($lane) -> $lane) -> Vector {
                vector(lanes(a).map(op))
            }

            /// Does something with each pair of lanes.
            #[inline(always)]
            pub fn zip(a: Vector, b: Vector, op: impl Fn($lane, $lane) -> $lane) -> Vector {
                let (a, b) = (lanes(a), lanes(b));
                vector(std::array::from_fn(|i| op(a[i], b[i])))
            }

            /// Does something with each three lanes.
            #[inline(always)]
            pub fn zip3(a: Vector, b: Vector, c: Vector, op: impl Fn($lane, $lane, $lane) -> $lane) -> Vector {
                let (a, b, c) = (lanes(a), lanes(b), lanes(c));
                vector(std::array::from_fn(|i| op(a[i], b[i], c[i])))
            }

            /// Compares each pair of lanes: all bits of a lane are set where it holds.
            #[inline(always)]
            pub fn compare(a: Vector, b: Vector, holds: impl Fn(&$lane, &$lane) -> bool) -> Vector {
                let (a, b) = (lanes(a), lanes(b));
                let mut vector = [0; 16];
                let (chunks, _) = vector.as_chunks_mut::<$width>();
                for (i, chunk) in chunks.iter_mut().enumerate() {
                    *chunk = [if holds(&a[i], &b[i]) { 0xff } else { 0 }; $width];
                }
                vector
            }

            /// The vector with all lanes equal.
            #[inline(always)]
            pub fn splat(lane: $lane) -> Vector {
                vector([lane; $count])
            }

            /// A lane.
            #[inline(always)]
            pub fn extract(a: Vector, lane: u8) -> $lane {
                lanes(a)[usize::from(lane)]
            }

            /// The vector with another value in a lane.
            #[inline(always)]
            pub fn replace(a: Vector, lane: u8, value: $lane) -> Vector {
                let mut lanes = lanes(a);
                lanes[usize::from(lane)] = value;
                vector(lanes)
            }
        }
    )*};
}

shapes! {
    i8x16: i8 16 1;
    u8x16: u8 16 1;
    i16x8: i16 8 2;
    u16x8: u16 8 2;
    i32x4: i32 4 4;
    u32x4: u32 4 4;
    i64x2: i64 2 8;
    u64x2: u64 2 8;
    f32x4: f32 4 4;
    f64x2: f64 2 8;
}

macro_rules! signed {
    ($($shape:ident: $lane:ident;)*) => {$(
        impl_signed! { $shape $lane }
    )*};
}

macro_rules! impl_signed {
    ($shape:ident $lane:ident) => {
        #[doc = concat!("Tests of all lanes of `", stringify!($lane), "`.")]
        pub mod $shape {
            use super::Vector;

            /// Whether no lane is zero.
            pub fn all_true(a: Vector) -> u64 {
                super::super::$lane::lanes(a).iter().all(|&lane| lane != 0).into()
            }

            /// The signs of the lanes, the first lane's lowest.
            pub fn bitmask(a: Vector) -> u64 {
                let signs = super::super::$lane::lanes(a).into_iter().enumerate();
                signs.map(|(i, lane)| u64::from(lane < 0) << i).sum()
            }
        }
    };
}

/// Tests.
pub mod test {
    use super::Vector;

    signed! {
        i8x16: i8x16;
        i16x8: i16x8;
        i32x4: i32x4;
        i64x2: i64x2;
    }

    /// Whether any bit is set.
    pub fn any_true(a: Vector) -> u64 {
        a.iter().any(|&byte| byte != 0).into()
    }
}

/// The bits of a vector as a number.
#[inline(always)]
fn bits(a: Vector) -> u128 {
    u128::from_le_bytes(a)
}

/// Bits of `a` where `mask` is set, of `b` elsewhere.
pub fn bitselect(a: Vector, b: Vector, mask: Vector) -> Vector {
    (bits(a) & bits(mask) | bits(b) & !bits(mask)).to_le_bytes()
}

/// Something with all bits.
#[inline(always)]
pub fn bitwise(a: Vector, b: Vector, op: impl Fn(u128, u128) -> u128) -> Vector {
    op(bits(a), bits(b)).to_le_bytes()
}

/// The bytes of `a` that `indices` name; zero for indices that name none.
pub fn swizzle(a: Vector, indices: Vector) -> Vector {
    indices.map(|index| a.get(usize::from(index)).copied().unwrap_or(0))
}

/// The bytes of `a` and then `b` that `lanes` name.
pub fn shuffle(a: Vector, b: Vector, lanes: [u8; 16]) -> Vector {
    lanes.map(|lane| if lane < 16 { a[usize::from(lane)] } else { b[usize::from(lane % 16)] })
}

/// The rounded product of fractions of 15 bits.
#[inline(always)]
pub fn q15mulr(a: i16, b: i16) -> i16 {
    // Only -1 times -1 does not fit.
    ((i32::from(a) * i32::from(b) + 0x4000) >> 15).min(i16::MAX.into()) as i16
}

/// The rounded average.
#[inline(always)]
pub fn avgr_u8(a: u8, b: u8) -> u8 {
    (u16::from(a) + u16::from(b)).div_ceil(2) as u8
}

/// The rounded average.
#[inline(always)]
pub fn avgr_u16(a: u16, b: u16) -> u16 {
    (u32::from(a) + u32::from(b)).div_ceil(2) as u16
}

/// Products of neighbours, added.
pub fn dot(a: Vector, b: Vector) -> Vector {
    let (a, b) = (i16x8::lanes(a), i16x8::lanes(b));
    let product = |i: usize| i32::from(a[i]) * i32::from(b[i]);
    i32x4::vector(std::array::from_fn(|i| product(2 * i).wrapping_add(product(2 * i + 1))))
}

macro_rules! widen {
    ($($module:ident: $from:ident -> $to:ident $lane:ident;)*) => {$(
        #[doc = concat!("From lanes of `", stringify!($from), "` to lanes of `", stringify!($to), "`.")]
        pub mod $module {
            use super::{Vector, $from, $to};

            const COUNT: usize = 16 / size_of::<$lane>();

            /// The lower lanes.
            #[inline(always)]
            fn low_lanes(a: Vector) -> [$lane; COUNT] {
                let lanes = $from::lanes(a);
                std::array::from_fn(|i| lanes[i].into())
            }

            /// The upper lanes.
            #[inline(always)]
            fn high_lanes(a: Vector) -> [$lane; COUNT] {
                let lanes = $from::lanes(a);
                std::array::from_fn(|i| lanes[COUNT + i].into())
            }

            /// The lower half of the lanes.
            pub fn low(a: Vector) -> Vector {
                $to::vector(low_lanes(a))
            }

            /// The upper half of the lanes.
            pub fn high(a: Vector) -> Vector {
                $to::vector(high_lanes(a))
            }

            /// The products of the lower halves.
            pub fn multiply_low(a: Vector, b: Vector) -> Vector {
                let (a, b) = (low_lanes(a), low_lanes(b));
                $to::vector(std::array::from_fn(|i| a[i] * b[i]))
            }

            /// The products of the upper halves.
            pub fn multiply_high(a: Vector, b: Vector) -> Vector {
                let (a, b) = (high_lanes(a), high_lanes(b));
                $to::vector(std::array::from_fn(|i| a[i] * b[i]))
            }

            /// The sums of neighbours.
            pub fn add_pairwise(a: Vector) -> Vector {
                let lanes = $from::lanes(a);
                $to::vector(std::array::from_fn(|i| $lane::from(lanes[2 * i]) + $lane::from(lanes[2 * i + 1])))
            }

            /// The lanes that eight bytes hold.
            pub fn of_bytes(bytes: [u8; 8]) -> Vector {
                let mut vector = [0; 16];
                vector[..8].copy_from_slice(&bytes);
                low(vector)
            }
        }
    )*};
}

widen! {
    i8_to_i16: i8x16 -> i16x8 i16;
    u8_to_u16: u8x16 -> u16x8 u16;
    i16_to_i32: i16x8 -> i32x4 i32;
    u16_to_u32: u16x8 -> u32x4 u32;
    i32_to_i64: i32x4 -> i64x2 i64;
    u32_to_u64: u32x4 -> u64x2 u64;
}

macro_rules! narrow {
    ($($name:ident: $from:ident $wide:ident -> $to:ident $lane:ident;)*) => {$(
        #[doc = concat!("The lanes of two vectors, saturated to `", stringify!($lane), "`.")]
        pub fn $name(a: Vector, b: Vector) -> Vector {
            let (a, b) = ($from::lanes(a), $from::lanes(b));
            let saturate = |lane: $wide| lane.clamp($lane::MIN.into(), $lane::MAX.into()) as $lane;
            $to::vector(std::array::from_fn(|i| saturate(if i < a.len() { a[i] } else { b[i - a.len()] })))
        }
    )*};
}

narrow! {
    narrow_i16_to_i8: i16x8 i16 -> i8x16 i8;
    narrow_i16_to_u8: i16x8 i16 -> u8x16 u8;
    narrow_i32_to_i16: i32x4 i32 -> i16x8 i16;
    narrow_i32_to_u16: i32x4 i32 -> u16x8 u16;
}
