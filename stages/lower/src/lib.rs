//! Lowers WebAssembly functions to LLVM IR.
