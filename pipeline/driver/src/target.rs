//! The machine that this runs on, as a target.

use artifact::Target;

/// The host as a target. `generic` asks for code that any processor of its architecture runs.
pub fn host_target(generic: bool) -> Target {
    let triple = llvm::default_triple();
    // Debian's LLVM calls its own system `pc`; the vendor means nothing to us, and one name per target keeps bytes equal.
    let mut parts: Vec<&str> = triple.split('-').collect();
    if parts.len() == 4 {
        parts[1] = "unknown";
    }
    let mut target = Target { triple: parts.join("-"), tune: "generic".to_string(), cpu_features: Vec::new() };
    if !generic {
        target.tune = llvm::host_cpu();
        let host = llvm::host_features();
        let known = abi::cpu::features(target.architecture());
        let enabled = host.split(',').filter_map(|feature| feature.strip_prefix('+'));
        target.cpu_features = enabled.filter(|feature| known.contains(feature)).map(str::to_string).collect();
        target.cpu_features.sort();
    }
    target
}
