//! Runs WebAssembly.

fn main() {}
