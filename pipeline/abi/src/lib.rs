//! What native code and the runtime agree on.
//!
//! Compiler and runtime never link against each other: they meet in this crate and in files. Each contract stands here once,
//! and Rust types, field offsets and the fingerprint in every artifact follow from it:
//!
//! - [`module`]: what a WebAssembly module declares, decoded from its bytes by both sides alike;
//! - [`layout`]: the instance context (`vmctx`) and the structures it leads to;
//! - [`signature`]: how a WebAssembly function type becomes a native one;
//! - [`libcall`]: what native code asks of the runtime;
//! - [`metering`]: what running code is charged;
//! - [`trap`]: why execution ends early;
//! - [`symbol`]: the names of what objects define and use;
//! - [`features`]: the proposals that modules may use, and their switches;
//! - [`support`]: the proposals whose operators are supported;
//! - [`system`]: the operating systems that code is made for, and what they ask of it;
//! - [`cpu`]: the processor features that code may use and a loader must check;
//! - [`container`]: the native section of a universal wasm file or shared library.
#![forbid(unsafe_code)]

pub mod container;
pub mod cpu;
pub mod features;
pub mod layout;
pub mod libcall;
pub mod metering;
pub mod module;
pub mod signature;
pub mod support;
pub mod symbol;
pub mod system;
pub mod trap;
pub mod types;

mod fingerprint;

pub use fingerprint::{describe, fingerprint};
