//! The runtime symbols that images reach through import slots. They run on the guest's stack, being leaves of small frames.

use abi::libcall::RuntimeSymbols;

unsafe extern "C" {
    fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8;
    fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8;
    fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8;
}

macro_rules! rounding {
    ($($name:ident: $ty:ident = $method:ident;)*) => {$(
        extern "C" fn $name(x: $ty) -> $ty {
            x.$method()
        }
    )*};
}

// The rounding mode is always to nearest, ties to even: `rint` and `nearbyint` differ only in a flag that nobody reads.
rounding! {
    ceilf: f32 = ceil;
    floorf: f32 = floor;
    truncf: f32 = trunc;
    roundevenf: f32 = round_ties_even;
    rintf: f32 = round_ties_even;
    nearbyintf: f32 = round_ties_even;
    ceil: f64 = ceil;
    floor: f64 = floor;
    trunc: f64 = trunc;
    roundeven: f64 = round_ties_even;
    rint: f64 = round_ties_even;
    nearbyint: f64 = round_ties_even;
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
