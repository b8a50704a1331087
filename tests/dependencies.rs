//! Which crate may know which: the architecture, kept by a test.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// The crates of this workspace that each crate may use, besides tests.
const ALLOWED: &[(&str, &[&str])] = &[
    ("abi", &[]),
    ("artifact", &["abi"]),
    ("llvm", &[]),
    ("parse", &["abi", "artifact"]),
    ("interface", &["abi", "artifact"]),
    ("validate", &["abi", "artifact", "interface"]),
    ("lower", &["abi", "artifact", "interface", "llvm"]),
    ("verify", &["abi", "artifact", "llvm"]),
    ("optimize", &["abi", "artifact", "llvm"]),
    ("codegen", &["artifact", "llvm"]),
    ("output", &["abi", "artifact"]),
    (
        "driver",
        &[
            "abi",
            "artifact",
            "codegen",
            "interface",
            "llvm",
            "lower",
            "optimize",
            "output",
            "parse",
            "validate",
            "verify",
        ],
    ),
    ("vm", &["abi"]),
    ("loader", &["abi", "vm"]),
    ("interpreter", &["abi", "vm"]),
    ("wasi", &[]),
    ("engine", &["abi", "interpreter", "loader", "vm", "wasi"]),
    ("bench", &["engine"]),
    ("console", &["abi"]),
    ("wasmedge", &["console", "engine"]),
    ("wasmedge-stage", &["artifact", "console", "driver"]),
];

#[test]
fn crates_know_only_what_the_architecture_allows() {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo describes the workspace");
    let names: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    for package in metadata.packages.iter().filter(|package| package.name.as_str() != "tests") {
        let name = package.name.as_str();
        let may_use = allowed.get(name).unwrap_or_else(|| panic!("the architecture has no crate `{name}`"));
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        for dependency in normal.map(|dependency| dependency.name.as_str()).filter(|other| names.contains(other)) {
            assert!(may_use.contains(&dependency), "`{name}` must not use `{dependency}`");
        }
        let llvm = package.dependencies.iter().any(|dependency| dependency.name == "llvm-sys");
        assert_eq!(llvm, name == "llvm", "`{name}`: only `llvm` uses llvm-sys");
    }
}
