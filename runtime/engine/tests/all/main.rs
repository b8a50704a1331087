//! The engine as programs use it.

mod examples;
mod handles;
mod linker;
mod support;
mod threads;
mod typed;
