//! What holds across crates.

mod cli;
mod containers;
mod dependencies;
mod differential;
mod limits;
mod linking;
mod memory64;
mod modules;
mod process;
mod programs;
mod shared_memory;
mod snapshots;
mod spec;
mod stages;
mod tail_calls;
