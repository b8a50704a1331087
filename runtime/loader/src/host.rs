//! What this machine is and can do, and whether native code fits it.

use crate::Rejected;
use abi::container::Native;
use abi::system::System;
use std::env::consts;

/// Checks that native code can run here.
pub(crate) fn check(native: &Native) -> Result<(), Rejected> {
    let arch = native.triple.split('-').next().unwrap_or_default();
    if arch != consts::ARCH {
        return Err(Rejected::Architecture(arch.to_string()));
    }
    if System::of(&native.triple).map(System::name) != Some(consts::OS) {
        return Err(Rejected::System(native.triple.clone()));
    }
    if !native.page_size.is_power_of_two() || !(native.page_size as usize).is_multiple_of(page_size()) {
        return Err(Rejected::PageSize(native.page_size));
    }
    for feature in &native.features {
        match has_feature(feature) {
            Some(true) => {}
            Some(false) => return Err(Rejected::Feature(feature.clone())),
            None => return Err(Rejected::UnknownFeature(feature.clone())),
        }
    }
    Ok(())
}

/// The size of the system's pages in bytes.
pub(crate) fn page_size() -> usize {
    rustix::param::page_size()
}

/// Whether this processor has a feature, by LLVM's name ([`abi::cpu`]); none if the name is not known.
#[cfg(target_arch = "x86_64")]
fn has_feature(name: &str) -> Option<bool> {
    macro_rules! detect {
        ($($llvm:literal $detected:tt)*) => {
            match name {
                $($llvm => Some(std::is_x86_feature_detected!($detected)),)*
                _ => None,
            }
        };
    }
    detect! {
        "sse3" "sse3"
        "ssse3" "ssse3"
        "sse4.1" "sse4.1"
        "sse4.2" "sse4.2"
        "popcnt" "popcnt"
        "avx" "avx"
        "avx2" "avx2"
        "bmi" "bmi1"
        "bmi2" "bmi2"
        "lzcnt" "lzcnt"
        "fma" "fma"
        "f16c" "f16c"
        "movbe" "movbe"
        "adx" "adx"
        "gfni" "gfni"
        "avx512f" "avx512f"
        "avx512bw" "avx512bw"
        "avx512cd" "avx512cd"
        "avx512dq" "avx512dq"
        "avx512vl" "avx512vl"
        "avx512ifma" "avx512ifma"
        "avx512vbmi" "avx512vbmi"
        "avx512vbmi2" "avx512vbmi2"
        "avx512vnni" "avx512vnni"
        "avx512bitalg" "avx512bitalg"
        "avx512vpopcntdq" "avx512vpopcntdq"
    }
}

/// Whether this processor has a feature, by LLVM's name ([`abi::cpu`]); none if the name is not known.
#[cfg(target_arch = "aarch64")]
fn has_feature(name: &str) -> Option<bool> {
    match name {
        "lse" => Some(std::arch::is_aarch64_feature_detected!("lse")),
        "rdm" => Some(std::arch::is_aarch64_feature_detected!("rdm")),
        "dotprod" => Some(std::arch::is_aarch64_feature_detected!("dotprod")),
        "fullfp16" => Some(std::arch::is_aarch64_feature_detected!("fp16")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_that_code_may_use_can_be_checked() {
        for name in abi::cpu::features(consts::ARCH) {
            assert!(has_feature(name).is_some(), "{name}");
        }
        assert_eq!(has_feature("magic"), None);
    }

    #[test]
    fn code_for_other_machines_is_refused() {
        let native = |triple: &str| Native { triple: triple.into(), page_size: 65536, ..Native::default() };
        let here = format!("{}-unknown-{}-gnu", consts::ARCH, consts::OS);
        assert_eq!(check(&native(&here)), Ok(()));
        assert_eq!(check(&native(&format!("{}-{}", consts::ARCH, consts::OS))), Ok(()));
        assert_eq!(check(&native("riscv64-unknown-linux-gnu")), Err(Rejected::Architecture("riscv64".into())));
        assert_eq!(check(&native("")), Err(Rejected::Architecture(String::new())));
        let elsewhere = format!("{}-unknown-plan9", consts::ARCH);
        assert_eq!(check(&native(&elsewhere)), Err(Rejected::System(elsewhere.clone())));
        for page_size in [0, 1, 4095, 12288] {
            let native = Native { page_size, ..native(&here) };
            assert_eq!(check(&native), Err(Rejected::PageSize(page_size)));
        }
        let native = Native { features: vec!["magic".into()], ..native(&here) };
        assert_eq!(check(&native), Err(Rejected::UnknownFeature("magic".into())));
    }
}
