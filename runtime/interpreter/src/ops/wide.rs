//! Wide arithmetic: results of 128 bits as two halves, the low one first (the wide-arithmetic proposal).

use super::rows;
use crate::frame::{Frame, Word};
use crate::instruction::{Instr, Op};
use crate::semantics::wide::Halves;
use crate::translate::{Result, Translation};

rows! {
    visit_i64_add128 => wide(Op::I64Add128);
    visit_i64_sub128 => wide(Op::I64Sub128);
    visit_i64_mul_wide_s => multiply(Op::I64MulWideS);
    visit_i64_mul_wide_u => multiply(Op::I64MulWideU);
}

impl Translation<'_> {
    fn wide(&mut self, op: Op) -> Result {
        let (b_low, b_high) = self.pop2();
        let (a_low, a_high) = self.pop2();
        let [a_low, a_high, b_low, b_high] = [a_low, a_high, b_low, b_high].map(|operand| self.slot(operand));
        let low = self.push_halves();
        self.emit(Instr::new(op, low, a_low, a_high));
        self.emit(Instr::new(Op::Data, b_low, b_high, 0));
        Ok(())
    }

    fn multiply(&mut self, op: Op) -> Result {
        let (a, b) = self.pop2();
        let (a, b) = (self.slot(a), self.slot(b));
        let low = self.push_halves();
        self.emit(Instr::new(op, low, a, b));
        Ok(())
    }

    /// Pushes both halves of a result. Gives the low one's slot, which the high one's follows.
    fn push_halves(&mut self) -> u16 {
        let low = self.push(false);
        self.push(false);
        low
    }
}

instructions! {$ wide_instructions:
    paired I64Add128: combine_wide(wide::add);
    paired I64Sub128: combine_wide(wide::sub);
    value I64MulWideS: multiply_wide(wide::mul_s);
    value I64MulWideU: multiply_wide(wide::mul_u);
}

impl Frame<'_> {
    /// An operation on halves in `b` and `c`, and in `a` and `b` of the word that follows.
    #[inline(always)]
    pub fn combine_wide(self, instr: Instr, data: Instr, op: impl FnOnce(Halves, Halves) -> Halves) {
        let result = op([self.get(instr.b), self.get(instr.c)], [self.get(data.a), self.get(data.b)]);
        self.set_halves(instr.a, result);
    }

    #[inline(always)]
    pub fn multiply_wide<A: Word>(self, instr: Instr, op: impl FnOnce(A, A) -> Halves) {
        let result = op(self.get(instr.b), self.get(instr.c));
        self.set_halves(instr.a, result);
    }

    #[inline(always)]
    fn set_halves(self, slot: u16, [low, high]: Halves) {
        self.set(slot, low);
        self.set(slot + 1, high);
    }
}
