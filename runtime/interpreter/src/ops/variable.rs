//! Locals and globals.
//!
//! Reading a local takes no instruction: the operand is the local's slot, until the local changes.

use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::{Operand, Place, Result, Translation};
use abi::types::{GlobalIdx, ValType};
use vm::Guest;

rows! {
    visit_local_get(local: u32) => local_get(local);
    visit_local_set(local: u32) => local_set(local);
    visit_local_tee(local: u32) => local_tee(local);
    visit_global_get(global: u32) => global_get(global);
    visit_global_set(global: u32) => global_set(global);
}

impl Translation<'_> {
    fn local_get(&mut self, local: u32) -> Result {
        self.push_local(local);
        Ok(())
    }

    fn local_set(&mut self, local: u32) -> Result {
        let value = self.pop();
        self.assign(local, value);
        Ok(())
    }

    fn local_tee(&mut self, local: u32) -> Result {
        self.local_set(local)?;
        self.local_get(local)
    }

    fn assign(&mut self, local: u32, value: Operand) {
        let target = self.locals[local as usize].slot;
        if value.place == Place::Local(local) {
            return;
        }
        // Operands that are the local's old value must become copies; behind them the value's instruction cannot be changed.
        let copied = self.preserve(local);
        if !copied && value.place == Place::Own && self.redirect(value, target) {
            return;
        }
        self.move_to(value, target);
    }

    fn global_get(&mut self, global: u32) -> Result {
        let wide = self.global_type(global) == ValType::V128;
        let result = self.push(wide);
        self.emit(Instr::wide(if wide { Op::GlobalGetWide } else { Op::GlobalGet }, result, global));
        self.made(1);
        Ok(())
    }

    fn global_set(&mut self, global: u32) -> Result {
        let value = self.pop();
        let value = self.slot(value);
        let wide = self.global_type(global) == ValType::V128;
        self.emit(Instr::wide(if wide { Op::GlobalSetWide } else { Op::GlobalSet }, value, global));
        Ok(())
    }

    fn global_type(&self, global: u32) -> ValType {
        self.module.globals[global as usize].ty.content
    }
}

instructions! {$ variable_instructions:
    global GlobalGet: global_get();
    guest GlobalGetWide: global_get_wide();
    global GlobalSet: global_set();
    guest GlobalSetWide: global_set_wide();
}

impl Frame<'_> {
    #[inline(always)]
    pub fn global_get(self, guest: &mut Guest<'_>, instr: Instr) {
        self.set_word(instr.a, guest.global(GlobalIdx(instr.immediate())));
    }

    pub fn global_get_wide(self, guest: &mut Guest<'_>, instr: Instr) {
        let [low, high] = guest.global_vector(GlobalIdx(instr.immediate()));
        self.set_word(instr.a, low);
        self.set_word(instr.a + 1, high);
    }

    #[inline(always)]
    pub fn global_set(self, guest: &mut Guest<'_>, instr: Instr) {
        guest.set_global(GlobalIdx(instr.immediate()), self.word(instr.a));
    }

    pub fn global_set_wide(self, guest: &mut Guest<'_>, instr: Instr) {
        guest.set_global_vector(GlobalIdx(instr.immediate()), [self.word(instr.a), self.word(instr.a + 1)]);
    }
}
