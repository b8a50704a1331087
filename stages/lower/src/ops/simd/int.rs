//! Arithmetic on lanes of integers.

use super::Shape::{self, I8x16, I16x8, I32x4, I64x2};
use crate::function::{Lowering, Result};
use crate::ops::rows;
use llvm::{Builder, Value};

rows! {
    visit_i8x16_add => lanewise2(I8x16, Builder::add);
    visit_i8x16_sub => lanewise2(I8x16, Builder::sub);
    visit_i8x16_neg => lanewise1(I8x16, Builder::neg);
    visit_i8x16_abs => abs_lanes(I8x16);
    visit_i8x16_shl => shift_lanes(I8x16, Builder::shl);
    visit_i8x16_shr_s => shift_lanes(I8x16, Builder::ashr);
    visit_i8x16_shr_u => shift_lanes(I8x16, Builder::lshr);
    visit_i8x16_min_s => intrinsic2(I8x16, "llvm.smin");
    visit_i8x16_min_u => intrinsic2(I8x16, "llvm.umin");
    visit_i8x16_max_s => intrinsic2(I8x16, "llvm.smax");
    visit_i8x16_max_u => intrinsic2(I8x16, "llvm.umax");
    visit_i8x16_add_sat_s => intrinsic2(I8x16, "llvm.sadd.sat");
    visit_i8x16_add_sat_u => intrinsic2(I8x16, "llvm.uadd.sat");
    visit_i8x16_sub_sat_s => intrinsic2(I8x16, "llvm.ssub.sat");
    visit_i8x16_sub_sat_u => intrinsic2(I8x16, "llvm.usub.sat");
    visit_i8x16_avgr_u => average(I8x16);
    visit_i8x16_popcnt => intrinsic1(I8x16, "llvm.ctpop");
    visit_i16x8_add => lanewise2(I16x8, Builder::add);
    visit_i16x8_sub => lanewise2(I16x8, Builder::sub);
    visit_i16x8_mul => lanewise2(I16x8, Builder::mul);
    visit_i16x8_neg => lanewise1(I16x8, Builder::neg);
    visit_i16x8_abs => abs_lanes(I16x8);
    visit_i16x8_shl => shift_lanes(I16x8, Builder::shl);
    visit_i16x8_shr_s => shift_lanes(I16x8, Builder::ashr);
    visit_i16x8_shr_u => shift_lanes(I16x8, Builder::lshr);
    visit_i16x8_min_s => intrinsic2(I16x8, "llvm.smin");
    visit_i16x8_min_u => intrinsic2(I16x8, "llvm.umin");
    visit_i16x8_max_s => intrinsic2(I16x8, "llvm.smax");
    visit_i16x8_max_u => intrinsic2(I16x8, "llvm.umax");
    visit_i16x8_add_sat_s => intrinsic2(I16x8, "llvm.sadd.sat");
    visit_i16x8_add_sat_u => intrinsic2(I16x8, "llvm.uadd.sat");
    visit_i16x8_sub_sat_s => intrinsic2(I16x8, "llvm.ssub.sat");
    visit_i16x8_sub_sat_u => intrinsic2(I16x8, "llvm.usub.sat");
    visit_i16x8_avgr_u => average(I16x8);
    visit_i32x4_add => lanewise2(I32x4, Builder::add);
    visit_i32x4_sub => lanewise2(I32x4, Builder::sub);
    visit_i32x4_mul => lanewise2(I32x4, Builder::mul);
    visit_i32x4_neg => lanewise1(I32x4, Builder::neg);
    visit_i32x4_abs => abs_lanes(I32x4);
    visit_i32x4_shl => shift_lanes(I32x4, Builder::shl);
    visit_i32x4_shr_s => shift_lanes(I32x4, Builder::ashr);
    visit_i32x4_shr_u => shift_lanes(I32x4, Builder::lshr);
    visit_i32x4_min_s => intrinsic2(I32x4, "llvm.smin");
    visit_i32x4_min_u => intrinsic2(I32x4, "llvm.umin");
    visit_i32x4_max_s => intrinsic2(I32x4, "llvm.smax");
    visit_i32x4_max_u => intrinsic2(I32x4, "llvm.umax");
    visit_i64x2_add => lanewise2(I64x2, Builder::add);
    visit_i64x2_sub => lanewise2(I64x2, Builder::sub);
    visit_i64x2_mul => lanewise2(I64x2, Builder::mul);
    visit_i64x2_neg => lanewise1(I64x2, Builder::neg);
    visit_i64x2_abs => abs_lanes(I64x2);
    visit_i64x2_shl => shift_lanes(I64x2, Builder::shl);
    visit_i64x2_shr_s => shift_lanes(I64x2, Builder::ashr);
    visit_i64x2_shr_u => shift_lanes(I64x2, Builder::lshr);
}

impl<'c> Lowering<'_, 'c> {
    fn abs_lanes(&mut self, shape: Shape) -> Result {
        let a = self.pop_lanes(shape);
        // The last argument says that the least integer is its own absolute value, where LLVM would leave that undefined.
        let defined = self.env.unit.context.const_bool(false);
        let result = self.env.builder.intrinsic("llvm.abs", &[a.ty()], &[a, defined]);
        self.push_lanes(*result)
    }

    /// The average, rounded up, as LLVM knows it.
    fn average(&mut self, shape: Shape) -> Result {
        let (a, b) = self.pop2_lanes(shape);
        let context = self.env.unit.context;
        let wide = context.int(2 * shape.bits());
        let one = context.const_vector(&vec![wide.const_int(1); shape.lanes() as usize]);
        let builder = &self.env.builder;
        let [wide_a, wide_b] = [a, b].map(|lanes| builder.zext(lanes, one.ty()));
        let sum = builder.add(builder.add(wide_a, wide_b), one);
        let average = builder.trunc(builder.lshr(sum, one), a.ty());
        self.push_lanes(average)
    }

    fn shift_lanes(&mut self, shape: Shape, build: fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>) -> Result {
        let count = self.pop();
        let a = self.pop_lanes(shape);
        let builder = &self.env.builder;
        // Distances count modulo the width of a lane; LLVM leaves larger ones undefined.
        let distance = builder.and(count, count.ty().const_int(u64::from(shape.bits()) - 1));
        let lane = self.lane_type(shape);
        let distance = if shape == I64x2 { builder.zext(distance, lane) } else { builder.trunc(distance, lane) };
        let shifted = build(builder, a, builder.splat(distance, shape.lanes()));
        self.push_lanes(shifted)
    }
}
