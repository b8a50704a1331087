//! Reads, checks and maps native code containers.
