//! Validates a module and plans its units.
