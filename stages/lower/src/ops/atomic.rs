//! Atomic accesses, fences, waiting and notifying (threads proposal).
//!
//! All are sequentially consistent. They trap at an address that is no multiple of their size; that comes before all other checks.
//! They may be made to memories that are not shared, too, but for waiting.

use super::rows;
use crate::function::{Lowering, Result};
use abi::libcall::Libcall;
use abi::trap::TrapCode;
use abi::types::ValType::{self, I32, I64};
use llvm::{AtomicOrdering, AtomicRmwOp, IntPredicate, Value};
use wasmparser::{MemArg, Ordering};

rows! {
    visit_memory_atomic_notify(memarg: MemArg) => notify(memarg);
    visit_memory_atomic_wait32(memarg: MemArg) => wait(Libcall::MemoryWait32, memarg, 32);
    visit_memory_atomic_wait64(memarg: MemArg) => wait(Libcall::MemoryWait64, memarg, 64);
    visit_atomic_fence(_ordering: Ordering) => atomic_fence();
    visit_i32_atomic_load(memarg: MemArg) => atomic_load(memarg, 32, I32);
    visit_i32_atomic_load8_u(memarg: MemArg) => atomic_load(memarg, 8, I32);
    visit_i32_atomic_load16_u(memarg: MemArg) => atomic_load(memarg, 16, I32);
    visit_i64_atomic_load(memarg: MemArg) => atomic_load(memarg, 64, I64);
    visit_i64_atomic_load8_u(memarg: MemArg) => atomic_load(memarg, 8, I64);
    visit_i64_atomic_load16_u(memarg: MemArg) => atomic_load(memarg, 16, I64);
    visit_i64_atomic_load32_u(memarg: MemArg) => atomic_load(memarg, 32, I64);
    visit_i32_atomic_store8, visit_i64_atomic_store8(memarg: MemArg) => atomic_store(memarg, 8);
    visit_i32_atomic_store16, visit_i64_atomic_store16(memarg: MemArg) => atomic_store(memarg, 16);
    visit_i32_atomic_store(memarg: MemArg) => atomic_store(memarg, 32);
    visit_i64_atomic_store32(memarg: MemArg) => atomic_store(memarg, 32);
    visit_i64_atomic_store(memarg: MemArg) => atomic_store(memarg, 64);
    visit_i32_atomic_rmw8_add_u, visit_i64_atomic_rmw8_add_u(memarg: MemArg) => change(AtomicRmwOp::Add, memarg, 8);
    visit_i32_atomic_rmw16_add_u, visit_i64_atomic_rmw16_add_u(memarg: MemArg) => change(AtomicRmwOp::Add, memarg, 16);
    visit_i32_atomic_rmw_add(memarg: MemArg) => change(AtomicRmwOp::Add, memarg, 32);
    visit_i64_atomic_rmw32_add_u(memarg: MemArg) => change(AtomicRmwOp::Add, memarg, 32);
    visit_i64_atomic_rmw_add(memarg: MemArg) => change(AtomicRmwOp::Add, memarg, 64);
    visit_i32_atomic_rmw8_sub_u, visit_i64_atomic_rmw8_sub_u(memarg: MemArg) => change(AtomicRmwOp::Sub, memarg, 8);
    visit_i32_atomic_rmw16_sub_u, visit_i64_atomic_rmw16_sub_u(memarg: MemArg) => change(AtomicRmwOp::Sub, memarg, 16);
    visit_i32_atomic_rmw_sub(memarg: MemArg) => change(AtomicRmwOp::Sub, memarg, 32);
    visit_i64_atomic_rmw32_sub_u(memarg: MemArg) => change(AtomicRmwOp::Sub, memarg, 32);
    visit_i64_atomic_rmw_sub(memarg: MemArg) => change(AtomicRmwOp::Sub, memarg, 64);
    visit_i32_atomic_rmw8_and_u, visit_i64_atomic_rmw8_and_u(memarg: MemArg) => change(AtomicRmwOp::And, memarg, 8);
    visit_i32_atomic_rmw16_and_u, visit_i64_atomic_rmw16_and_u(memarg: MemArg) => change(AtomicRmwOp::And, memarg, 16);
    visit_i32_atomic_rmw_and(memarg: MemArg) => change(AtomicRmwOp::And, memarg, 32);
    visit_i64_atomic_rmw32_and_u(memarg: MemArg) => change(AtomicRmwOp::And, memarg, 32);
    visit_i64_atomic_rmw_and(memarg: MemArg) => change(AtomicRmwOp::And, memarg, 64);
    visit_i32_atomic_rmw8_or_u, visit_i64_atomic_rmw8_or_u(memarg: MemArg) => change(AtomicRmwOp::Or, memarg, 8);
    visit_i32_atomic_rmw16_or_u, visit_i64_atomic_rmw16_or_u(memarg: MemArg) => change(AtomicRmwOp::Or, memarg, 16);
    visit_i32_atomic_rmw_or(memarg: MemArg) => change(AtomicRmwOp::Or, memarg, 32);
    visit_i64_atomic_rmw32_or_u(memarg: MemArg) => change(AtomicRmwOp::Or, memarg, 32);
    visit_i64_atomic_rmw_or(memarg: MemArg) => change(AtomicRmwOp::Or, memarg, 64);
    visit_i32_atomic_rmw8_xor_u, visit_i64_atomic_rmw8_xor_u(memarg: MemArg) => change(AtomicRmwOp::Xor, memarg, 8);
    visit_i32_atomic_rmw16_xor_u, visit_i64_atomic_rmw16_xor_u(memarg: MemArg) => change(AtomicRmwOp::Xor, memarg, 16);
    visit_i32_atomic_rmw_xor(memarg: MemArg) => change(AtomicRmwOp::Xor, memarg, 32);
    visit_i64_atomic_rmw32_xor_u(memarg: MemArg) => change(AtomicRmwOp::Xor, memarg, 32);
    visit_i64_atomic_rmw_xor(memarg: MemArg) => change(AtomicRmwOp::Xor, memarg, 64);
    visit_i32_atomic_rmw8_xchg_u, visit_i64_atomic_rmw8_xchg_u(memarg: MemArg) => change(AtomicRmwOp::Xchg, memarg, 8);
    visit_i32_atomic_rmw16_xchg_u, visit_i64_atomic_rmw16_xchg_u(memarg: MemArg) => change(AtomicRmwOp::Xchg, memarg, 16);
    visit_i32_atomic_rmw_xchg(memarg: MemArg) => change(AtomicRmwOp::Xchg, memarg, 32);
    visit_i64_atomic_rmw32_xchg_u(memarg: MemArg) => change(AtomicRmwOp::Xchg, memarg, 32);
    visit_i64_atomic_rmw_xchg(memarg: MemArg) => change(AtomicRmwOp::Xchg, memarg, 64);
    visit_i32_atomic_rmw8_cmpxchg_u, visit_i64_atomic_rmw8_cmpxchg_u(memarg: MemArg) => compare_exchange(memarg, 8);
    visit_i32_atomic_rmw16_cmpxchg_u, visit_i64_atomic_rmw16_cmpxchg_u(memarg: MemArg) => compare_exchange(memarg, 16);
    visit_i32_atomic_rmw_cmpxchg(memarg: MemArg) => compare_exchange(memarg, 32);
    visit_i64_atomic_rmw32_cmpxchg_u(memarg: MemArg) => compare_exchange(memarg, 32);
    visit_i64_atomic_rmw_cmpxchg(memarg: MemArg) => compare_exchange(memarg, 64);
}

impl<'c> Lowering<'_, 'c> {
    fn atomic_load(&mut self, memarg: MemArg, bits: u32, ty: ValType) -> Result {
        let address = self.aligned_address(memarg, bits)?;
        let low = self.env.atomic_load(self.env.unit.context.int(bits), address);
        self.push(self.env.builder.zext(low, self.env.unit.types.value(ty)));
        Ok(())
    }

    fn atomic_store(&mut self, memarg: MemArg, bits: u32) -> Result {
        let value = self.pop();
        let address = self.aligned_address(memarg, bits)?;
        let low = self.env.builder.trunc(value, self.env.unit.context.int(bits));
        self.env.atomic_store(low, address);
        Ok(())
    }

    fn change(&mut self, op: AtomicRmwOp, memarg: MemArg, bits: u32) -> Result {
        let operand = self.pop();
        let address = self.aligned_address(memarg, bits)?;
        let low = self.env.builder.trunc(operand, self.env.unit.context.int(bits));
        let old = self.env.atomic_change(op, address, low);
        self.push(self.env.builder.zext(old, operand.ty()));
        Ok(())
    }

    /// What is compared is the old value, widened: an expected value with high bits equals none. Where its low bits happen to fit,
    /// they are stored over themselves, which nobody can see.
    fn compare_exchange(&mut self, memarg: MemArg, bits: u32) -> Result {
        let (expected, new) = self.pop2();
        let address = self.aligned_address(memarg, bits)?;
        let builder = &self.env.builder;
        let narrow = self.env.unit.context.int(bits);
        let (low, mut new) = (builder.trunc(expected, narrow), builder.trunc(new, narrow));
        if narrow != expected.ty() {
            let possible = builder.icmp(IntPredicate::Eq, builder.zext(low, expected.ty()), expected);
            new = builder.select(possible, new, low);
        }
        let old = self.env.atomic_exchange(address, low, new);
        self.push(self.env.builder.zext(old, expected.ty()));
        Ok(())
    }

    fn atomic_fence(&mut self) -> Result {
        self.env.builder.fence(AtomicOrdering::SeqCst);
        Ok(())
    }

    fn wait(&mut self, libcall: Libcall, memarg: MemArg, bits: u32) -> Result {
        let (expected, timeout) = self.pop2();
        let memory = self.accessed(memarg)?;
        let address = self.aligned_sum(memarg, bits);
        let result = self.env.libcall(libcall, &[self.number(memory.0), address, expected, timeout]);
        self.push(result);
        Ok(())
    }

    fn notify(&mut self, memarg: MemArg) -> Result {
        let count = self.pop();
        let memory = self.accessed(memarg)?;
        let address = self.aligned_sum(memarg, 32);
        let woken = self.env.libcall(Libcall::MemoryNotify, &[self.number(memory.0), address, count]);
        self.push(woken);
        Ok(())
    }

    /// Pops an address, and traps if it is not aligned to an access of some bits.
    fn aligned_address(&mut self, memarg: MemArg, bits: u32) -> Result<Value<'c>> {
        let index = self.pop();
        self.check_alignment(index, memarg.offset, bits);
        self.push(index);
        self.address(memarg)
    }

    /// Pops an address, and traps if its sum with the offset is not aligned to an access of some bits. Gives the sum for the
    /// runtime, which checks that it is in bounds: a sum that has more than 64 bits becomes an aligned one that is not.
    fn aligned_sum(&mut self, memarg: MemArg, bits: u32) -> Value<'c> {
        let index = self.pop();
        self.check_alignment(index, memarg.offset, bits);
        let i64 = self.env.unit.types.i64;
        let constant = |value| self.env.unit.context.const_i64(value);
        let builder = &self.env.builder;
        let wide = builder.zext(index, i64);
        if index.ty() != i64 {
            return builder.add(wide, constant(memarg.offset as i64));
        }
        let sum = *builder.intrinsic("llvm.uadd.sat", &[i64], &[wide, constant(memarg.offset as i64)]);
        *builder.intrinsic("llvm.umin", &[i64], &[sum, constant(-8)])
    }

    /// The low bits of the sum tell; whether it wraps around makes no difference to them.
    fn check_alignment(&mut self, index: Value<'c>, offset: u64, bits: u32) {
        let mask = u64::from(bits / 8 - 1);
        if mask == 0 {
            return;
        }
        let builder = &self.env.builder;
        let constant = |value: u64| builder.trunc(self.env.unit.context.const_i64(value as i64), index.ty());
        let low = builder.and(builder.add(index, constant(offset & mask)), constant(mask));
        let misaligned = builder.icmp(IntPredicate::Ne, low, index.ty().null());
        self.env.trap_if(misaligned, TrapCode::UnalignedAtomic);
    }
}
