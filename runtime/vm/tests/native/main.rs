//! The runtime with native code written by hand.

mod calls;
mod faults;
mod image;
mod instances;
mod libcalls;
mod references;
