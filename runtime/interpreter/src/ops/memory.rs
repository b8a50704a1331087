//! Linear memory: loads, stores, size, growth.
//!
//! An access has its address in `b`, its result or value in `a` and its offset in an immediate. What another memory than the
//! first takes stands in a `Far` in front of it.

use super::rows;
use crate::frame::{Frame, Word};
use crate::instruction::{Instr, Op};
use crate::translate::{Error, Result, Translation};
use abi::trap::TrapCode;
use abi::types::MemoryIdx;
use vm::{Guest, MemoryView};
use wasmparser::{MemArg, MemArgTarget};

rows! {
    visit_i32_load(memarg: MemArg) => load(memarg, Op::Load32);
    visit_i64_load(memarg: MemArg) => load(memarg, Op::Load64);
    visit_f32_load(memarg: MemArg) => load(memarg, Op::Load32);
    visit_f64_load(memarg: MemArg) => load(memarg, Op::Load64);
    visit_i32_load8_s(memarg: MemArg) => load(memarg, Op::I32Load8S);
    visit_i32_load8_u(memarg: MemArg) => load(memarg, Op::Load8U);
    visit_i32_load16_s(memarg: MemArg) => load(memarg, Op::I32Load16S);
    visit_i32_load16_u(memarg: MemArg) => load(memarg, Op::Load16U);
    visit_i64_load8_s(memarg: MemArg) => load(memarg, Op::I64Load8S);
    visit_i64_load8_u(memarg: MemArg) => load(memarg, Op::Load8U);
    visit_i64_load16_s(memarg: MemArg) => load(memarg, Op::I64Load16S);
    visit_i64_load16_u(memarg: MemArg) => load(memarg, Op::Load16U);
    visit_i64_load32_s(memarg: MemArg) => load(memarg, Op::I64Load32S);
    visit_i64_load32_u(memarg: MemArg) => load(memarg, Op::Load32);
    visit_i32_store(memarg: MemArg) => store(memarg, Op::Store32, Op::Store32Imm);
    visit_i64_store(memarg: MemArg) => store(memarg, Op::Store64, Op::Store64Imm);
    visit_f32_store(memarg: MemArg) => store(memarg, Op::Store32, Op::Store32Imm);
    visit_f64_store(memarg: MemArg) => store(memarg, Op::Store64, Op::Store64Imm);
    visit_i32_store8(memarg: MemArg) => store(memarg, Op::Store8, Op::Store8Imm);
    visit_i32_store16(memarg: MemArg) => store(memarg, Op::Store16, Op::Store16Imm);
    visit_i64_store8(memarg: MemArg) => store(memarg, Op::Store8, Op::Store8Imm);
    visit_i64_store16(memarg: MemArg) => store(memarg, Op::Store16, Op::Store16Imm);
    visit_i64_store32(memarg: MemArg) => store(memarg, Op::Store32, Op::Store32Imm);
    visit_memory_size(memory: u32) => memory_size(memory);
    visit_memory_grow(memory: u32) => memory_grow(memory);
}

impl Translation<'_> {
    fn load(&mut self, memarg: MemArg, op: Op) -> Result {
        let address = self.pop();
        let address = self.slot(address);
        let near = self.far(memarg)?;
        self.result_of_immediate(op, address, near.cast_signed());
        Ok(())
    }

    fn store(&mut self, memarg: MemArg, op: Op, immediate: Op) -> Result {
        let (address, value) = self.pop2();
        let address = self.slot(address);
        let short = value.immediate().and_then(|value| i16::try_from(value).ok());
        let (op, value) = match short {
            Some(value) => (immediate, value.cast_unsigned()),
            None => (op, self.slot(value)),
        };
        let near = self.far(memarg)?;
        self.emit(Instr::with_immediate(op, value, address, near));
        Ok(())
    }

    /// Prepares an access. Gives the offset that goes into its own instruction.
    fn far(&mut self, memarg: MemArg) -> Result<u32> {
        let (memory, offset) = self.place_of(memarg)?;
        if memory == MemoryIdx(0) {
            return Ok(offset);
        }
        let memory = u16::try_from(memory.0).map_err(|_| Error::Limit("more than 65536 memories"))?;
        self.emit(Instr::wide(Op::Far, memory, offset));
        Ok(0)
    }

    /// The memory of an access and its offset.
    pub(super) fn place_of(&self, memarg: MemArg) -> Result<(MemoryIdx, u32)> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(Error::Unsupported("access to a garbage-collected array"));
        };
        let offset = u32::try_from(memarg.offset).map_err(|_| Error::Unsupported("a 64-bit memory"))?;
        Ok((MemoryIdx(memory), offset))
    }

    fn memory_size(&mut self, memory: u32) -> Result {
        let result = self.push(false);
        self.emit(Instr::wide(Op::MemorySize, result, memory));
        self.made(1);
        Ok(())
    }

    fn memory_grow(&mut self, memory: u32) -> Result {
        self.in_place(Op::MemoryGrow, 1, true, memory);
        Ok(())
    }
}

instructions! {$ memory_instructions:
    access Load8U: load(u8::from_le_bytes, u32::from);
    access Load16U: load(u16::from_le_bytes, u32::from);
    access Load32: load(u32::from_le_bytes, |value: u32| value);
    access Load64: load(u64::from_le_bytes, |value: u64| value);
    access I32Load8S: load(i8::from_le_bytes, i32::from);
    access I32Load16S: load(i16::from_le_bytes, i32::from);
    access I64Load8S: load(i8::from_le_bytes, i64::from);
    access I64Load16S: load(i16::from_le_bytes, i64::from);
    access I64Load32S: load(i32::from_le_bytes, i64::from);
    access Store8: store(|value: u32| (value as u8).to_le_bytes());
    access Store16: store(|value: u32| (value as u16).to_le_bytes());
    access Store32: store(u32::to_le_bytes);
    access Store64: store(u64::to_le_bytes);
    access Store8Imm: store_imm(|value: i64| (value as u8).to_le_bytes());
    access Store16Imm: store_imm(|value: i64| (value as u16).to_le_bytes());
    access Store32Imm: store_imm(|value: i64| (value as u32).to_le_bytes());
    access Store64Imm: store_imm(i64::to_le_bytes);
    control Far: far();
    guest MemorySize: memory_size();
    control MemoryGrow: memory_grow();
}

impl Frame<'_> {
    /// The sum of address and offset, which has 33 bits.
    #[inline(always)]
    fn address(self, instr: Instr, offset: u32) -> u64 {
        u64::from(self.get::<u32>(instr.b)) + u64::from(offset)
    }

    #[inline(always)]
    pub fn load<const N: usize, T, R: Word>(
        self,
        memory: MemoryView<'_>,
        instr: Instr,
        offset: u32,
        decode: impl FnOnce([u8; N]) -> T,
        extend: impl FnOnce(T) -> R,
    ) -> std::result::Result<(), TrapCode> {
        let bytes = memory.read(self.address(instr, offset)).ok_or(TrapCode::MemoryOutOfBounds)?;
        self.set(instr.a, extend(decode(bytes)));
        Ok(())
    }

    #[inline(always)]
    pub fn store<const N: usize, T: Word>(
        self,
        memory: MemoryView<'_>,
        instr: Instr,
        offset: u32,
        encode: impl FnOnce(T) -> [u8; N],
    ) -> std::result::Result<(), TrapCode> {
        let bytes = encode(self.get(instr.a));
        memory.write(self.address(instr, offset), bytes).ok_or(TrapCode::MemoryOutOfBounds)
    }

    /// The same, of a value that stands in `a`.
    #[inline(always)]
    pub fn store_imm<const N: usize>(
        self,
        memory: MemoryView<'_>,
        instr: Instr,
        offset: u32,
        encode: impl FnOnce(i64) -> [u8; N],
    ) -> std::result::Result<(), TrapCode> {
        let bytes = encode(instr.a.cast_signed().into());
        memory.write(self.address(instr, offset), bytes).ok_or(TrapCode::MemoryOutOfBounds)
    }

    pub fn memory_size(self, guest: &mut Guest<'_>, instr: Instr) {
        self.set(instr.a, guest.memory_size(MemoryIdx(instr.immediate())));
    }

    pub fn memory_grow(self, guest: &mut Guest<'_>, instr: Instr) {
        let old = guest.memory_grow(MemoryIdx(instr.immediate()), self.get::<u32>(instr.a).into());
        self.set(instr.a, old.unwrap_or(u64::MAX));
    }
}
