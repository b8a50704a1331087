//! The order of the stages.
//!
//! [`compile()`] runs all of them, the units side by side; [`step()`] runs one over what lies in a build directory. Both give the
//! same bytes: they differ only in whether a module goes from one stage to the next in memory or as text.
//! [`status()`] says what a build directory holds, and [`update()`] brings it up to date. [`to_mlir()`] and [`from_mlir()`] let other
//! tools work on what lies there.
#![forbid(unsafe_code)]

mod compile;
mod mlir;
mod observer;
mod record;
mod status;
mod step;
mod target;
mod units;

pub use compile::{Compiled, Dump, Request, compile};
pub use mlir::{from_mlir, to_mlir};
pub use observer::{Observer, Silent};
pub use output::Container;
pub use status::{State, Status, clean, difference, status, update};
pub use step::{Step, step};
pub use target::host_target;
