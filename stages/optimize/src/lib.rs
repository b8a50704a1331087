//! Runs the pass pipeline of an optimization level.
