//! The processor features that code may use.
//!
//! Names are LLVM's. Code is compiled for the architecture's baseline plus a subset of this list, never for "the host CPU", so that
//! a loader can check each feature that code relies on; a host's CPU name only tunes.

/// The x86-64 features that code may use, each checkable with `is_x86_feature_detected!`.
pub const X86_64: &[&str] = &[
    "sse3",
    "ssse3",
    "sse4.1",
    "sse4.2",
    "popcnt",
    "avx",
    "avx2",
    "bmi",
    "bmi2",
    "lzcnt",
    "fma",
    "f16c",
    "movbe",
    "adx",
    "gfni",
    "avx512f",
    "avx512bw",
    "avx512cd",
    "avx512dq",
    "avx512vl",
    "avx512ifma",
    "avx512vbmi",
    "avx512vbmi2",
    "avx512vnni",
    "avx512bitalg",
    "avx512vpopcntdq",
];

/// The aarch64 features that code may use.
pub const AARCH64: &[&str] = &["lse", "rdm", "dotprod", "fullfp16"];

/// The features known for an architecture, by the first part of a target triple.
pub fn features(arch: &str) -> &'static [&'static str] {
    match arch {
        "x86_64" => X86_64,
        "aarch64" => AARCH64,
        _ => &[],
    }
}
