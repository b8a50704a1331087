//! The operators whose results the specification leaves open in corner cases.
//!
//! Ours are the same on every processor, so that a program does not depend on where it runs. Among what is allowed they are
//! what x86-64 does in the fewest instructions:
//!
//! | operator | choice |
//! |---|---|
//! | `swizzle` | numbers from 16 to 127 count modulo 16; larger ones give 0 |
//! | `trunc_…_s` | NaN and what is too large give the least integer |
//! | `trunc_…_u` | saturates, NaN gives 0 |
//! | `madd`, `nmadd` | rounds twice: processors without a fused operation would need a function for it |
//! | `laneselect` | selects bits |
//! | `min`, `max` | the second operand if it is less (greater), else the first, whatever they are |
//! | `q15mulr_s` | -1 by -1 gives -1 |
//! | `dot_i8x16_i7x16` | takes the second operand as unsigned, saturates sums of two products |

use super::Shape::{self, F32x4, F64x2, I8x16, I16x8, I32x4};
use super::float::{pseudo_max, pseudo_min};
use crate::function::{Lowering, Result};
use crate::ops::float::{difference, product, sum};
use crate::ops::rows;
use llvm::{Builder, FloatPredicate, IntPredicate, Value};

rows! {
    visit_i8x16_relaxed_swizzle => relaxed_swizzle();
    visit_i32x4_relaxed_trunc_f32x4_s => relaxed_truncate_f32();
    visit_i32x4_relaxed_trunc_f32x4_u => visit_i32x4_trunc_sat_f32x4_u();
    visit_i32x4_relaxed_trunc_f64x2_s_zero => relaxed_truncate_f64();
    visit_i32x4_relaxed_trunc_f64x2_u_zero => visit_i32x4_trunc_sat_f64x2_u_zero();
    visit_f32x4_relaxed_madd => multiply_add(F32x4, |builder, product, c| sum(builder, product, c));
    visit_f32x4_relaxed_nmadd => multiply_add(F32x4, |builder, product, c| difference(builder, c, product));
    visit_f64x2_relaxed_madd => multiply_add(F64x2, |builder, product, c| sum(builder, product, c));
    visit_f64x2_relaxed_nmadd => multiply_add(F64x2, |builder, product, c| difference(builder, c, product));
    visit_i8x16_relaxed_laneselect, visit_i16x8_relaxed_laneselect => visit_v128_bitselect();
    visit_i32x4_relaxed_laneselect, visit_i64x2_relaxed_laneselect => visit_v128_bitselect();
    visit_f32x4_relaxed_min => lanewise2(F32x4, pseudo_min);
    visit_f32x4_relaxed_max => lanewise2(F32x4, pseudo_max);
    visit_f64x2_relaxed_min => lanewise2(F64x2, pseudo_min);
    visit_f64x2_relaxed_max => lanewise2(F64x2, pseudo_max);
    visit_i16x8_relaxed_q15mulr_s => relaxed_q15_multiply();
    visit_i16x8_relaxed_dot_i8x16_i7x16_s => relaxed_dot();
    visit_i32x4_relaxed_dot_i8x16_i7x16_add_s => relaxed_dot_add();
}

impl<'c> Lowering<'_, 'c> {
    fn relaxed_swizzle(&mut self) -> Result {
        let (a, numbers) = self.pop2_lanes(I8x16);
        let builder = &self.env.builder;
        let swizzled = if self.is_x86() && self.has("ssse3") {
            *builder.intrinsic("llvm.x86.ssse3.pshuf.b.128", &[], &[a, numbers])
        } else if self.is_aarch64() {
            let numbers = builder.and(numbers, self.lanes_const(I8x16, 0x8f));
            *builder.intrinsic("llvm.aarch64.neon.tbl1", &[a.ty()], &[a, numbers])
        } else {
            let is_lane = builder.icmp(IntPredicate::Sge, numbers, a.ty().null());
            self.swizzle_by_lane(a, numbers, is_lane)
        };
        self.push_lanes(swizzled)
    }

    fn relaxed_truncate_f32(&mut self) -> Result {
        let a = self.pop_lanes(F32x4);
        let converted = if self.is_x86() {
            *self.env.builder.intrinsic("llvm.x86.sse2.cvttps2dq", &[], &[a])
        } else {
            self.truncated_as_by_x86(F32x4, a)
        };
        self.push_lanes(converted)
    }

    fn relaxed_truncate_f64(&mut self) -> Result {
        let a = self.pop_lanes(F64x2);
        let converted = if self.is_x86() {
            *self.env.builder.intrinsic("llvm.x86.sse2.cvttpd2dq", &[], &[a])
        } else {
            self.truncated_as_by_x86(F64x2, a)
        };
        self.push_lanes(converted)
    }

    /// Saturates below, and gives the least integer for what is too large and for NaN. Zeros where there is no lane.
    fn truncated_as_by_x86(&self, shape: Shape, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let small_enough = builder.fcmp(FloatPredicate::Olt, a, self.float_lanes(shape, 2f64.powi(31)));
        let least = self.float_lanes(shape, i32::MIN.into());
        self.saturated("llvm.fptosi.sat", builder.select(small_enough, a, least))
    }

    fn multiply_add(&mut self, shape: Shape, add: fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>) -> Result {
        let c = self.pop_lanes(shape);
        let (a, b) = self.pop2_lanes(shape);
        let builder = &self.env.builder;
        let result = add(builder, product(builder, a, b), c);
        self.push_lanes(result)
    }

    fn relaxed_q15_multiply(&mut self) -> Result {
        let (a, b) = self.pop2_lanes(I16x8);
        let product = if self.is_x86() { self.q15_wrapped(a, b) } else { self.q15_wrapped_from_saturated(a, b) };
        self.push_lanes(product)
    }

    fn q15_wrapped_from_saturated(&self, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let least = self.lanes_const(I16x8, 0x8000);
        let [a_is_least, b_is_least] = [a, b].map(|lanes| builder.icmp(IntPredicate::Eq, lanes, least));
        let too_large = builder.sext(builder.and(a_is_least, b_is_least), a.ty());
        builder.xor(self.q15_saturated(a, b), too_large)
    }

    fn relaxed_dot(&mut self) -> Result {
        let (a, b) = self.pop2_lanes(I8x16);
        let dot = self.relaxed_dotted(a, b);
        self.push_lanes(dot)
    }

    fn relaxed_dot_add(&mut self) -> Result {
        let c = self.pop_lanes(I32x4);
        let (a, b) = self.pop2_lanes(I8x16);
        let sums = self.pairs_signed(I16x8, self.relaxed_dotted(a, b));
        let total = self.env.builder.add(sums, c);
        self.push_lanes(total)
    }

    /// Sums of pairs of products of signed bytes by unsigned ones, saturated.
    fn relaxed_dotted(&self, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        if self.is_x86() && self.has("ssse3") {
            return self.multiply_add_bytes(b, a);
        }
        let builder = &self.env.builder;
        let product = |number: fn(u32) -> u32| {
            let a = self.extended(I8x16, Builder::sext, a, number);
            builder.mul(a, self.extended(I8x16, Builder::zext, b, number))
        };
        let (even, odd) = (product(|lane| 2 * lane), product(|lane| 2 * lane + 1));
        *builder.intrinsic("llvm.sadd.sat", &[even.ty()], &[even, odd])
    }
}
