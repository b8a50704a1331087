//! Linear memory: loads, stores, size, growth.
//!
//! The address space behind a memory's base covers every address with every offset, and what is not memory in it faults:
//! accesses need no check.

use super::rows;
use crate::function::{Lowering, Result};
use abi::libcall::Libcall;
use abi::types::MemoryIdx;
use abi::types::ValType::{self, F32, F64, I32, I64};
use llvm::{GepFlags, Value};
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
    visit_memory_size(memory: u32) => memory_size(memory);
    visit_memory_grow(memory: u32) => memory_grow(memory);
}

/// The base-two logarithm of the size of a page.
const PAGE_BITS: i64 = abi::layout::PAGE_SIZE.trailing_zeros() as i64;

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

    /// Pops an address. The sum with the offset has 33 bits.
    pub(super) fn address(&mut self, memarg: MemArg) -> Result<Value<'c>> {
        let memory = match memarg.target {
            MemArgTarget::Memory(index) => self.memory(index)?,
            MemArgTarget::Array(_) => return Err(self.unsupported("access to a garbage-collected array")),
        };
        let index = self.pop();
        let base = self.env.memory_base(memory);
        let context = self.env.unit.context;
        let builder = &self.env.builder;
        let flags = GepFlags::IN_BOUNDS | GepFlags::NUW;
        if let Some(index) = index.as_const_int() {
            return Ok(builder.ptr_add_with(base, context.const_i64((index + memarg.offset) as i64), flags));
        }
        let wide = builder.zext(index, self.env.unit.types.i64);
        let address = builder.ptr_add_with(base, wide, flags);
        Ok(match memarg.offset {
            0 => address,
            offset => builder.ptr_add_with(address, context.const_i64(offset as i64), flags),
        })
    }

    fn memory_size(&mut self, memory: u32) -> Result {
        let memory = self.memory(memory)?;
        let bytes = self.env.memory_bytes(memory);
        let builder = &self.env.builder;
        let pages = builder.lshr(bytes, self.env.unit.context.const_i64(PAGE_BITS));
        self.push(builder.trunc(pages, self.env.unit.types.i32));
        Ok(())
    }

    fn memory_grow(&mut self, memory: u32) -> Result {
        let memory = self.memory(memory)?;
        let delta = self.pop_wide();
        let old = self.env.libcall(Libcall::MemoryGrow, &[self.number(memory.0), delta]);
        self.push(self.env.builder.trunc(old, self.env.unit.types.i32));
        Ok(())
    }

    /// A memory that code can be made for.
    pub(super) fn memory(&self, index: u32) -> Result<MemoryIdx> {
        let memory = MemoryIdx(index);
        let ty = self.env.unit.input.module.memories[memory.index()];
        if ty.memory64 {
            return Err(self.unsupported("a 64-bit memory"));
        }
        if ty.shared {
            return Err(self.unsupported("a shared memory"));
        }
        Ok(memory)
    }

    /// Pops an `i32` that counts from zero, as an `i64`.
    pub(super) fn pop_wide(&mut self) -> Value<'c> {
        let value = self.pop();
        self.env.builder.zext(value, self.env.unit.types.i64)
    }

    /// An index as an argument of a libcall.
    pub(super) fn number(&self, index: u32) -> Value<'c> {
        self.env.unit.context.const_i32(index as i32)
    }
}
