//! Small modules, one for each class of operators: `modules/CLASS.wat`.

use artifact::{CostTable, Feature, Features, Metering};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("modules")
}

/// Their names, sorted.
pub fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).expect("the modules are there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| path.file_stem().expect("it is a file").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What one of them may use: most need no more than the standard's edition.
pub fn features(name: &str) -> Features {
    let beyond: &[Feature] = match name {
        "atomic" => &[Feature::Threads, Feature::MultiMemory],
        "memory64" | "table64" => &[Feature::Memory64, Feature::MultiMemory],
        "exception" => &[Feature::Exceptions],
        "function_reference" => &[Feature::FunctionReferences, Feature::TailCall],
        "simd_relaxed" => &[Feature::RelaxedSimd],
        "tail_call" => &[Feature::TailCall],
        "wide" => &[Feature::WideArithmetic],
        _ => &[],
    };
    let mut features = Features::wasm2();
    features.0.extend(beyond);
    features
}

/// What the code of one of them keeps track of.
pub fn metering(name: &str) -> Metering {
    match name {
        "metering" => Metering { instructions: true, gas: Some(CostTable::default()), interruptible: true },
        _ => Metering::default(),
    }
}

/// One of them as a binary module.
pub fn binary(name: &str) -> Vec<u8> {
    let path = folder().join(name).with_extension("wat");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    tests::wat(&text)
}
