//! Integers: constants, arithmetic, bits, comparisons (specification, section 4.3.2).

use super::rows;
use crate::function::{Lowering, Operand, Result};
use abi::trap::TrapCode;
use llvm::{Builder, IntPredicate, Value};

rows! {
    visit_i32_const(value: i32) => constant(|context| context.const_i32(value));
    visit_i64_const(value: i64) => constant(|context| context.const_i64(value));
    visit_i32_add, visit_i64_add => binary(Builder::add);
    visit_i32_sub, visit_i64_sub => binary(Builder::sub);
    visit_i32_mul, visit_i64_mul => binary(Builder::mul);
    visit_i32_and, visit_i64_and => binary(Builder::and);
    visit_i32_or, visit_i64_or => binary(Builder::or);
    visit_i32_xor, visit_i64_xor => binary(Builder::xor);
    visit_i32_div_s, visit_i64_div_s => div_s();
    visit_i32_div_u, visit_i64_div_u => div_u();
    visit_i32_rem_s, visit_i64_rem_s => rem_s();
    visit_i32_rem_u, visit_i64_rem_u => rem_u();
    visit_i32_shl, visit_i64_shl => shift(Builder::shl);
    visit_i32_shr_s, visit_i64_shr_s => shift(Builder::ashr);
    visit_i32_shr_u, visit_i64_shr_u => shift(Builder::lshr);
    visit_i32_rotl, visit_i64_rotl => rotate("llvm.fshl");
    visit_i32_rotr, visit_i64_rotr => rotate("llvm.fshr");
    visit_i32_clz, visit_i64_clz => count_zeros("llvm.ctlz");
    visit_i32_ctz, visit_i64_ctz => count_zeros("llvm.cttz");
    visit_i32_popcnt, visit_i64_popcnt => popcnt();
    visit_i32_eqz, visit_i64_eqz => eqz();
    visit_i32_eq, visit_i64_eq => compare(IntPredicate::Eq);
    visit_i32_ne, visit_i64_ne => compare(IntPredicate::Ne);
    visit_i32_lt_s, visit_i64_lt_s => compare(IntPredicate::Slt);
    visit_i32_lt_u, visit_i64_lt_u => compare(IntPredicate::Ult);
    visit_i32_gt_s, visit_i64_gt_s => compare(IntPredicate::Sgt);
    visit_i32_gt_u, visit_i64_gt_u => compare(IntPredicate::Ugt);
    visit_i32_le_s, visit_i64_le_s => compare(IntPredicate::Sle);
    visit_i32_le_u, visit_i64_le_u => compare(IntPredicate::Ule);
    visit_i32_ge_s, visit_i64_ge_s => compare(IntPredicate::Sge);
    visit_i32_ge_u, visit_i64_ge_u => compare(IntPredicate::Uge);
    visit_i32_extend8_s, visit_i64_extend8_s => extend(8);
    visit_i32_extend16_s, visit_i64_extend16_s => extend(16);
    visit_i64_extend32_s => extend(32);
}

impl<'c> Lowering<'_, 'c> {
    pub(super) fn constant(&mut self, value: impl FnOnce(&'c llvm::Context) -> Value<'c>) -> Result {
        self.push(value(self.env.unit.context));
        Ok(())
    }

    fn binary(&mut self, build: fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>) -> Result {
        let (a, b) = self.pop2();
        self.push(build(&self.env.builder, a, b));
        Ok(())
    }

    fn compare(&mut self, predicate: IntPredicate) -> Result {
        let (a, b) = self.pop2();
        let condition = self.env.builder.icmp(predicate, a, b);
        self.push_condition(condition);
        Ok(())
    }

    fn eqz(&mut self) -> Result {
        let zero = match self.pop_operand() {
            Operand::Condition(condition) => self.env.builder.not(condition),
            Operand::Value(value) => self.env.builder.icmp(IntPredicate::Eq, value, value.ty().null()),
        };
        self.push_condition(zero);
        Ok(())
    }

    /// Traps if a divisor is zero.
    fn check_divisor(&mut self, divisor: Value<'c>) {
        let zero = self.env.builder.icmp(IntPredicate::Eq, divisor, divisor.ty().null());
        self.env.trap_if(zero, TrapCode::IntegerDivideByZero);
    }

    fn div_u(&mut self) -> Result {
        let (a, b) = self.pop2();
        self.check_divisor(b);
        self.push(self.env.builder.udiv(a, b));
        Ok(())
    }

    fn rem_u(&mut self) -> Result {
        let (a, b) = self.pop2();
        self.check_divisor(b);
        self.push(self.env.builder.urem(a, b));
        Ok(())
    }

    fn div_s(&mut self) -> Result {
        let (a, b) = self.pop2();
        self.check_divisor(b);
        let (least, minus_one) = (least(a), b.ty().all_ones());
        if !never(a, least) && !never(b, minus_one) {
            let builder = &self.env.builder;
            let a_is_least = builder.icmp(IntPredicate::Eq, a, least);
            let b_is_minus_one = builder.icmp(IntPredicate::Eq, b, minus_one);
            let overflow = builder.and(a_is_least, b_is_minus_one);
            self.env.trap_if(overflow, TrapCode::IntegerOverflow);
        }
        self.push(self.env.builder.sdiv(a, b));
        Ok(())
    }

    fn rem_s(&mut self) -> Result {
        let (a, b) = self.pop2();
        self.check_divisor(b);
        // The least integer modulo -1 is 0, as is any integer modulo 1; LLVM leaves the former undefined.
        let minus_one = b.ty().all_ones();
        let divisor = if never(b, minus_one) {
            b
        } else {
            let builder = &self.env.builder;
            builder.select(builder.icmp(IntPredicate::Eq, b, minus_one), b.ty().const_int(1), b)
        };
        self.push(self.env.builder.srem(a, divisor));
        Ok(())
    }

    fn shift(&mut self, build: fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>) -> Result {
        let (a, b) = self.pop2();
        let builder = &self.env.builder;
        // Distances count modulo the width; LLVM leaves larger ones undefined.
        let distance = builder.and(b, b.ty().const_int(width(b) - 1));
        self.push(build(builder, a, distance));
        Ok(())
    }

    fn rotate(&mut self, intrinsic: &str) -> Result {
        let (a, b) = self.pop2();
        // A funnel shift takes its distance modulo the width by itself.
        let rotated = self.env.builder.intrinsic(intrinsic, &[a.ty()], &[a, a, b]);
        self.push(*rotated);
        Ok(())
    }

    fn count_zeros(&mut self, intrinsic: &str) -> Result {
        let a = self.pop();
        // The last argument asks for the width as the count of zero, where LLVM would leave it undefined.
        let defined = self.env.unit.context.const_bool(false);
        let count = self.env.builder.intrinsic(intrinsic, &[a.ty()], &[a, defined]);
        self.push(*count);
        Ok(())
    }

    fn popcnt(&mut self) -> Result {
        let a = self.pop();
        let count = self.env.builder.intrinsic("llvm.ctpop", &[a.ty()], &[a]);
        self.push(*count);
        Ok(())
    }

    /// Extends the sign of the low bits.
    fn extend(&mut self, bits: u32) -> Result {
        let a = self.pop();
        let low = self.env.builder.trunc(a, self.env.unit.context.int(bits));
        self.push(self.env.builder.sext(low, a.ty()));
        Ok(())
    }
}

fn width(value: Value<'_>) -> u64 {
    value.ty().int_width().expect("validation has checked the type").into()
}

/// The least signed integer of a value's type.
fn least<'c>(value: Value<'c>) -> Value<'c> {
    value.ty().const_int(1 << (width(value) - 1))
}

/// Whether a value is known to be another than `constant`.
fn never<'c>(value: Value<'c>, constant: Value<'c>) -> bool {
    value.as_const_int().is_some() && value != constant
}
