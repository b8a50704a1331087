//! The public API of the runtime.
