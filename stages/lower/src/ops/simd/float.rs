//! Arithmetic on lanes of floats. What is said of NaNs for single floats ([`crate::ops::float`]) goes for lanes, too.

use super::Shape::{self, F32x4, F64x2};
use crate::function::{Lowering, Result};
use crate::ops::float::{Choice, difference, product, quiet, quotient, sum};
use crate::ops::rows;
use llvm::{Builder, FloatPredicate, Value};

rows! {
    visit_f32x4_add => lanewise2(F32x4, sum);
    visit_f32x4_sub => lanewise2(F32x4, difference);
    visit_f32x4_mul => lanewise2(F32x4, product);
    visit_f32x4_div => lanewise2(F32x4, quotient);
    visit_f32x4_min => choose_lanes(F32x4, Choice::Min);
    visit_f32x4_max => choose_lanes(F32x4, Choice::Max);
    visit_f32x4_pmin => lanewise2(F32x4, pseudo_min);
    visit_f32x4_pmax => lanewise2(F32x4, pseudo_max);
    visit_f32x4_abs => intrinsic1(F32x4, "llvm.fabs");
    visit_f32x4_neg => lanewise1(F32x4, Builder::fneg);
    visit_f32x4_sqrt => intrinsic1(F32x4, "llvm.sqrt");
    visit_f32x4_ceil => round_lanes(F32x4, Rounding::Ceil);
    visit_f32x4_floor => round_lanes(F32x4, Rounding::Floor);
    visit_f32x4_trunc => round_lanes(F32x4, Rounding::Trunc);
    visit_f32x4_nearest => round_lanes(F32x4, Rounding::Nearest);
    visit_f64x2_add => lanewise2(F64x2, sum);
    visit_f64x2_sub => lanewise2(F64x2, difference);
    visit_f64x2_mul => lanewise2(F64x2, product);
    visit_f64x2_div => lanewise2(F64x2, quotient);
    visit_f64x2_min => choose_lanes(F64x2, Choice::Min);
    visit_f64x2_max => choose_lanes(F64x2, Choice::Max);
    visit_f64x2_pmin => lanewise2(F64x2, pseudo_min);
    visit_f64x2_pmax => lanewise2(F64x2, pseudo_max);
    visit_f64x2_abs => intrinsic1(F64x2, "llvm.fabs");
    visit_f64x2_neg => lanewise1(F64x2, Builder::fneg);
    visit_f64x2_sqrt => intrinsic1(F64x2, "llvm.sqrt");
    visit_f64x2_ceil => round_lanes(F64x2, Rounding::Ceil);
    visit_f64x2_floor => round_lanes(F64x2, Rounding::Floor);
    visit_f64x2_trunc => round_lanes(F64x2, Rounding::Trunc);
    visit_f64x2_nearest => round_lanes(F64x2, Rounding::Nearest);
}

/// To which integer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    /// Up.
    Ceil,
    /// Down.
    Floor,
    /// Towards zero.
    Trunc,
    /// To the nearest, halfway to the even one.
    Nearest,
}

impl<'c> Lowering<'_, 'c> {
    fn choose_lanes(&mut self, shape: Shape, choice: Choice) -> Result {
        let (a, b) = self.pop2_lanes(shape);
        let chosen = self.chosen(choice, a, b);
        self.push_lanes(chosen)
    }

    fn round_lanes(&mut self, shape: Shape, rounding: Rounding) -> Result {
        if self.is_x86() && !self.has("sse4.1") {
            let a = self.pop_lanes(shape);
            let rounded = self.round_by_sum(shape, rounding, a);
            return self.push_lanes(rounded);
        }
        let name = match rounding {
            Rounding::Ceil => "llvm.ceil",
            Rounding::Floor => "llvm.floor",
            Rounding::Trunc => "llvm.trunc",
            Rounding::Nearest => "llvm.roundeven",
        };
        self.intrinsic1(shape, name)
    }

    /// Rounds where no instruction does and LLVM would call a function for each lane: adding and subtracting the least number
    /// whose neighbours are one apart rounds to the nearest, from which the integer in question is at most one away.
    fn round_by_sum(&self, shape: Shape, rounding: Rounding, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let mantissa = if shape == F32x4 { 23 } else { 52 };
        let [one, limit] = [0, mantissa].map(|exponent| self.float_lanes(shape, 2f64.powi(exponent)));
        let with_sign = |value, sign: Value<'c>| *builder.intrinsic("llvm.copysign", &[sign.ty()], &[value, sign]);
        let size = *builder.intrinsic("llvm.fabs", &[a.ty()], &[a]);
        let nearest = builder.fsub(builder.fadd(size, limit), limit);
        let one_if = |condition| builder.select(condition, one, one.ty().null());
        let rounded = match rounding {
            Rounding::Nearest => nearest,
            Rounding::Trunc => builder.fsub(nearest, one_if(builder.fcmp(FloatPredicate::Ogt, nearest, size))),
            Rounding::Floor => {
                let nearest = with_sign(nearest, a);
                builder.fsub(nearest, one_if(builder.fcmp(FloatPredicate::Ogt, nearest, a)))
            }
            Rounding::Ceil => {
                let nearest = with_sign(nearest, a);
                builder.fadd(nearest, one_if(builder.fcmp(FloatPredicate::Olt, nearest, a)))
            }
        };
        let has_fraction = builder.fcmp(FloatPredicate::Olt, size, limit);
        builder.select(has_fraction, with_sign(rounded, a), quiet(builder, a))
    }

    /// The same float in all lanes.
    pub(super) fn float_lanes(&self, shape: Shape, value: f64) -> Value<'c> {
        let context = self.env.unit.context;
        let lane = match shape {
            F32x4 => context.const_f32_bits((value as f32).to_bits()),
            _ => context.const_f64_bits(value.to_bits()),
        };
        context.const_vector(&vec![lane; shape.lanes() as usize])
    }
}

/// `b < a ? b : a`, whatever that means for NaNs and zeros.
pub(super) fn pseudo_min<'c>(builder: &Builder<'c>, a: Value<'c>, b: Value<'c>) -> Value<'c> {
    builder.select(builder.fcmp(FloatPredicate::Olt, b, a), b, a)
}

/// `a < b ? b : a`, whatever that means for NaNs and zeros.
pub(super) fn pseudo_max<'c>(builder: &Builder<'c>, a: Value<'c>, b: Value<'c>) -> Value<'c> {
    builder.select(builder.fcmp(FloatPredicate::Olt, a, b), b, a)
}
