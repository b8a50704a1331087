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
    let own = [TOOL.as_bytes(), llvm.as_bytes(), stage.name().as_bytes(), settings.as_bytes()];
    hash(own.iter().chain(inputs))
}

/// The hash, hexadecimal, of all that the object of a unit follows from: this compiler, and the unit's key.
pub fn of_unit(key: &str) -> String {
    hash(&[TOOL.as_bytes(), llvm::version().as_bytes(), b"unit", key.as_bytes()])
}

/// The hash of parts, each of which counts as a whole.
fn hash<'a>(parts: impl IntoIterator<Item = &'a &'a [u8]>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(blake3::hash(part).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
