//! Compiles WebAssembly, end to end or one stage at a time.

fn main() {}
