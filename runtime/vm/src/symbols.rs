//! The runtime symbols that images reach through import slots. They run on the guest's stack, being leaves of small frames.

use abi::libcall::RuntimeSymbols;

unsafe extern "C" {
    fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8;
    fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8;
    fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8;
}

// Processors' instructions make NaNs quiet, as WebAssembly demands; a library may hand them through.
macro_rules! rounding {
    ($($ty:ident($quiet:expr): $($name:ident = $method:ident),*;)*) => {$($(
        extern "C" fn $name(x: $ty) -> $ty {
            if x.is_nan() { $ty::from_bits(x.to_bits() | $quiet) } else { x.$method() }
        }
    )*)*};
}

// The rounding mode is always to nearest, ties to even: `rint` and `nearbyint` differ only in a flag that nobody reads.
rounding! {
    f32(1 << 22):
        ceilf = ceil,
        floorf = floor,
        truncf = trunc,
        roundevenf = round_ties_even,
        rintf = round_ties_even,
        nearbyintf = round_ties_even;
    f64(1 << 51):
        ceil = ceil,
        floor = floor,
        trunc = trunc,
        roundeven = round_ties_even,
        rint = round_ties_even,
        nearbyint = round_ties_even;
}

/// The addresses that a loader writes into import slots.
pub fn runtime_symbols() -> &'static RuntimeSymbols {
    static SYMBOLS: RuntimeSymbols = RuntimeSymbols {
        memcpy,
        memmove,
        memset,
        ceilf,
        floorf,
        truncf,
        roundevenf,
        rintf,
        nearbyintf,
        ceil,
        floor,
        trunc,
        roundeven,
        rint,
        nearbyint,
    };
    &SYMBOLS
}
