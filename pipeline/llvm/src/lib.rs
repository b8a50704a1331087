//! Safe, owning wrappers over LLVM's C API.
