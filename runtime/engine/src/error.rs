//! What can go wrong before a program runs.

use loader::{LoadError, Rejected};
use vm::{LinkError, Trap};

/// Why a module could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The file cannot be read, or is no WebAssembly module, or a library that the checks refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The module has no native code.
    #[error("the module is not compiled: compile it first (wasmedge compile)")]
    Plain,
    /// The module has native code that must not run here.
    #[error("its native code cannot be used: {0}; compile it again (wasmedge compile)")]
    Rejected(Rejected),
}

/// Why a module could not be instantiated.
#[derive(Debug, thiserror::Error)]
pub enum InstantiateError {
    /// No one defines an import.
    #[error("unknown import: `{module}` `{name}`")]
    UnknownImport {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
    },
    /// What is imported is not of the type that the module asks for.
    #[error(transparent)]
    Link(LinkError),
    /// The module asks for more than the store allows or the system gives.
    #[error("{0}")]
    Resource(String),
    /// A segment did not fit, or the start function trapped.
    #[error(transparent)]
    Trap(Trap),
}
