//! Linear memory: loads, stores, size, growth.
//!
//! The address space behind the base of a 32-bit memory covers every address with every offset, and what is not memory in it
//! faults: accesses need no check. That of a 64-bit memory covers its length and a guard: an address is compared with the length,
//! and the offset needs no check as long as it is smaller than the guard. Accesses by one address with several offsets, as to the
//! fields of a structure, thus make the same comparison, of which the optimizer leaves one.

use super::rows;
use crate::function::{Lowering, Result};
use abi::layout::MEMORY_GUARD;
use abi::libcall::Libcall;
use abi::trap::TrapCode;
use abi::types::MemoryIdx;
use abi::types::ValType::{self, F32, F64, I32, I64};
use llvm::{GepFlags, IntPredicate, Type, Value};
use wasmparser::{MemArg, MemArgTarget};

rows! {
    visit_i32_load(memarg: MemArg) => load(memarg, I32);
    visit_i64_load(memarg: MemArg) => load(memarg, I64);
    visit_f32_load(memarg: MemArg) => load(memarg, F32);
    visit_f64_load(memarg: MemArg) => load(memarg, F64);
    visit_i32_load8_s(memarg: MemArg) => load_signed(memarg, 8, I32);
    visit_i32_load8_u(memarg: MemArg) => load_unsigned(memarg, 8, I32);
    visit_i32_load16_s(memarg: MemArg) => load_signed(memarg, 16, I32);
    visit_i32_load16_u(memarg: MemArg) => load_unsigned(memarg, 16, I32);
    visit_i64_load8_s(memarg: MemArg) => load_signed(memarg, 8, I64);
    visit_i64_load8_u(memarg: MemArg) => load_unsigned(memarg, 8, I64);
    visit_i64_load16_s(memarg: MemArg) => load_signed(memarg, 16, I64);
    visit_i64_load16_u(memarg: MemArg) => load_unsigned(memarg, 16, I64);
    visit_i64_load32_s(memarg: MemArg) => load_signed(memarg, 32, I64);
    visit_i64_load32_u(memarg: MemArg) => load_unsigned(memarg, 32, I64);
    visit_i32_store(memarg: MemArg) => store(memarg);
    visit_i64_store(memarg: MemArg) => store(memarg);
    visit_f32_store(memarg: MemArg) => store(memarg);
    visit_f64_store(memarg: MemArg) => store(memarg);
    visit_i32_store8(memarg: MemArg) => store_low(memarg, 8);
    visit_i32_store16(memarg: MemArg) => store_low(memarg, 16);
    visit_i64_store8(memarg: MemArg) => store_low(memarg, 8);
    visit_i64_store16(memarg: MemArg) => store_low(memarg, 16);
    visit_i64_store32(memarg: MemArg) => store_low(memarg, 32);
    visit_memory_size(memory: u32) => memory_size(MemoryIdx(memory));
    visit_memory_grow(memory: u32) => memory_grow(MemoryIdx(memory));
}

/// The base-two logarithm of the size of a page.
const PAGE_BITS: i64 = abi::layout::PAGE_SIZE.trailing_zeros() as i64;
/// The largest offset with which an access of any width stays within the guard, if its address alone is in bounds.
const MAX_UNCHECKED_OFFSET: u64 = MEMORY_GUARD - 16;

impl<'c> Lowering<'_, 'c> {
    pub(super) fn load(&mut self, memarg: MemArg, ty: ValType) -> Result {
        let address = self.address(memarg)?;
        self.push(self.env.load(self.env.unit.types.value(ty), address));
        Ok(())
    }

    fn load_signed(&mut self, memarg: MemArg, bits: u32, ty: ValType) -> Result {
        let address = self.address(memarg)?;
        let low = self.env.load(self.env.unit.context.int(bits), address);
        self.push(self.env.builder.sext(low, self.env.unit.types.value(ty)));
        Ok(())
    }

    fn load_unsigned(&mut self, memarg: MemArg, bits: u32, ty: ValType) -> Result {
        let address = self.address(memarg)?;
        let low = self.env.load(self.env.unit.context.int(bits), address);
        self.push(self.env.builder.zext(low, self.env.unit.types.value(ty)));
        Ok(())
    }

    pub(super) fn store(&mut self, memarg: MemArg) -> Result {
        let value = self.pop();
        let address = self.address(memarg)?;
        self.env.store(value, address);
        Ok(())
    }

    fn store_low(&mut self, memarg: MemArg, bits: u32) -> Result {
        let value = self.pop();
        let address = self.address(memarg)?;
        let low = self.env.builder.trunc(value, self.env.unit.context.int(bits));
        self.env.store(low, address);
        Ok(())
    }

    /// Pops an address.
    pub(super) fn address(&mut self, memarg: MemArg) -> Result<Value<'c>> {
        let memory = self.accessed(memarg)?;
        let index = self.pop();
        Ok(match self.env.unit.input.interface.memory(memory).memory64 {
            false => self.address_32(memory, index, memarg.offset),
            true => self.address_64(memory, index, memarg.offset),
        })
    }

    /// The sum of address and offset has 33 bits.
    fn address_32(&mut self, memory: MemoryIdx, index: Value<'c>, offset: u64) -> Value<'c> {
        let base = self.env.memory_base(memory);
        if let Some(index) = index.as_const_int() {
            return self.displaced(base, index + offset);
        }
        let wide = self.env.builder.zext(index, self.env.unit.types.i64);
        let address = self.within(base, wide);
        self.displaced(address, offset)
    }

    /// The sum of address and offset may have 65 bits; past the end it traps, before it can wrap around.
    fn address_64(&mut self, memory: MemoryIdx, index: Value<'c>, offset: u64) -> Value<'c> {
        let length = self.env.memory_bytes(memory);
        let bound = match offset {
            0..=MAX_UNCHECKED_OFFSET => length,
            _ => {
                let offset = self.env.unit.context.const_i64(offset as i64);
                *self.env.builder.intrinsic("llvm.usub.sat", &[length.ty()], &[length, offset])
            }
        };
        let outside = self.env.builder.icmp(IntPredicate::Uge, index, bound);
        self.env.trap_if(outside, TrapCode::MemoryOutOfBounds);
        let base = self.env.memory_base(memory);
        let address = self.within(base, index);
        self.displaced(address, offset)
    }

    fn displaced(&self, address: Value<'c>, offset: u64) -> Value<'c> {
        match offset {
            0 => address,
            offset => self.within(address, self.env.unit.context.const_i64(offset as i64)),
        }
    }

    /// An address that lies in the memory's reservation.
    fn within(&self, address: Value<'c>, offset: Value<'c>) -> Value<'c> {
        self.env.builder.ptr_add_with(address, offset, GepFlags::IN_BOUNDS | GepFlags::NUW)
    }

    fn memory_size(&mut self, memory: MemoryIdx) -> Result {
        let bytes = self.env.memory_bytes(memory);
        let builder = &self.env.builder;
        let pages = builder.lshr(bytes, self.env.unit.context.const_i64(PAGE_BITS));
        self.push(builder.trunc(pages, self.memory_index_type(memory)));
        Ok(())
    }

    fn memory_grow(&mut self, memory: MemoryIdx) -> Result {
        let delta = self.pop_wide();
        let old = self.env.libcall(Libcall::MemoryGrow, &[self.number(memory.0), delta]);
        self.push(self.env.builder.trunc(old, self.memory_index_type(memory)));
        Ok(())
    }

    /// The memory that an access goes to.
    pub(super) fn accessed(&self, memarg: MemArg) -> Result<MemoryIdx> {
        match memarg.target {
            MemArgTarget::Memory(index) => Ok(MemoryIdx(index)),
            MemArgTarget::Array(_) => Err(self.unsupported("access to a garbage-collected array")),
        }
    }

    /// The type of a memory's addresses and sizes.
    fn memory_index_type(&self, memory: MemoryIdx) -> Type<'c> {
        match self.env.unit.input.interface.memory(memory).memory64 {
            false => self.env.unit.types.i32,
            true => self.env.unit.types.i64,
        }
    }

    /// Pops an `i32` that counts from zero, or an `i64`, as an `i64`.
    pub(super) fn pop_wide(&mut self) -> Value<'c> {
        let value = self.pop();
        self.env.builder.zext(value, self.env.unit.types.i64)
    }

    /// An index as an argument of a libcall.
    pub(super) fn number(&self, index: u32) -> Value<'c> {
        self.env.unit.context.const_i32(index as i32)
    }
}
