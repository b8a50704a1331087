//! The order of the stages.
//!
//! [`compile()`] runs all of them, the units side by side; [`step()`] runs one over what lies in a build directory. Both give the
//! same bytes: they differ only in whether a module goes from one stage to the next in memory or as text.
//! [`status()`] says what a build directory holds, and [`update()`] brings it up to date: what is there and current is not made
//! again. Without a build directory, a [`Cache`] does as much for whole units. [`to_mlir()`] and [`from_mlir()`] let other tools work
//! on what lies in a build directory.
#![forbid(unsafe_code)]

mod cache;
mod compile;
mod function;
mod identity;
mod mlir;
mod observer;
mod record;
mod status;
mod step;
mod target;
mod timings;
mod units;

pub use abi::types::FuncIdx;
pub use cache::{Cache, Cached};
pub use compile::{Compiled, Dump, Request, compile, update};
pub use function::{Located, locate};
pub use mlir::{from_mlir, to_mlir};
pub use observer::{Function, Notice, Observer, Outcome, Planned, Silent, Task};
pub use output::{Container, LibraryFormat};
pub use status::{State, Status, clean, difference, status};
pub use step::{Making, Step, step};
pub use target::{GENERIC, NATIVE, TRIPLES, TargetError, Wanted, cpu_features, cpus, host_target, host_triple};
pub use timings::Timings;
