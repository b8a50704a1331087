//! Safe, owning wrappers over LLVM's C API; the only crate that names `llvm-sys`.
//!
//! - **Owners** free what they hold: [`Context`], [`Module`], [`OwnedModule`], [`Builder`], [`TargetMachine`].
//! - **Handles** are `Copy`, one pointer wide, and bound to the context's lifetime: [`Type`], [`Value`] and its
//!   refinements ([`Function`], [`GlobalVariable`], [`Phi`], [`Switch`], [`Call`]), [`BasicBlock`], [`Attribute`],
//!   [`Metadata`]. A refinement dereferences to [`Value`], so a `Phi` goes where a value is read as `*phi`.
//!
//! # What must hold
//!
//! The lifetime `'c` proves that the context lives. Three things it cannot prove, and the caller keeps:
//!
//! 1. A handle is not used after what owns it is gone: a module dropped, a function, block or instruction erased.
//! 2. Handles of two contexts are not mixed.
//! 3. Operands have the types their instruction asks for. Builds with debug assertions check this at the call; the
//!    verifier ([`Module::verify`]) checks the rest.
//!
//! # Errors
//!
//! LLVM's parser, verifier, passes and code generators report through [`Error`]; nothing is printed. What LLVM itself
//! holds to be fatal (out of memory, an instruction that cannot be selected) still ends the process: the C API has no
//! way back from there.
//!
//! # Threads
//!
//! A context with everything in it belongs to one thread at a time. [`Context`], [`OwnedModule`] and [`TargetMachine`]
//! are `Send`; nothing here is `Sync`.

mod attributes;
mod block;
mod builder;
mod constants;
mod context;
mod cpu;
mod error;
mod function;
mod global;
mod instruction;
mod link;
mod memory_buffer;
mod metadata;
mod module;
mod opcode;
mod owned;
mod passes;
mod rewrite;
mod settle;
mod subtarget;
mod target;
mod types;
mod value;

pub use attributes::{Access, Attribute, MemoryEffects, Position};
pub use block::BasicBlock;
pub use builder::{AtomicOrdering, AtomicRmwOp, Builder, FloatPredicate, GepFlags, IntPredicate, Intrinsic};
pub use context::Context;
pub use error::{Error, ErrorKind};
pub use function::{CallConv, Function};
pub use global::{GlobalVariable, Linkage, UnnamedAddr, Visibility};
pub use instruction::{Call, Phi, Switch, TailCall};
pub use link::version;
pub use metadata::{Metadata, MetadataKind, MetadataKinds};
pub use module::{FlagBehavior, Module};
pub use opcode::Opcode;
pub use owned::OwnedModule;
pub use passes::PassOptions;
pub use subtarget::enabled_features;
pub use target::{
    CodeGenLevel, TargetMachine, TargetSpec, cpus, default_triple, features, host_cpu, host_features, normalize_triple,
};
pub use types::{FunctionType, Type, TypeKind};
pub use value::Value;
