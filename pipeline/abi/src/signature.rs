//! How a WebAssembly function type becomes a native one.
//!
//! **Native function** (`fastcc`): `R f(ptr vmctx, [ptr results,] params…)`. Up to [`MAX_REGISTER_RESULTS`] results are returned
//! directly, one as itself and two as a struct `{a, b}`. With more, the function returns nothing and `results`, the second
//! parameter, points to 16-byte slots that the caller provides, one for each result.
//!
//! **Entry wrapper** (C convention, see below, one per function type): `void entry(ptr callee_ctx, ptr code, ptr slots)` loads the
//! parameters from `slots`, calls `code` as a native function of its type with `callee_ctx`, and stores the results to `slots`,
//! beginning at the first.
//!
//! **Host wrapper** (a native function, one per function type): stores its parameters to slots on its own stack, calls
//! [`crate::libcall::Libcall::HostCall`] with the context that it was given and those slots, and returns the results from them.
//!
//! **Tail function** (`tailcc`): the code of a function that makes tail calls, and of no other. It takes and gives what the
//! native function of its type does, but only as many parameters as fit registers ([`TailPlace`]) are passed as such. The rest
//! lie in slots at [`crate::layout::Header::tail_arguments`] of the callee's context; it reads them before it does anything else.
//! So the stack holds no arguments, and a tail function can leave its place to any other: its tail calls of tail functions are
//! jumps (`musttail`), which hand on the results pointer, and stack space does not grow.
//!
//! Who makes a tail call of another native function calls it and returns: that one makes no tail calls itself, so it comes back.
//! The record of a function says which it is: [`crate::layout::FuncRecord::tail`] is null if there is no tail function. A
//! native function that has one has another form beside it, which only calls it.
//!
//! Functions of the host and interpreted ones have a tail function as well, one for all of them, which belongs to the runtime. It
//! finds its parameters as their types say. When an interpreted function ends with a tail call of a tail function, it jumps
//! there in turn. So a chain of tail calls takes no stack space, whatever runs its functions.
//!
//! **The C convention** is the one that an architecture has on Linux, on every system: System V's on x86-64, and that of ARM's
//! procedure call standard on aarch64. For libcalls, entry wrappers and the runtime symbols, whose few parameters are all in
//! registers, the latter is that of macOS and Windows as well. A runtime for Windows on x86-64 has functions of
//! `extern "sysv64"` there, and saves what its own convention preserves and this one does not (rdi, rsi, xmm6 to xmm15) when
//! it enters native code. What else a system asks for, [`crate::system`] says.
//!
//! A value occupies the first bytes of its slot; the rest is undefined.

use crate::types::{FuncType, ValType};

/// Size and alignment of a slot, in bytes.
pub const SLOT_SIZE: u32 = 16;

/// How many results a native function returns directly: what every target has registers for, of any class.
pub const MAX_REGISTER_RESULTS: usize = 2;

/// How many integers and pointers a tail function is passed in registers, context and results pointer among them: as many as
/// every target has.
pub const TAIL_INTEGER_REGISTERS: usize = 6;

/// How many floats and vectors a tail function is passed in registers: as many as every target has.
pub const TAIL_VECTOR_REGISTERS: usize = 8;

/// How many parameters a function can have (specification, appendix 7.2: a limit of the implementation, here the validator's).
pub const MAX_PARAMS: u32 = 1000;

/// Whether results of a native function of this type go through a return area.
pub fn has_return_area(ty: &FuncType) -> bool {
    ty.results.len() > MAX_REGISTER_RESULTS
}

/// Bytes that a value occupies in memory and in a slot.
pub const fn size_of_value(ty: ValType) -> u32 {
    match ty {
        ValType::I32 | ValType::F32 => 4,
        ValType::I64 | ValType::F64 | ValType::Ref(_) => 8,
        ValType::V128 => 16,
    }
}

/// Where a tail function finds a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TailPlace {
    /// It is passed as such.
    Register,
    /// In this slot of [`crate::layout::Header::tail_arguments`].
    Slot(u32),
}

/// Where a tail function of a type finds its parameters: registers in order, as long as there are some of a parameter's kind.
pub fn tail_places(ty: &FuncType) -> Vec<TailPlace> {
    let mut integers = TAIL_INTEGER_REGISTERS - 1 - usize::from(has_return_area(ty));
    let mut vectors = TAIL_VECTOR_REGISTERS;
    let mut slots = 0..;
    let place = |ty: &ValType| {
        let registers = match ty {
            ValType::I32 | ValType::I64 | ValType::Ref(_) => &mut integers,
            ValType::F32 | ValType::F64 | ValType::V128 => &mut vectors,
        };
        match registers.checked_sub(1) {
            Some(left) => {
                *registers = left;
                TailPlace::Register
            }
            None => TailPlace::Slot(slots.next().expect("there are fewer than 2^32 parameters")),
        }
    };
    ty.params.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_tail_functions_take_registers_of_their_kind() {
        use TailPlace::{Register, Slot};
        use ValType::{F64, I32, I64, V128};
        let ty = FuncType::new([I64, F64, I32, I32, I32, I32, I32, V128, I64], []);
        let places = [Register, Register, Register, Register, Register, Register, Slot(0), Register, Slot(1)];
        assert_eq!(tail_places(&ty), places);
        // The results pointer takes a register.
        let ty = FuncType::new([I32; 5], [I32; 3]);
        assert_eq!(tail_places(&ty), [Register, Register, Register, Register, Slot(0)]);
        let ty = FuncType::new([F64; 10], []);
        assert_eq!(tail_places(&ty)[7..], [Register, Slot(0), Slot(1)]);
    }
}
