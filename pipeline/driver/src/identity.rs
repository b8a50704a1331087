//! What tells apart what different compilers, settings and inputs make.

use artifact::{Options, Stage};

/// This compiler: its version, and a hash of its source.
pub const TOOL: &str = concat!(env!("CARGO_PKG_VERSION"), " ", env!("COMPILER_SOURCE"));

/// The hash, hexadecimal, of all that an artifact follows from: this compiler, the stage that makes it, what that stage goes by,
/// and its input, artifacts or hashes of them.
pub fn from(stage: Stage, options: &Options, inputs: &[&[u8]]) -> String {
    let settings = match stage {
        // A unit's key, from which it is lowered, holds what lowering goes by.
        Stage::Parse | Stage::Lower | Stage::Verify | Stage::Output => String::new(),
        Stage::Validate => serde_json::to_string(options).expect("they have a text form"),
        Stage::Optimize | Stage::Codegen => serde_json::json!([options.target, options.level]).to_string(),
    };
    let llvm = llvm::version();
    let mut hasher = blake3::Hasher::new();
    for part in [TOOL.as_bytes(), llvm.as_bytes(), stage.name().as_bytes(), settings.as_bytes()] {
        hasher.update(blake3::hash(part).as_bytes());
    }
    for input in inputs {
        hasher.update(blake3::hash(input).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// The hash, hexadecimal, of all that the object of a unit follows from: this compiler, and the unit's key.
pub fn of_unit(key: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [TOOL, &llvm::version(), "unit", key] {
        hasher.update(blake3::hash(part.as_bytes()).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
