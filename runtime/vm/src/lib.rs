//! Instances, memories, tables, globals, traps and libcalls: everything that native code needs to run.
//!
//! In come the declarations of a module and what runs it: its native [`Code`], mapped by whoever loads it, or an interpreter
//! ([`Interpret`]). A [`Store`] makes instances of [`Module`]s, links them and calls their functions, whatever runs them. What
//! must hold:
//!
//! - A store owns all that its instances consist of and frees it as a whole, but for memories that it shares with others
//!   ([`SharedMemory`]). Handles ([`Func`], [`Memory`], …) are small copies that say which store they belong to; using one with
//!   another store panics.
//! - Contexts, cells, records and definitions (see [`abi::layout`]) never move while the store lives, since native code and
//!   other instances hold pointers to them. They are reached through raw pointers only, never through long-lived references.
//! - Guest code runs on a stack of its own (module `stack`), the runtime and host functions on the stack of the calling
//!   thread. Only the switch in both directions, and what an interpreter does to memory that threads race for, is assembly
//!   (module `arch`); a trap restores the state that the innermost call into guest code began with (module `activation`).
//! - Tail calls take no stack, whatever runs caller and callee (module `tail`).
//! - A fault is a trap only while guest code runs and only at an address where guest code may fault (module `signals`).

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("native code runs on x86-64 Linux only so far");

mod activation;
mod arch;
mod atomic;
mod caller;
mod code;
mod const_expr;
mod exception;
mod func;
mod global;
mod handles;
mod instance;
mod interpret;
mod libcalls;
mod linear;
mod link;
mod memory;
mod meter;
mod module;
mod records;
mod shared;
mod signals;
mod stack;
mod store;
mod symbols;
mod table;
mod tail;
mod trap;
mod typed;
mod types;
mod unwind;
mod value;
mod view;
mod wait;

pub use atomic::{Change, Width};
pub use caller::Caller;
pub use code::{Backing, Code};
pub use exception::Exception;
pub use func::{HostFn, HostFunc};
pub use handles::{AccessError, CallError, ExternType};
pub use instance::InstantiateError;
pub use interpret::{Callee, Foreign, FrameStack, Guest, Interpret};
pub use link::{LinkError, LinkErrorKind};
pub use memory::ResourceError;
pub use meter::{Ability, InterruptHandle, Times};
pub use module::{Bytes, Module};
pub use shared::SharedMemory;
pub use store::{Config, Store};
pub use symbols::runtime_symbols;
pub use tail::TailCall;
pub use trap::{Frame, HostError, Trap, TrapReason};
pub use typed::{HostResults, IntoHostFunc, TypedFunc, TypedFuncError, WasmList, WasmTy, WithCaller};
pub use value::{ExnRef, Extern, ExternRef, Func, Global, Instance, Memory, Slot, Table, Tag, Value};
pub use view::{AnyView, MemoryView, View};
pub use wait::WaitResult;
