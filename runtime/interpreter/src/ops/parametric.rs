//! Operators on operands of any type.

use super::rows;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::{Error, Result, Translation};

rows! {
    visit_drop => drop_operand();
    visit_select => select();
    visit_typed_select(_ty: wasmparser::ValType) => select();
    visit_typed_select_multi(_tys: Vec<wasmparser::ValType>) => select_many();
}

impl Translation<'_> {
    fn drop_operand(&mut self) -> Result {
        self.pop();
        Ok(())
    }

    fn select(&mut self) -> Result {
        let condition = self.pop();
        let (a, b) = self.pop2();
        let op = if a.wide { Op::SelectWide } else { Op::Select };
        let (a, b, condition) = (self.slot(a), self.slot(b), self.slot(condition));
        let result = self.push(op == Op::SelectWide);
        self.emit(Instr::new(op, result, a, b));
        self.emit(Instr::new(Op::Data, condition, 0, 0));
        self.made(2);
        Ok(())
    }

    fn select_many(&mut self) -> Result {
        Err(Error::Unsupported("select of several values"))
    }
}

instructions! {$ parametric_instructions:
    paired Select: select();
    paired SelectWide: select_wide();
    value Copy: copy();
    value CopyWide: copy_wide();
    value ZeroFour: zero_four();
    control Zero: zero();
    value Const: constant();
    control ConstLong: constant_long();
}

impl Frame<'_> {
    #[inline(always)]
    pub fn select(self, instr: Instr, data: Instr) {
        let value = if self.get(data.a) { self.word(instr.b) } else { self.word(instr.c) };
        self.set_word(instr.a, value);
    }

    #[inline(always)]
    pub fn select_wide(self, instr: Instr, data: Instr) {
        let from = if self.get(data.a) { instr.b } else { instr.c };
        self.copy_wide(Instr::new(Op::CopyWide, instr.a, from, 0));
    }

    #[inline(always)]
    pub fn copy(self, instr: Instr) {
        self.set_word(instr.a, self.word(instr.b));
    }

    #[inline(always)]
    pub fn copy_wide(self, instr: Instr) {
        let words = [self.word(instr.b), self.word(instr.b + 1)];
        self.set_word(instr.a, words[0]);
        self.set_word(instr.a + 1, words[1]);
    }

    /// Sets a slot to an immediate with its sign extended.
    #[inline(always)]
    pub fn constant(self, instr: Instr) {
        self.set(instr.a, i64::from(instr.immediate().cast_signed()));
    }
}
