//! WASI preview 1, sandboxed.
