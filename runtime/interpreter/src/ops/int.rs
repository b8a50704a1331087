//! Integers: constants, arithmetic, bits, comparisons (specification, section 4.3.2).

use super::rows;
use crate::frame::{Frame, Immediate, Word};
use crate::instruction::{Instr, Op};
use crate::translate::{Place, Result, Translation};
use abi::trap::TrapCode;

rows! {
    visit_i32_const(value: i32) => constant(i64::from(value).cast_unsigned());
    visit_i64_const(value: i64) => constant(value.cast_unsigned());
    visit_i32_add => commutative(Op::I32Add, Op::I32AddImm);
    visit_i64_add => commutative(Op::I64Add, Op::I64AddImm);
    visit_i32_mul => commutative(Op::I32Mul, Op::I32MulImm);
    visit_i64_mul => commutative(Op::I64Mul, Op::I64MulImm);
    visit_i32_and => commutative(Op::I32And, Op::I32AndImm);
    visit_i64_and => commutative(Op::I64And, Op::I64AndImm);
    visit_i32_or => commutative(Op::I32Or, Op::I32OrImm);
    visit_i64_or => commutative(Op::I64Or, Op::I64OrImm);
    visit_i32_xor => commutative(Op::I32Xor, Op::I32XorImm);
    visit_i64_xor => commutative(Op::I64Xor, Op::I64XorImm);
    visit_i32_sub => subtract(Op::I32Sub, Op::I32AddImm);
    visit_i64_sub => subtract(Op::I64Sub, Op::I64AddImm);
    visit_i32_div_s => binary_op(Op::I32DivS, Some(Op::I32DivSImm));
    visit_i64_div_s => binary_op(Op::I64DivS, Some(Op::I64DivSImm));
    visit_i32_div_u => binary_op(Op::I32DivU, Some(Op::I32DivUImm));
    visit_i64_div_u => binary_op(Op::I64DivU, Some(Op::I64DivUImm));
    visit_i32_rem_s => binary_op(Op::I32RemS, Some(Op::I32RemSImm));
    visit_i64_rem_s => binary_op(Op::I64RemS, Some(Op::I64RemSImm));
    visit_i32_rem_u => binary_op(Op::I32RemU, Some(Op::I32RemUImm));
    visit_i64_rem_u => binary_op(Op::I64RemU, Some(Op::I64RemUImm));
    visit_i32_shl => binary_op(Op::I32Shl, Some(Op::I32ShlImm));
    visit_i64_shl => binary_op(Op::I64Shl, Some(Op::I64ShlImm));
    visit_i32_shr_s => binary_op(Op::I32ShrS, Some(Op::I32ShrSImm));
    visit_i64_shr_s => binary_op(Op::I64ShrS, Some(Op::I64ShrSImm));
    visit_i32_shr_u => binary_op(Op::I32ShrU, Some(Op::I32ShrUImm));
    visit_i64_shr_u => binary_op(Op::I64ShrU, Some(Op::I64ShrUImm));
    visit_i32_rotl => binary_op(Op::I32Rotl, Some(Op::I32RotlImm));
    visit_i64_rotl => binary_op(Op::I64Rotl, Some(Op::I64RotlImm));
    visit_i32_rotr => binary_op(Op::I32Rotr, Some(Op::I32RotrImm));
    visit_i64_rotr => binary_op(Op::I64Rotr, Some(Op::I64RotrImm));
    visit_i32_clz => unary_op(Op::I32Clz);
    visit_i64_clz => unary_op(Op::I64Clz);
    visit_i32_ctz => unary_op(Op::I32Ctz);
    visit_i64_ctz => unary_op(Op::I64Ctz);
    visit_i32_popcnt => unary_op(Op::I32Popcnt);
    visit_i64_popcnt => unary_op(Op::I64Popcnt);
    visit_i32_extend8_s => unary_op(Op::I32Extend8S);
    visit_i64_extend8_s => unary_op(Op::I64Extend8S);
    visit_i32_extend16_s => unary_op(Op::I32Extend16S);
    visit_i64_extend16_s => unary_op(Op::I64Extend16S);
    visit_i64_extend32_s => unary_op(Op::I64Extend32S);
    visit_i32_eqz => eqz(Op::I32EqImm);
    visit_i64_eqz => eqz(Op::I64EqImm);
    visit_i32_eq => commutative(Op::I32Eq, Op::I32EqImm);
    visit_i64_eq => commutative(Op::I64Eq, Op::I64EqImm);
    visit_i32_ne => commutative(Op::I32Ne, Op::I32NeImm);
    visit_i64_ne => commutative(Op::I64Ne, Op::I64NeImm);
    visit_i32_lt_s => order(Op::I32LtS, Op::I32LtSImm, Op::I32GtSImm);
    visit_i64_lt_s => order(Op::I64LtS, Op::I64LtSImm, Op::I64GtSImm);
    visit_i32_lt_u => order(Op::I32LtU, Op::I32LtUImm, Op::I32GtUImm);
    visit_i64_lt_u => order(Op::I64LtU, Op::I64LtUImm, Op::I64GtUImm);
    visit_i32_gt_s => order(Op::I32GtS, Op::I32GtSImm, Op::I32LtSImm);
    visit_i64_gt_s => order(Op::I64GtS, Op::I64GtSImm, Op::I64LtSImm);
    visit_i32_gt_u => order(Op::I32GtU, Op::I32GtUImm, Op::I32LtUImm);
    visit_i64_gt_u => order(Op::I64GtU, Op::I64GtUImm, Op::I64LtUImm);
    visit_i32_le_s => order(Op::I32LeS, Op::I32LeSImm, Op::I32GeSImm);
    visit_i64_le_s => order(Op::I64LeS, Op::I64LeSImm, Op::I64GeSImm);
    visit_i32_le_u => order(Op::I32LeU, Op::I32LeUImm, Op::I32GeUImm);
    visit_i64_le_u => order(Op::I64LeU, Op::I64LeUImm, Op::I64GeUImm);
    visit_i32_ge_s => order(Op::I32GeS, Op::I32GeSImm, Op::I32LeSImm);
    visit_i64_ge_s => order(Op::I64GeS, Op::I64GeSImm, Op::I64LeSImm);
    visit_i32_ge_u => order(Op::I32GeU, Op::I32GeUImm, Op::I32LeUImm);
    visit_i64_ge_u => order(Op::I64GeU, Op::I64GeUImm, Op::I64LeUImm);
}

impl Translation<'_> {
    /// An operator whose second operand may be an immediate.
    pub(super) fn binary_op(&mut self, op: Op, immediate: Option<Op>) -> Result {
        let (a, b) = self.pop2();
        match (immediate, b.immediate()) {
            (Some(op), Some(b)) => {
                let a = self.slot(a);
                self.result_of_immediate(op, a, b);
            }
            _ => {
                let (a, b) = (self.slot(a), self.slot(b));
                self.result(op, a, b);
            }
        }
        Ok(())
    }

    fn commutative(&mut self, op: Op, immediate: Op) -> Result {
        self.order(op, immediate, immediate)
    }

    /// A comparison, or another operator that has a counterpart with its operands the other way round.
    fn order(&mut self, op: Op, immediate: Op, swapped: Op) -> Result {
        let (a, b) = self.peek2();
        match (a.immediate(), b.immediate()) {
            (Some(a), None) => {
                let (_, b) = self.pop2();
                let b = self.slot(b);
                self.result_of_immediate(swapped, b, a);
                Ok(())
            }
            _ => self.binary_op(op, Some(immediate)),
        }
    }

    fn subtract(&mut self, op: Op, add: Op) -> Result {
        match self.peek2().1.immediate().and_then(i32::checked_neg) {
            Some(negative) => {
                let (a, _) = self.pop2();
                let a = self.slot(a);
                self.result_of_immediate(add, a, negative);
                Ok(())
            }
            None => self.binary_op(op, None),
        }
    }

    pub(super) fn unary_op(&mut self, op: Op) -> Result {
        let a = self.pop();
        let a = self.slot(a);
        self.result(op, a, 0);
        Ok(())
    }

    /// Negates a comparison that was just made, or compares with zero.
    fn eqz(&mut self, op: Op) -> Result {
        let a = self.pop();
        if let Place::Own = a.place
            && let Some(Instr { op, b, c, d, .. }) = self.take_comparison(a, |_| true)
            && let Some(negated) = op.negated()
        {
            let result = self.push(false);
            self.emit(Instr { op: negated, a: result, b, c, d });
            self.made(1);
            return Ok(());
        }
        let a = self.slot(a);
        self.result(op, a, 0);
        Ok(())
    }
}

instructions! {$ int_instructions:
    value I32Add: binary(i32::wrapping_add);
    value I32AddImm: binary_imm(i32::wrapping_add);
    value I32Sub: binary(i32::wrapping_sub);
    value I32Mul: binary(i32::wrapping_mul);
    value I32MulImm: binary_imm(i32::wrapping_mul);
    value I32And: binary(std::ops::BitAnd::<i32>::bitand);
    value I32AndImm: binary_imm(std::ops::BitAnd::<i32>::bitand);
    value I32Or: binary(std::ops::BitOr::<i32>::bitor);
    value I32OrImm: binary_imm(std::ops::BitOr::<i32>::bitor);
    value I32Xor: binary(std::ops::BitXor::<i32>::bitxor);
    value I32XorImm: binary_imm(std::ops::BitXor::<i32>::bitxor);
    value I32Shl: binary(int::i32::shl);
    value I32ShlImm: binary_imm(int::i32::shl);
    value I32ShrS: binary(int::i32::shr_s);
    value I32ShrSImm: binary_imm(int::i32::shr_s);
    value I32ShrU: binary(int::i32::shr_u);
    value I32ShrUImm: binary_imm(int::i32::shr_u);
    value I32Rotl: binary(int::i32::rotl);
    value I32RotlImm: binary_imm(int::i32::rotl);
    value I32Rotr: binary(int::i32::rotr);
    value I32RotrImm: binary_imm(int::i32::rotr);
    trapping I32DivS: try_binary(int::i32::div_s);
    trapping I32DivSImm: try_binary_imm(int::i32::div_s);
    trapping I32DivU: try_binary(int::i32::div_u);
    trapping I32DivUImm: try_binary_imm(int::i32::div_u);
    trapping I32RemS: try_binary(int::i32::rem_s);
    trapping I32RemSImm: try_binary_imm(int::i32::rem_s);
    trapping I32RemU: try_binary(int::i32::rem_u);
    trapping I32RemUImm: try_binary_imm(int::i32::rem_u);
    value I32Clz: unary(i32::leading_zeros);
    value I32Ctz: unary(i32::trailing_zeros);
    value I32Popcnt: unary(i32::count_ones);
    value I32Extend8S: unary(|a: i32| i32::from(a as i8));
    value I32Extend16S: unary(|a: i32| i32::from(a as i16));
    value I32Eq: compare(i32::eq);
    value I32EqImm: compare_imm(i32::eq);
    value I32Ne: compare(i32::ne);
    value I32NeImm: compare_imm(i32::ne);
    value I32LtS: compare(i32::lt);
    value I32LtSImm: compare_imm(i32::lt);
    value I32LtU: compare(int::i32::lt_u);
    value I32LtUImm: compare_imm(int::i32::lt_u);
    value I32GtS: compare(i32::gt);
    value I32GtSImm: compare_imm(i32::gt);
    value I32GtU: compare(int::i32::gt_u);
    value I32GtUImm: compare_imm(int::i32::gt_u);
    value I32LeS: compare(i32::le);
    value I32LeSImm: compare_imm(i32::le);
    value I32LeU: compare(int::i32::le_u);
    value I32LeUImm: compare_imm(int::i32::le_u);
    value I32GeS: compare(i32::ge);
    value I32GeSImm: compare_imm(i32::ge);
    value I32GeU: compare(int::i32::ge_u);
    value I32GeUImm: compare_imm(int::i32::ge_u);
    branch BrI32Eq: compares(i32::eq);
    branch BrI32EqImm: compares_imm(i32::eq);
    branch BrI32Ne: compares(i32::ne);
    branch BrI32NeImm: compares_imm(i32::ne);
    branch BrI32LtS: compares(i32::lt);
    branch BrI32LtSImm: compares_imm(i32::lt);
    branch BrI32LtU: compares(int::i32::lt_u);
    branch BrI32LtUImm: compares_imm(int::i32::lt_u);
    branch BrI32GtS: compares(i32::gt);
    branch BrI32GtSImm: compares_imm(i32::gt);
    branch BrI32GtU: compares(int::i32::gt_u);
    branch BrI32GtUImm: compares_imm(int::i32::gt_u);
    branch BrI32LeS: compares(i32::le);
    branch BrI32LeSImm: compares_imm(i32::le);
    branch BrI32LeU: compares(int::i32::le_u);
    branch BrI32LeUImm: compares_imm(int::i32::le_u);
    branch BrI32GeS: compares(i32::ge);
    branch BrI32GeSImm: compares_imm(i32::ge);
    branch BrI32GeU: compares(int::i32::ge_u);
    branch BrI32GeUImm: compares_imm(int::i32::ge_u);
    value I64Add: binary(i64::wrapping_add);
    value I64AddImm: binary_imm(i64::wrapping_add);
    value I64Sub: binary(i64::wrapping_sub);
    value I64Mul: binary(i64::wrapping_mul);
    value I64MulImm: binary_imm(i64::wrapping_mul);
    value I64And: binary(std::ops::BitAnd::<i64>::bitand);
    value I64AndImm: binary_imm(std::ops::BitAnd::<i64>::bitand);
    value I64Or: binary(std::ops::BitOr::<i64>::bitor);
    value I64OrImm: binary_imm(std::ops::BitOr::<i64>::bitor);
    value I64Xor: binary(std::ops::BitXor::<i64>::bitxor);
    value I64XorImm: binary_imm(std::ops::BitXor::<i64>::bitxor);
    value I64Shl: binary(int::i64::shl);
    value I64ShlImm: binary_imm(int::i64::shl);
    value I64ShrS: binary(int::i64::shr_s);
    value I64ShrSImm: binary_imm(int::i64::shr_s);
    value I64ShrU: binary(int::i64::shr_u);
    value I64ShrUImm: binary_imm(int::i64::shr_u);
    value I64Rotl: binary(int::i64::rotl);
    value I64RotlImm: binary_imm(int::i64::rotl);
    value I64Rotr: binary(int::i64::rotr);
    value I64RotrImm: binary_imm(int::i64::rotr);
    trapping I64DivS: try_binary(int::i64::div_s);
    trapping I64DivSImm: try_binary_imm(int::i64::div_s);
    trapping I64DivU: try_binary(int::i64::div_u);
    trapping I64DivUImm: try_binary_imm(int::i64::div_u);
    trapping I64RemS: try_binary(int::i64::rem_s);
    trapping I64RemSImm: try_binary_imm(int::i64::rem_s);
    trapping I64RemU: try_binary(int::i64::rem_u);
    trapping I64RemUImm: try_binary_imm(int::i64::rem_u);
    value I64Clz: unary(|a: i64| u64::from(a.leading_zeros()));
    value I64Ctz: unary(|a: i64| u64::from(a.trailing_zeros()));
    value I64Popcnt: unary(|a: i64| u64::from(a.count_ones()));
    value I64Extend8S: unary(|a: i64| i64::from(a as i8));
    value I64Extend16S: unary(|a: i64| i64::from(a as i16));
    value I64Extend32S: unary(|a: i64| i64::from(a as i32));
    value I64Eq: compare(i64::eq);
    value I64EqImm: compare_imm(i64::eq);
    value I64Ne: compare(i64::ne);
    value I64NeImm: compare_imm(i64::ne);
    value I64LtS: compare(i64::lt);
    value I64LtSImm: compare_imm(i64::lt);
    value I64LtU: compare(int::i64::lt_u);
    value I64LtUImm: compare_imm(int::i64::lt_u);
    value I64GtS: compare(i64::gt);
    value I64GtSImm: compare_imm(i64::gt);
    value I64GtU: compare(int::i64::gt_u);
    value I64GtUImm: compare_imm(int::i64::gt_u);
    value I64LeS: compare(i64::le);
    value I64LeSImm: compare_imm(i64::le);
    value I64LeU: compare(int::i64::le_u);
    value I64LeUImm: compare_imm(int::i64::le_u);
    value I64GeS: compare(i64::ge);
    value I64GeSImm: compare_imm(i64::ge);
    value I64GeU: compare(int::i64::ge_u);
    value I64GeUImm: compare_imm(int::i64::ge_u);
    branch BrI64Eq: compares(i64::eq);
    branch BrI64EqImm: compares_imm(i64::eq);
    branch BrI64Ne: compares(i64::ne);
    branch BrI64NeImm: compares_imm(i64::ne);
    branch BrI64LtS: compares(i64::lt);
    branch BrI64LtSImm: compares_imm(i64::lt);
    branch BrI64LtU: compares(int::i64::lt_u);
    branch BrI64LtUImm: compares_imm(int::i64::lt_u);
    branch BrI64GtS: compares(i64::gt);
    branch BrI64GtSImm: compares_imm(i64::gt);
    branch BrI64GtU: compares(int::i64::gt_u);
    branch BrI64GtUImm: compares_imm(int::i64::gt_u);
    branch BrI64LeS: compares(i64::le);
    branch BrI64LeSImm: compares_imm(i64::le);
    branch BrI64LeU: compares(int::i64::le_u);
    branch BrI64LeUImm: compares_imm(int::i64::le_u);
    branch BrI64GeS: compares(i64::ge);
    branch BrI64GeSImm: compares_imm(i64::ge);
    branch BrI64GeU: compares(int::i64::ge_u);
    branch BrI64GeUImm: compares_imm(int::i64::ge_u);
}

impl Frame<'_> {
    #[inline(always)]
    pub fn unary<A: Word, R: Word>(self, instr: Instr, op: impl FnOnce(A) -> R) {
        self.set(instr.a, op(self.get(instr.b)));
    }

    #[inline(always)]
    pub fn binary<A: Word, R: Word>(self, instr: Instr, op: impl FnOnce(A, A) -> R) {
        self.set(instr.a, op(self.get(instr.b), self.get(instr.c)));
    }

    #[inline(always)]
    pub fn binary_imm<A: Immediate, R: Word>(self, instr: Instr, op: impl FnOnce(A, A) -> R) {
        self.set(instr.a, op(self.get(instr.b), A::from_immediate(instr.immediate().cast_signed())));
    }

    #[inline(always)]
    pub fn try_binary<A: Word>(
        self,
        instr: Instr,
        op: impl FnOnce(A, A) -> std::result::Result<A, TrapCode>,
    ) -> std::result::Result<(), TrapCode> {
        self.set(instr.a, op(self.get(instr.b), self.get(instr.c))?);
        Ok(())
    }

    #[inline(always)]
    pub fn try_binary_imm<A: Immediate>(
        self,
        instr: Instr,
        op: impl FnOnce(A, A) -> std::result::Result<A, TrapCode>,
    ) -> std::result::Result<(), TrapCode> {
        self.set(instr.a, op(self.get(instr.b), A::from_immediate(instr.immediate().cast_signed()))?);
        Ok(())
    }

    #[inline(always)]
    pub fn compare<A: Word>(self, instr: Instr, holds: impl FnOnce(&A, &A) -> bool) {
        self.set(instr.a, holds(&self.get(instr.b), &self.get(instr.c)));
    }

    #[inline(always)]
    pub fn compare_imm<A: Immediate>(self, instr: Instr, holds: impl FnOnce(&A, &A) -> bool) {
        self.set(instr.a, holds(&self.get(instr.b), &A::from_immediate(instr.immediate().cast_signed())));
    }

    /// Whether a branch's comparison of `a` and `b` holds.
    #[inline(always)]
    pub fn compares<A: Word>(self, instr: Instr, holds: impl FnOnce(&A, &A) -> bool) -> bool {
        holds(&self.get(instr.a), &self.get(instr.b))
    }

    /// Whether a branch's comparison of `a` and an immediate holds.
    #[inline(always)]
    pub fn compares_imm<A: Immediate>(self, instr: Instr, holds: impl FnOnce(&A, &A) -> bool) -> bool {
        holds(&self.get(instr.a), &A::from_immediate(instr.b.cast_signed().into()))
    }
}
