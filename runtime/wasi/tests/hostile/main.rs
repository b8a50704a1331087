//! Programs that try everything: each call with each trick that comes to mind. No call may panic or wait for ever, change
//! memory that it was not given, or do anything to the host outside of the folders that the program has.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod paths;
mod races;
mod random;
mod watch;
mod world;
