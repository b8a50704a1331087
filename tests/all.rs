//! What holds across crates.

mod dependencies;
