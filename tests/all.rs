//! What holds across crates.

/// One test for each name, which hands it to the module's `check`; and the list of them.
macro_rules! tested {
    ($($name:ident)*) => {
        /// What has a test of its own.
        const TESTED: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*
    };
}

mod aarch64;
mod cli;
mod containers;
mod data;
mod dependencies;
mod differential;
mod exceptions;
mod incremental;
mod libraries;
mod limits;
mod linking;
mod loops;
mod make;
mod memory64;
mod metering;
mod mlir;
mod modules;
mod nans;
mod process;
mod programs;
mod reproducible;
mod resume;
mod shared_memory;
mod snapshots;
mod spec;
mod stages;
mod tail_calls;
mod wasi;
