//! Linear memory: loads, stores, size, growth.
//!
//! An access has its address in `b`, its result or value in `a` and its offset in an immediate. What another memory than the
//! first takes stands in a `Far` in front of it; for memories that are 64-bit or shared in a `FarAny`.

use super::rows;
use crate::frame::{Frame, Word};
use crate::instruction::{Instr, Op};
use crate::translate::{Error, Result, Translation};
use abi::trap::TrapCode;
use abi::types::MemoryIdx;
use vm::{Guest, View};
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
        let access @ Access { memory, offset, long } = self.access(memarg)?;
        if long || self.module.memories[memory.index()].shared {
            self.emit(Instr::wide(Op::FarAny, 0, self.accesses.len() as u32));
            self.accesses.push(access);
            return Ok(0);
        }
        if memory == MemoryIdx(0) {
            return Ok(offset as u32);
        }
        let memory = u16::try_from(memory.0).map_err(|_| Error::Limit("more than 65536 memories"))?;
        self.emit(Instr::wide(Op::Far, memory, offset as u32));
        Ok(0)
    }

    /// Where an operator goes.
    pub(super) fn access(&self, memarg: MemArg) -> Result<Access> {
        let MemArgTarget::Memory(memory) = memarg.target else {
            return Err(Error::Unsupported("access to a garbage-collected array"));
        };
        Ok(Access { memory: MemoryIdx(memory), offset: memarg.offset, long: self.is_long_memory(memory) })
    }

    /// Whether a memory has 64-bit addresses.
    pub(super) fn is_long_memory(&self, memory: u32) -> bool {
        self.module.memories[memory as usize].memory64
    }

    fn memory_size(&mut self, memory: u32) -> Result {
        let result = self.push(false);
        self.emit(Instr::wide(Op::MemorySize, result, memory));
        self.made(1);
        Ok(())
    }

    fn memory_grow(&mut self, memory: u32) -> Result {
        self.in_place(Op::MemoryGrow, 1, true, Instr::marked(memory, self.is_long_memory(memory)));
        Ok(())
    }
}

/// Where an operator goes in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub memory: MemoryIdx,
    pub offset: u64,
    /// Whether addresses have 64 bits.
    pub long: bool,
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
    control FarAny: far_any();
    guest MemorySize: memory_size();
    control MemoryGrow: memory_grow();
}

impl Frame<'_> {
    /// The sum of address and offset, which has 33 bits.
    #[inline(always)]
    pub fn address(self, instr: Instr, offset: u32) -> u64 {
        u64::from(self.get::<u32>(instr.b)) + u64::from(offset)
    }

    /// The sum of address and offset of an access to any memory. One of more than 64 bits is past every end.
    pub fn any_address(self, slot: u16, access: &Access) -> std::result::Result<u64, TrapCode> {
        self.index(slot, access.long).checked_add(access.offset).ok_or(TrapCode::MemoryOutOfBounds)
    }

    /// An address, index or count, which has 64 bits if it is `long`, else 32.
    #[inline(always)]
    pub fn index(self, slot: u16, long: bool) -> u64 {
        if long { self.get(slot) } else { self.get::<u32>(slot).into() }
    }

    #[inline(always)]
    pub fn load<const N: usize, T, R: Word>(
        self,
        memory: impl View,
        instr: Instr,
        address: u64,
        decode: impl FnOnce([u8; N]) -> T,
        extend: impl FnOnce(T) -> R,
    ) -> std::result::Result<(), TrapCode> {
        let bytes = memory.read(address).ok_or(TrapCode::MemoryOutOfBounds)?;
        self.set(instr.a, extend(decode(bytes)));
        Ok(())
    }

    #[inline(always)]
    pub fn store<const N: usize, T: Word>(
        self,
        memory: impl View,
        instr: Instr,
        address: u64,
        encode: impl FnOnce(T) -> [u8; N],
    ) -> std::result::Result<(), TrapCode> {
        let bytes = encode(self.get(instr.a));
        memory.write(address, bytes).ok_or(TrapCode::MemoryOutOfBounds)
    }

    /// The same, of a value that stands in `a`.
    #[inline(always)]
    pub fn store_imm<const N: usize>(
        self,
        memory: impl View,
        instr: Instr,
        address: u64,
        encode: impl FnOnce(i64) -> [u8; N],
    ) -> std::result::Result<(), TrapCode> {
        let bytes = encode(instr.a.cast_signed().into());
        memory.write(address, bytes).ok_or(TrapCode::MemoryOutOfBounds)
    }

    pub fn memory_size(self, guest: &mut Guest<'_>, instr: Instr) {
        self.set(instr.a, guest.memory_size(MemoryIdx(instr.immediate())));
    }

    pub fn memory_grow(self, guest: &mut Guest<'_>, instr: Instr) {
        let (memory, long) = instr.unmarked();
        let old = guest.memory_grow(MemoryIdx(memory), self.index(instr.a, long));
        self.set(instr.a, old.unwrap_or(u64::MAX));
    }
}
