//! Vectors of 128 bits (specification, section 4.3.6), by class as elsewhere.
//!
//! All operators are one instruction, which names what a row gives: a function on whole vectors. They are many and each does
//! much, so that a call costs little beside it, and the loop stays small.

mod bitwise;
mod compare;
mod convert;
mod float;
mod int;
mod lanes;
mod memory;
mod relaxed;
mod widen;

use super::memory::Access;
use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::semantics::vector::{Vector, shuffle};
use crate::translate::{Result, Translation};
use abi::trap::TrapCode;
use vm::{AnyView, Guest};
use wasmparser::MemArg;

/// What an operator does: to which operands, and the function that does it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum VectorOp {
    Constant(Vector),
    Unary(fn(Vector) -> Vector),
    Binary(fn(Vector, Vector) -> Vector),
    Ternary(fn(Vector, Vector, Vector) -> Vector),
    /// With a number as second operand.
    Shift(fn(Vector, u32) -> Vector),
    /// To a number.
    Test(fn(Vector) -> u64),
    /// From a number.
    Splat(fn(u64) -> Vector),
    Extract(fn(Vector, u8) -> u64, u8),
    Replace(fn(Vector, u8, u64) -> Vector, u8),
    Shuffle([u8; 16]),
    Load(fn(AnyView<'_>, u64) -> Option<Vector>, Access),
    Store(fn(AnyView<'_>, u64, Vector) -> Option<()>, Access),
    LoadLane(fn(AnyView<'_>, u64, Vector, u8) -> Option<Vector>, Access, u8),
    StoreLane(fn(AnyView<'_>, u64, Vector, u8) -> Option<()>, Access, u8),
}

impl Translation<'_> {
    /// Emits an instruction with up to three operands. Without a result `a` is the first.
    fn vector(&mut self, op: VectorOp, a: u16, [b, c, d]: [u16; 3]) {
        let index = self.vectors.len() as u32;
        self.vectors.push(op);
        self.emit(Instr::new(Op::Vector, a, b, c));
        self.emit(Instr::wide(Op::Data, d, index));
    }

    /// The same, and pushes its result.
    fn vector_result(&mut self, op: VectorOp, wide: bool, operands: [u16; 3]) -> Result {
        let result = self.push(wide);
        self.vector(op, result, operands);
        self.made(2);
        Ok(())
    }

    fn slots<const N: usize>(&mut self) -> [u16; 3] {
        let mut operands = [0; 3];
        for operand in operands[..N].iter_mut().rev() {
            let value = self.pop();
            *operand = self.slot(value);
        }
        operands
    }

    fn constant_vector(&mut self, value: Vector) -> Result {
        self.vector_result(VectorOp::Constant(value), true, [0; 3])
    }

    fn unary_vector(&mut self, op: fn(Vector) -> Vector) -> Result {
        let operands = self.slots::<1>();
        self.vector_result(VectorOp::Unary(op), true, operands)
    }

    fn binary_vector(&mut self, op: fn(Vector, Vector) -> Vector) -> Result {
        let operands = self.slots::<2>();
        self.vector_result(VectorOp::Binary(op), true, operands)
    }

    fn ternary_vector(&mut self, op: fn(Vector, Vector, Vector) -> Vector) -> Result {
        let operands = self.slots::<3>();
        self.vector_result(VectorOp::Ternary(op), true, operands)
    }

    fn shift_vector(&mut self, op: fn(Vector, u32) -> Vector) -> Result {
        let operands = self.slots::<2>();
        self.vector_result(VectorOp::Shift(op), true, operands)
    }

    fn test_vector(&mut self, op: fn(Vector) -> u64) -> Result {
        let operands = self.slots::<1>();
        self.vector_result(VectorOp::Test(op), false, operands)
    }

    fn splat(&mut self, op: fn(u64) -> Vector) -> Result {
        let operands = self.slots::<1>();
        self.vector_result(VectorOp::Splat(op), true, operands)
    }

    fn extract(&mut self, lane: u8, op: fn(Vector, u8) -> u64) -> Result {
        let operands = self.slots::<1>();
        self.vector_result(VectorOp::Extract(op, lane), false, operands)
    }

    fn replace(&mut self, lane: u8, op: fn(Vector, u8, u64) -> Vector) -> Result {
        let operands = self.slots::<2>();
        self.vector_result(VectorOp::Replace(op, lane), true, operands)
    }

    fn shuffle(&mut self, lanes: [u8; 16]) -> Result {
        let operands = self.slots::<2>();
        self.vector_result(VectorOp::Shuffle(lanes), true, operands)
    }

    fn load_vector(&mut self, memarg: MemArg, op: fn(AnyView<'_>, u64) -> Option<Vector>) -> Result {
        let access = self.access(memarg)?;
        let operands = self.slots::<1>();
        self.vector_result(VectorOp::Load(op, access), true, operands)
    }

    fn store_vector(&mut self, memarg: MemArg, op: fn(AnyView<'_>, u64, Vector) -> Option<()>) -> Result {
        let access = self.access(memarg)?;
        let operands = self.slots::<2>();
        self.vector(VectorOp::Store(op, access), 0, operands);
        Ok(())
    }

    fn load_lane(
        &mut self,
        memarg: MemArg,
        lane: u8,
        op: fn(AnyView<'_>, u64, Vector, u8) -> Option<Vector>,
    ) -> Result {
        let access = self.access(memarg)?;
        let operands = self.slots::<2>();
        self.vector_result(VectorOp::LoadLane(op, access, lane), true, operands)
    }

    fn store_lane(&mut self, memarg: MemArg, lane: u8, op: fn(AnyView<'_>, u64, Vector, u8) -> Option<()>) -> Result {
        let access = self.access(memarg)?;
        let operands = self.slots::<2>();
        self.vector(VectorOp::StoreLane(op, access, lane), 0, operands);
        Ok(())
    }
}

instructions! {$ simd_instructions:
    control Vector: vector();
}

impl Frame<'_> {
    fn get_vector(self, slot: u16) -> Vector {
        u64_pair([self.word(slot), self.word(slot + 1)])
    }

    fn set_vector(self, slot: u16, value: Vector) {
        let (words, _) = value.as_chunks();
        self.set_word(slot, u64::from_le_bytes(words[0]));
        self.set_word(slot + 1, u64::from_le_bytes(words[1]));
    }

    /// Runs an operator on operands in `b`, `c` of an instruction and `a` of the word that follows.
    #[inline(never)]
    pub fn vector(
        self,
        guest: &Guest<'_>,
        op: &VectorOp,
        instr: Instr,
        data: Instr,
    ) -> std::result::Result<(), TrapCode> {
        let Instr { a, b, c, .. } = instr;
        let outside = TrapCode::MemoryOutOfBounds;
        let result = match op {
            VectorOp::Constant(value) => *value,
            VectorOp::Unary(op) => op(self.get_vector(b)),
            VectorOp::Binary(op) => op(self.get_vector(b), self.get_vector(c)),
            VectorOp::Ternary(op) => op(self.get_vector(b), self.get_vector(c), self.get_vector(data.a)),
            VectorOp::Shift(op) => op(self.get_vector(b), self.get(c)),
            VectorOp::Splat(op) => op(self.word(b)),
            VectorOp::Replace(op, lane) => op(self.get_vector(b), *lane, self.word(c)),
            VectorOp::Shuffle(lanes) => shuffle(self.get_vector(b), self.get_vector(c), *lanes),
            VectorOp::Load(op, access) => {
                op(guest.any_memory(access.memory), self.any_address(b, access)?).ok_or(outside)?
            }
            VectorOp::LoadLane(op, access, lane) => {
                op(guest.any_memory(access.memory), self.any_address(b, access)?, self.get_vector(c), *lane)
                    .ok_or(outside)?
            }
            VectorOp::Test(op) => {
                self.set_word(a, op(self.get_vector(b)));
                return Ok(());
            }
            VectorOp::Extract(op, lane) => {
                self.set_word(a, op(self.get_vector(b), *lane));
                return Ok(());
            }
            VectorOp::Store(op, access) => {
                return op(guest.any_memory(access.memory), self.any_address(b, access)?, self.get_vector(c))
                    .ok_or(outside);
            }
            VectorOp::StoreLane(op, access, lane) => {
                let value = self.get_vector(c);
                return op(guest.any_memory(access.memory), self.any_address(b, access)?, value, *lane).ok_or(outside);
            }
        };
        self.set_vector(a, result);
        Ok(())
    }
}

fn u64_pair([low, high]: [u64; 2]) -> Vector {
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}
