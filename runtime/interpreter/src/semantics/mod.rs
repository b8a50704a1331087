//! What operators do with their operands (specification, section 4.3), as functions of values. What Rust has an exact equal for
//! is not repeated.

pub mod convert;
pub mod float;
pub mod int;
pub mod reference;
pub mod relaxed;
pub mod vector;
pub mod wide;
