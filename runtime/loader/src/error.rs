//! What can be wrong with a file.

use abi::container::ContainerError;
use abi::module::DecodeError;
use std::io;

/// Why a file cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is none.
    #[error("the file does not exist")]
    NotFound,
    /// A directory.
    #[error("it is a directory")]
    Directory,
    /// Reading or mapping failed.
    #[error("the file cannot be read: {0}")]
    Io(#[source] io::Error),
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Some other kind of file.
    #[error("the file is neither WebAssembly nor a shared library")]
    Unknown,
    /// A shared library with native code that must not run, or without any.
    #[error("the shared library cannot be used: {0}")]
    Library(#[source] Rejected),
}

/// Why native code must not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A file that is no ELF file in spite of its first bytes.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A library in the format of another operating system.
    #[error("it is a library for {0}, not for {os}", os = std::env::consts::OS)]
    Format(&'static str),
    /// A library that another tool made.
    #[error("it has no section `{0}`: this project's compiler did not make it")]
    Missing(&'static str),
    /// Sections were added behind the native section.
    #[error("the file was changed after compilation: sections follow the native code")]
    NotLast,
    /// The native section ends behind the file.
    #[error("the file is truncated")]
    Truncated,
    /// The native section cannot be read.
    #[error("the native code cannot be read: {0}")]
    Container(#[from] ContainerError),
    /// Native code that expects another runtime.
    #[error("the native code was compiled by another version, whose code runs differently (ABI fingerprint)")]
    Abi,
    /// Native code for another processor architecture.
    #[error("the native code is for {0}, not for {arch}", arch = std::env::consts::ARCH)]
    Architecture(String),
    /// Native code for another operating system.
    #[error("the native code is for target `{0}`, not for {os}", os = std::env::consts::OS)]
    System(String),
    /// An image whose parts would share pages.
    #[error("the native code is laid out for pages of {0} bytes, which the system's do not divide")]
    PageSize(u32),
    /// A processor that lacks something.
    #[error("the native code uses the CPU feature `{0}`, which this CPU does not have")]
    Feature(String),
    /// A feature that cannot be checked.
    #[error("the native code uses the CPU feature `{0}`, which is not known")]
    UnknownFeature(String),
    /// The module is not the one that was compiled.
    #[error("the module was changed after compilation")]
    ModuleChanged,
    /// The image is not the one that was written.
    #[error("the native code was changed after compilation")]
    ImageChanged,
    /// Offsets that point elsewhere than they should.
    #[error("the native code is inconsistent: {0}")]
    Layout(&'static str),
    /// The original module cannot be decoded.
    #[error("the module inside cannot be decoded: {0}")]
    Module(#[from] DecodeError),
    /// Another number of functions or types than the module has.
    #[error("the native code is inconsistent: it has {found} {what} where the module has {expected}")]
    Count {
        /// Of what.
        what: &'static str,
        /// In the native section.
        found: usize,
        /// In the module.
        expected: usize,
    },
    /// A symbol that the runtime does not have.
    #[error("the native code uses the symbol `{0}`, which the runtime does not have")]
    Symbol(String),
}
