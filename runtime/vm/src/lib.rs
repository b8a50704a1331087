//! Instances, memories, tables, globals, traps and libcalls.
