//! Conversions between lanes of integers and of floats.

use super::Shape::{F32x4, F64x2, I32x4};
use crate::function::{Lowering, Result};
use crate::ops::float::quiet;
use crate::ops::rows;
use llvm::{Builder, FloatPredicate, Value};

rows! {
    visit_i32x4_trunc_sat_f32x4_s => saturate_f32_signed();
    visit_i32x4_trunc_sat_f32x4_u => saturate_f32_unsigned();
    visit_i32x4_trunc_sat_f64x2_s_zero => saturate_f64_signed();
    visit_i32x4_trunc_sat_f64x2_u_zero => saturate_f64_unsigned();
    visit_f32x4_convert_i32x4_s => lanewise1(I32x4, |builder, a| builder.sitofp(a, floats(builder)));
    visit_f32x4_convert_i32x4_u => lanewise1(I32x4, |builder, a| builder.uitofp(a, floats(builder)));
    visit_f64x2_convert_low_i32x4_s => lanewise1(I32x4, |builder, a| builder.sitofp(low(builder, a), doubles(builder)));
    visit_f64x2_convert_low_i32x4_u => lanewise1(I32x4, |builder, a| builder.uitofp(low(builder, a), doubles(builder)));
    visit_f32x4_demote_f64x2_zero => demote_lanes();
    visit_f64x2_promote_low_f32x4 => lanewise1(F32x4, |builder, a| builder.fpext(low(builder, a), doubles(builder)));
}

impl<'c> Lowering<'_, 'c> {
    fn saturate_f32_signed(&mut self) -> Result {
        let a = self.pop_lanes(F32x4);
        let converted =
            if self.is_x86() { self.saturate_f32_signed_x86(a) } else { self.saturated("llvm.fptosi.sat", a) };
        self.push_lanes(converted)
    }

    fn saturate_f32_unsigned(&mut self) -> Result {
        let a = self.pop_lanes(F32x4);
        let converted =
            if self.is_x86() { self.saturate_f32_unsigned_x86(a) } else { self.saturated("llvm.fptoui.sat", a) };
        self.push_lanes(converted)
    }

    fn saturate_f64_signed(&mut self) -> Result {
        let a = self.pop_lanes(F64x2);
        let converted =
            if self.is_x86() { self.saturate_f64_signed_x86(a) } else { self.saturated("llvm.fptosi.sat", a) };
        self.push_lanes(converted)
    }

    fn saturate_f64_unsigned(&mut self) -> Result {
        let a = self.pop_lanes(F64x2);
        let converted =
            if self.is_x86() { self.saturate_f64_unsigned_x86(a) } else { self.saturated("llvm.fptoui.sat", a) };
        self.push_lanes(converted)
    }

    /// Lanes of `i32` from one of LLVM's saturating conversions; zeros where there is no lane.
    pub(super) fn saturated(&self, name: &str, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let lanes = if a.ty() == self.lanes_type(F32x4) { 4 } else { 2 };
        let integers = self.env.unit.context.vector(self.env.unit.types.i32, lanes);
        let converted = *builder.intrinsic(name, &[integers, a.ty()], &[a]);
        if lanes == 4 { converted } else { with_zeros(builder, converted) }
    }

    // x86 gives the least signed integer, 0x8000_0000, for all that has no integer; LLVM would leave it undefined, and its own
    // saturating conversions are longer than these.

    fn saturate_f32_signed_x86(&self, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let is_number = builder.fcmp(FloatPredicate::Ord, a, a);
        let number = builder.select(is_number, a, a.ty().null());
        let converted = *builder.intrinsic("llvm.x86.sse2.cvttps2dq", &[], &[number]);
        let too_large = builder.fcmp(FloatPredicate::Oge, number, self.float_lanes(F32x4, 2f64.powi(31)));
        builder.xor(converted, builder.sext(too_large, converted.ty()))
    }

    /// Numbers from 2^31 on are converted less that, unless the processor can do better: it gives all ones for what is too large.
    fn saturate_f32_unsigned_x86(&self, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let positive = self.positive(a);
        if self.has("avx512vl") {
            let (integers, all) = (self.lanes_type(I32x4).null(), self.env.unit.context.const_i8(0xff));
            return *builder.intrinsic("llvm.x86.avx512.mask.cvttps2udq.128", &[], &[positive, integers, all]);
        }
        let convert = |value| *builder.intrinsic("llvm.x86.sse2.cvttps2dq", &[], &[value]);
        let half = self.float_lanes(F32x4, 2f64.powi(31));
        let lower = convert(positive);
        let rest = builder.fsub(positive, half);
        let too_large = builder.fcmp(FloatPredicate::Oge, rest, half);
        let upper = builder.xor(convert(rest), builder.sext(too_large, lower.ty()));
        let upper = builder.intrinsic("llvm.smax", &[lower.ty()], &[upper, lower.ty().null()]);
        builder.add(lower, *upper)
    }

    fn saturate_f64_signed_x86(&self, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        // The processor's minimum gives the second operand for NaN: which is then zero.
        let is_number = builder.fcmp(FloatPredicate::Ord, a, a);
        let greatest = builder.select(is_number, self.float_lanes(F64x2, i32::MAX.into()), a.ty().null());
        let clamped = builder.select(builder.fcmp(FloatPredicate::Olt, a, greatest), a, greatest);
        *builder.intrinsic("llvm.x86.sse2.cvttpd2dq", &[], &[clamped])
    }

    fn saturate_f64_unsigned_x86(&self, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let positive = self.positive(a);
        let greatest = self.float_lanes(F64x2, u32::MAX.into());
        let clamped = builder.select(builder.fcmp(FloatPredicate::Olt, positive, greatest), positive, greatest);
        let context = self.env.unit.context;
        with_zeros(builder, builder.fptoui(clamped, context.vector(context.i32(), 2)))
    }

    /// Zeros for negative lanes and NaNs: the processor's maximum.
    fn positive(&self, a: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        builder.select(builder.fcmp(FloatPredicate::Ogt, a, a.ty().null()), a, a.ty().null())
    }

    fn demote_lanes(&mut self) -> Result {
        let a = self.pop_lanes(F64x2);
        let builder = &self.env.builder;
        // LLVM cancels a promotion against a demotion, and a signalling NaN stays one. It does not know the x86 instruction so
        // well.
        let demoted = if self.is_x86() {
            *builder.intrinsic("llvm.x86.sse2.cvtpd2ps", &[], &[a])
        } else {
            let demoted = builder.fptrunc(a, self.env.unit.context.vector(self.env.unit.types.f32, 2));
            with_zeros(builder, quiet(builder, demoted))
        };
        self.push_lanes(demoted)
    }
}

/// The type of four `f32`.
fn floats<'c>(builder: &Builder<'c>) -> llvm::Type<'c> {
    builder.context().vector(builder.context().f32(), 4)
}

/// The type of two `f64`.
fn doubles<'c>(builder: &Builder<'c>) -> llvm::Type<'c> {
    builder.context().vector(builder.context().f64(), 2)
}

/// The low two of four lanes.
fn low<'c>(builder: &Builder<'c>, lanes: Value<'c>) -> Value<'c> {
    builder.shuffle_vector(lanes, lanes, &[0, 1])
}

/// Two lanes, and two zeros above them.
fn with_zeros<'c>(builder: &Builder<'c>, lanes: Value<'c>) -> Value<'c> {
    builder.shuffle_vector(lanes, lanes.ty().null(), &[0, 1, 2, 3])
}
