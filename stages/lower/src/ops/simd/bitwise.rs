//! Vectors as bits, and what all lanes say together.

use super::Shape::{self, I8x16, I16x8, I32x4, I64x2};
use crate::function::{Lowering, Result};
use crate::ops::rows;
use llvm::{Builder, IntPredicate, Value};

rows! {
    visit_v128_not => lanewise1(I8x16, Builder::not);
    visit_v128_and => lanewise2(I8x16, Builder::and);
    visit_v128_andnot => lanewise2(I8x16, |builder, a, b| builder.and(a, builder.not(b)));
    visit_v128_or => lanewise2(I8x16, Builder::or);
    visit_v128_xor => lanewise2(I8x16, Builder::xor);
    visit_v128_bitselect => bitselect();
    visit_v128_any_true => any_true();
    visit_i8x16_all_true => all_true(I8x16);
    visit_i16x8_all_true => all_true(I16x8);
    visit_i32x4_all_true => all_true(I32x4);
    visit_i64x2_all_true => all_true(I64x2);
    visit_i8x16_bitmask => bitmask(I8x16);
    visit_i16x8_bitmask => bitmask(I16x8);
    visit_i32x4_bitmask => bitmask(I32x4);
    visit_i64x2_bitmask => bitmask(I64x2);
}

impl<'c> Lowering<'_, 'c> {
    fn bitselect(&mut self) -> Result {
        let mask = self.pop();
        let (a, b) = self.pop2();
        self.push(self.select_bits(mask, a, b));
        Ok(())
    }

    /// The bits of `a` where the mask has ones, and of `b` where it has zeros. Where the mask is known to be one of whole lanes,
    /// LLVM makes a selection of lanes of this.
    fn select_bits(&self, mask: Value<'c>, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        builder.or(builder.and(a, mask), builder.and(b, builder.not(mask)))
    }

    fn any_true(&mut self) -> Result {
        let vector = self.pop();
        let all = self.env.builder.bitcast(vector, self.env.unit.context.i128());
        let any = self.env.builder.icmp(IntPredicate::Ne, all, all.ty().null());
        self.push_condition(any);
        Ok(())
    }

    fn all_true(&mut self, shape: Shape) -> Result {
        let zeros = self.lane_bits(shape, IntPredicate::Eq);
        let all = self.env.builder.icmp(IntPredicate::Eq, zeros, zeros.ty().null());
        self.push_condition(all);
        Ok(())
    }

    fn bitmask(&mut self, shape: Shape) -> Result {
        let signs = self.lane_bits(shape, IntPredicate::Slt);
        self.push(self.env.builder.zext(signs, self.env.unit.types.i32));
        Ok(())
    }

    /// Pops a vector and compares its lanes with zero: one bit for each, that of lane 0 lowest, as an integer.
    fn lane_bits(&mut self, shape: Shape, predicate: IntPredicate) -> Value<'c> {
        let lanes = self.pop_lanes(shape);
        let compared = self.env.builder.icmp(predicate, lanes, lanes.ty().null());
        self.env.builder.bitcast(compared, self.env.unit.context.int(shape.lanes()))
    }
}
