//! Atomic accesses, fences, waiting and notifying (threads proposal).
//!
//! All are one instruction, which names what a row gives. They trap at an address that is no multiple of their width; that comes
//! before all other checks.

use super::memory::Access;
use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::{Result, Translation};
use abi::trap::TrapCode;
use vm::{Change, Guest, Width};
use wasmparser::{MemArg, Ordering};

rows! {
    visit_memory_atomic_notify(memarg: MemArg) => atomic_result(Action::Notify, Width::Bits32, memarg);
    visit_memory_atomic_wait32(memarg: MemArg) => atomic_result(Action::Wait, Width::Bits32, memarg);
    visit_memory_atomic_wait64(memarg: MemArg) => atomic_result(Action::Wait, Width::Bits64, memarg);
    visit_atomic_fence(_ordering: Ordering) => atomic_fence();
    visit_i32_atomic_load8_u, visit_i64_atomic_load8_u(memarg: MemArg) => atomic_result(Action::Load, Width::Bits8, memarg);
    visit_i32_atomic_load16_u, visit_i64_atomic_load16_u(memarg: MemArg) => atomic_result(Action::Load, Width::Bits16, memarg);
    visit_i32_atomic_load, visit_i64_atomic_load32_u(memarg: MemArg) => atomic_result(Action::Load, Width::Bits32, memarg);
    visit_i64_atomic_load(memarg: MemArg) => atomic_result(Action::Load, Width::Bits64, memarg);
    visit_i32_atomic_store8, visit_i64_atomic_store8(memarg: MemArg) => atomic(Action::Store, Width::Bits8, memarg);
    visit_i32_atomic_store16, visit_i64_atomic_store16(memarg: MemArg) => atomic(Action::Store, Width::Bits16, memarg);
    visit_i32_atomic_store, visit_i64_atomic_store32(memarg: MemArg) => atomic(Action::Store, Width::Bits32, memarg);
    visit_i64_atomic_store(memarg: MemArg) => atomic(Action::Store, Width::Bits64, memarg);
    visit_i32_atomic_rmw8_add_u, visit_i64_atomic_rmw8_add_u(memarg: MemArg) => atomic_result(Action::Change(Change::Add), Width::Bits8, memarg);
    visit_i32_atomic_rmw16_add_u, visit_i64_atomic_rmw16_add_u(memarg: MemArg) => atomic_result(Action::Change(Change::Add), Width::Bits16, memarg);
    visit_i32_atomic_rmw_add, visit_i64_atomic_rmw32_add_u(memarg: MemArg) => atomic_result(Action::Change(Change::Add), Width::Bits32, memarg);
    visit_i64_atomic_rmw_add(memarg: MemArg) => atomic_result(Action::Change(Change::Add), Width::Bits64, memarg);
    visit_i32_atomic_rmw8_sub_u, visit_i64_atomic_rmw8_sub_u(memarg: MemArg) => atomic_result(Action::Change(Change::Sub), Width::Bits8, memarg);
    visit_i32_atomic_rmw16_sub_u, visit_i64_atomic_rmw16_sub_u(memarg: MemArg) => atomic_result(Action::Change(Change::Sub), Width::Bits16, memarg);
    visit_i32_atomic_rmw_sub, visit_i64_atomic_rmw32_sub_u(memarg: MemArg) => atomic_result(Action::Change(Change::Sub), Width::Bits32, memarg);
    visit_i64_atomic_rmw_sub(memarg: MemArg) => atomic_result(Action::Change(Change::Sub), Width::Bits64, memarg);
    visit_i32_atomic_rmw8_and_u, visit_i64_atomic_rmw8_and_u(memarg: MemArg) => atomic_result(Action::Change(Change::And), Width::Bits8, memarg);
    visit_i32_atomic_rmw16_and_u, visit_i64_atomic_rmw16_and_u(memarg: MemArg) => atomic_result(Action::Change(Change::And), Width::Bits16, memarg);
    visit_i32_atomic_rmw_and, visit_i64_atomic_rmw32_and_u(memarg: MemArg) => atomic_result(Action::Change(Change::And), Width::Bits32, memarg);
    visit_i64_atomic_rmw_and(memarg: MemArg) => atomic_result(Action::Change(Change::And), Width::Bits64, memarg);
    visit_i32_atomic_rmw8_or_u, visit_i64_atomic_rmw8_or_u(memarg: MemArg) => atomic_result(Action::Change(Change::Or), Width::Bits8, memarg);
    visit_i32_atomic_rmw16_or_u, visit_i64_atomic_rmw16_or_u(memarg: MemArg) => atomic_result(Action::Change(Change::Or), Width::Bits16, memarg);
    visit_i32_atomic_rmw_or, visit_i64_atomic_rmw32_or_u(memarg: MemArg) => atomic_result(Action::Change(Change::Or), Width::Bits32, memarg);
    visit_i64_atomic_rmw_or(memarg: MemArg) => atomic_result(Action::Change(Change::Or), Width::Bits64, memarg);
    visit_i32_atomic_rmw8_xor_u, visit_i64_atomic_rmw8_xor_u(memarg: MemArg) => atomic_result(Action::Change(Change::Xor), Width::Bits8, memarg);
    visit_i32_atomic_rmw16_xor_u, visit_i64_atomic_rmw16_xor_u(memarg: MemArg) => atomic_result(Action::Change(Change::Xor), Width::Bits16, memarg);
    visit_i32_atomic_rmw_xor, visit_i64_atomic_rmw32_xor_u(memarg: MemArg) => atomic_result(Action::Change(Change::Xor), Width::Bits32, memarg);
    visit_i64_atomic_rmw_xor(memarg: MemArg) => atomic_result(Action::Change(Change::Xor), Width::Bits64, memarg);
    visit_i32_atomic_rmw8_xchg_u, visit_i64_atomic_rmw8_xchg_u(memarg: MemArg) => atomic_result(Action::Change(Change::Exchange), Width::Bits8, memarg);
    visit_i32_atomic_rmw16_xchg_u, visit_i64_atomic_rmw16_xchg_u(memarg: MemArg) => atomic_result(Action::Change(Change::Exchange), Width::Bits16, memarg);
    visit_i32_atomic_rmw_xchg, visit_i64_atomic_rmw32_xchg_u(memarg: MemArg) => atomic_result(Action::Change(Change::Exchange), Width::Bits32, memarg);
    visit_i64_atomic_rmw_xchg(memarg: MemArg) => atomic_result(Action::Change(Change::Exchange), Width::Bits64, memarg);
    visit_i32_atomic_rmw8_cmpxchg_u(memarg: MemArg) => atomic_result(Action::Exchange32, Width::Bits8, memarg);
    visit_i32_atomic_rmw16_cmpxchg_u(memarg: MemArg) => atomic_result(Action::Exchange32, Width::Bits16, memarg);
    visit_i32_atomic_rmw_cmpxchg(memarg: MemArg) => atomic_result(Action::Exchange32, Width::Bits32, memarg);
    visit_i64_atomic_rmw8_cmpxchg_u(memarg: MemArg) => atomic_result(Action::Exchange64, Width::Bits8, memarg);
    visit_i64_atomic_rmw16_cmpxchg_u(memarg: MemArg) => atomic_result(Action::Exchange64, Width::Bits16, memarg);
    visit_i64_atomic_rmw32_cmpxchg_u(memarg: MemArg) => atomic_result(Action::Exchange64, Width::Bits32, memarg);
    visit_i64_atomic_rmw_cmpxchg(memarg: MemArg) => atomic_result(Action::Exchange64, Width::Bits64, memarg);
}

/// What an operator does.
#[derive(Clone, Copy, Debug)]
enum Action {
    Load,
    Store,
    Change(Change),
    /// With the old value, if it is the expected one, which has 32 bits.
    Exchange32,
    /// The same with 64 bits.
    Exchange64,
    Wait,
    Notify,
}

impl Action {
    /// How many operands it has besides the address.
    fn operands(self) -> usize {
        match self {
            Action::Load => 0,
            Action::Store | Action::Change(_) | Action::Notify => 1,
            Action::Exchange32 | Action::Exchange64 | Action::Wait => 2,
        }
    }
}

/// An operator: what it does to how many bits where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtomicOp {
    action: Action,
    width: Width,
    access: Access,
}

impl Translation<'_> {
    fn atomic_result(&mut self, action: Action, width: Width, memarg: MemArg) -> Result {
        let (data, operands) = self.atomic_operands(action, width, memarg)?;
        let result = self.push(false);
        self.emit_atomic(result, operands, data);
        self.made(2);
        Ok(())
    }

    fn atomic(&mut self, action: Action, width: Width, memarg: MemArg) -> Result {
        let (data, operands) = self.atomic_operands(action, width, memarg)?;
        self.emit_atomic(0, operands, data);
        Ok(())
    }

    fn atomic_operands(&mut self, action: Action, width: Width, memarg: MemArg) -> Result<(u32, [u16; 3])> {
        let access = self.access(memarg)?;
        let index = self.atomics.len() as u32;
        self.atomics.push(AtomicOp { action, width, access });
        let mut slots = [0; 3];
        for slot in slots[..=action.operands()].iter_mut().rev() {
            let operand = self.pop();
            *slot = self.slot(operand);
        }
        Ok((index, slots))
    }

    fn emit_atomic(&mut self, result: u16, [address, first, second]: [u16; 3], index: u32) {
        self.emit(Instr::new(Op::Atomic, result, address, first));
        self.emit(Instr::wide(Op::Data, second, index));
    }

    fn atomic_fence(&mut self) -> Result {
        self.emit(Instr::new(Op::Fence, 0, 0, 0));
        Ok(())
    }
}

instructions! {$ atomic_instructions:
    control Atomic: atomic();
    guest Fence: fence();
}

impl Frame<'_> {
    /// Runs an operator on an address in `b` of an instruction, and operands in its `c` and `a` of the word that follows.
    #[inline(never)]
    pub fn atomic(
        self,
        guest: &mut Guest<'_>,
        op: &AtomicOp,
        instr: Instr,
        data: Instr,
    ) -> std::result::Result<(), TrapCode> {
        let AtomicOp { action, width, access } = *op;
        let address = self.aligned(instr.b, access, width)?;
        let (memory, first, second) = (access.memory.0, self.word(instr.c), self.word(data.a));
        let view = guest.any_memory(access.memory);
        let result = match action {
            Action::Load => view.atomic_load(address, width)?,
            Action::Store => return view.atomic_store(address, width, first),
            Action::Change(change) => view.atomic_change(address, width, change, first)?,
            Action::Exchange32 => view.atomic_exchange(address, width, u64::from(first as u32), second)?,
            Action::Exchange64 => view.atomic_exchange(address, width, first, second)?,
            Action::Wait if width == Width::Bits64 => guest.memory_wait64(memory, address, first, second)?.into(),
            Action::Wait => guest.memory_wait32(memory, address, first as u32, second)?.into(),
            Action::Notify => guest.memory_notify(memory, address, first as u32)?.into(),
        };
        self.set_word(instr.a, result);
        Ok(())
    }

    /// The sum of address and offset, if it is aligned. One of more than 64 bits, whose low bits tell as well, becomes one that is
    /// aligned and past every memory's end.
    fn aligned(self, slot: u16, access: Access, width: Width) -> std::result::Result<u64, TrapCode> {
        const OUTSIDE: u64 = u64::MAX - 7;
        let index = self.index(slot, access.long);
        match index.wrapping_add(access.offset).is_multiple_of(width.bytes()) {
            true => Ok(index.saturating_add(access.offset).min(OUTSIDE)),
            false => Err(TrapCode::UnalignedAtomic),
        }
    }

    #[inline(never)]
    pub fn fence(self, _guest: &mut Guest<'_>, _instr: Instr) {
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
    }
}
