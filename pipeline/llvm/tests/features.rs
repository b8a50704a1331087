//! Which features a processor has, as LLVM itself sees it.

use llvm::{TargetSpec, enabled_features, features, host_features};

const X86_64: &str = "x86_64-unknown-linux-gnu";
const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// What is on of some features, listed with spaces between them.
fn enabled(triple: &str, cpu: &str, features: &str, candidates: &str) -> String {
    let spec = TargetSpec { triple: triple.into(), cpu: cpu.into(), features: features.into() };
    enabled_features(&spec, candidates.split(' ')).unwrap().join(" ")
}

#[test]
fn a_cpu_has_its_features() {
    let some = "sse3 sse4.2 avx avx2 bmi2 lzcnt avx512f avx512vl gfni";
    assert_eq!(enabled(X86_64, "x86-64", "", some), "");
    assert_eq!(enabled(X86_64, "", "", some), "");
    assert_eq!(enabled(X86_64, "x86-64-v2", "", some), "sse3 sse4.2");
    assert_eq!(enabled(X86_64, "haswell", "", some), "sse3 sse4.2 avx avx2 bmi2 lzcnt");
    assert_eq!(enabled(X86_64, "x86-64-v4", "", some), "sse3 sse4.2 avx avx2 bmi2 lzcnt avx512f avx512vl");
    assert_eq!(enabled(X86_64, "znver4", "", some), some);
    let some = "neon lse rdm dotprod fullfp16 sve";
    assert_eq!(enabled(AARCH64, "generic", "", some), "neon");
    assert_eq!(enabled(AARCH64, "cortex-a53", "", some), "neon");
    assert_eq!(enabled(AARCH64, "cortex-a76", "", some), "neon lse rdm dotprod fullfp16");
    assert_eq!(enabled(AARCH64, "neoverse-v1", "", some), some);
}

#[test]
fn features_bring_and_take_others() {
    let some = "sse3 sse4.2 avx avx2 bmi fma avx512f avx512vl";
    assert_eq!(enabled(X86_64, "x86-64", "+avx2", some), "sse3 sse4.2 avx avx2");
    assert_eq!(enabled(X86_64, "x86-64-v4", "-avx2", some), "sse3 sse4.2 avx bmi fma");
    assert_eq!(enabled(X86_64, "x86-64-v3", "-avx", some), "sse3 sse4.2 bmi");
    assert_eq!(enabled(X86_64, "x86-64-v3", "-avx,+fma", some), "sse3 sse4.2 avx bmi fma");
    assert_eq!(enabled(X86_64, "x86-64-v3", "+fma,-avx", some), "sse3 sse4.2 bmi");
    assert_eq!(enabled(AARCH64, "generic", "+lse128", "lse rdm"), "lse");
}

#[test]
fn the_host_has_what_it_says() {
    let spec = TargetSpec::host();
    let said = host_features();
    let said: Vec<&str> = said.split(',').filter_map(|feature| feature.strip_prefix('+')).collect();
    assert!(!said.is_empty());
    assert_eq!(enabled_features(&spec, said.iter().copied()).unwrap(), said);
}

#[test]
fn every_feature_can_be_asked_for() {
    for triple in [X86_64, AARCH64] {
        let spec = TargetSpec { triple: triple.into(), cpu: String::new(), features: String::new() };
        let all: Vec<&str> = features(triple).unwrap().collect();
        let on = enabled_features(&spec, all.iter().copied()).unwrap();
        assert!(!on.is_empty() && on.len() < all.len() / 2, "{on:?}");
        for feature in ["no-such-feature", ""] {
            assert!(enabled_features(&spec, [feature]).is_err());
        }
    }
}
