//! The order of the stages.
//!
//! [`compile()`] runs all of them, the units side by side; [`step()`] runs one over what lies in a build directory. Both give the
//! same bytes: they differ only in whether a module goes from one stage to the next in memory or as text.
//! [`status()`] says what a build directory holds, and [`update()`] brings it up to date.
#![forbid(unsafe_code)]

mod compile;
mod observer;
mod record;
mod status;
mod step;
mod target;
mod units;

pub use compile::{Compiled, Dump, Request, compile};
pub use observer::{Observer, Silent};
pub use output::Container;
pub use status::{State, Status, clean, difference, status, update};
pub use step::{Step, step};
pub use target::{GENERIC, NATIVE, TRIPLES, TargetError, Wanted, cpu_features, cpus, host_target, host_triple};
