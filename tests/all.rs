//! What holds across crates.

mod cli;
mod containers;
mod dependencies;
mod modules;
mod programs;
mod snapshots;
mod spec;
mod stages;
