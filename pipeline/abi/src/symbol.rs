//! The names of what objects define and use.
//!
//! All symbols that objects define are hidden: they hold within one image only.

use crate::types::{FuncIdx, FuncType};

/// The native code of a function.
pub fn function(index: FuncIdx) -> String {
    format!("wasm.function.{index}")
}

/// The tail function of a function that makes tail calls (see [`crate::signature`]).
pub fn tail(index: FuncIdx) -> String {
    format!("wasm.tail.{index}")
}

/// The wrapper that calls native functions of a type from the host (see [`crate::signature`]).
pub fn entry(ty: &FuncType) -> String {
    format!("wasm.entry.{}", mangle(ty))
}

/// The wrapper that calls the host from native code, as a native function of a type (see [`crate::signature`]).
pub fn host(ty: &FuncType) -> String {
    format!("wasm.host.{}", mangle(ty))
}

/// What LLVM asks a function with landing pads to name: the function that would find them. The runtime finds them itself, by
/// what the container says ([`crate::container::Handler`]); nobody defines or calls this one.
pub const PERSONALITY: &str = "wasm.personality";

fn mangle(ty: &FuncType) -> String {
    let params = ty.params.iter().map(|ty| ty.letter());
    params.chain(['.']).chain(ty.results.iter().map(|ty| ty.letter())).collect()
}
