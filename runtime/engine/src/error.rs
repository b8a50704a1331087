//! What can go wrong when a module is loaded.

use loader::{LoadError, Rejected};

/// Why a module could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The file cannot be read, or is no WebAssembly module, or a library that the checks refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The text is no module's.
    #[error(transparent)]
    Text(#[from] wat::Error),
    /// The interpreter cannot run the module.
    #[error(transparent)]
    Interpreter(#[from] interpreter::LoadError),
    /// The module is to run natively, and has no native code.
    #[error("the module is not compiled: compile it first (wasmedge compile)")]
    Plain,
    /// The module is to run natively, and has native code that must not run here.
    #[error("its native code cannot be used: {0}; compile it again (wasmedge compile)")]
    Rejected(Rejected),
}
