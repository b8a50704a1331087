//! How a WebAssembly function type becomes a native one.
//!
//! **Native function** (`fastcc`): `R f(ptr vmctx, [ptr results,] params…)`. Up to [`MAX_REGISTER_RESULTS`] results are returned
//! directly, one as itself and two as a struct `{a, b}`. With more, the function returns nothing and `results`, the second
//! parameter, points to 16-byte slots that the caller provides, one for each result.
//!
//! **Entry wrapper** (C convention, one per function type): `void entry(ptr callee_ctx, ptr code, ptr slots)` loads the
//! parameters from `slots`, calls `code` as a native function of its type with `callee_ctx`, and stores the results to `slots`,
//! beginning at the first.
//!
//! **Host wrapper** (a native function, one per function type): stores its parameters to slots on its own stack, calls
//! [`crate::libcall::Libcall::HostCall`] with the context that it was given and those slots, and returns the results from them.
//!
//! A value occupies the first bytes of its slot; the rest is undefined.

use crate::types::{FuncType, ValType};

/// Size and alignment of a slot, in bytes.
pub const SLOT_SIZE: u32 = 16;

/// How many results a native function returns directly: what every target has registers for, of any class.
pub const MAX_REGISTER_RESULTS: usize = 2;

/// Whether results of a native function of this type go through a return area.
pub fn has_return_area(ty: &FuncType) -> bool {
    ty.results.len() > MAX_REGISTER_RESULTS
}

/// Bytes that a value occupies in memory and in a slot.
pub const fn size_of_value(ty: ValType) -> u32 {
    match ty {
        ValType::I32 | ValType::F32 => 4,
        ValType::I64 | ValType::F64 | ValType::FuncRef | ValType::ExternRef => 8,
        ValType::V128 => 16,
    }
}
