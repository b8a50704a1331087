//! Checks lowered modules.
