//! Floats: constants, arithmetic, comparisons (specification, section 4.3.3).
//!
//! Where LLVM and WebAssembly disagree: an arithmetic operator gives a quiet NaN for a signalling one. LLVM takes the freedom to
//! fold `x * 1`, `x - 0` and the like to `x`, which stays signalling; such operands become quiet first, by `llvm.canonicalize`,
//! which is a multiplication by one that LLVM keeps.
//!
//! Which of two NaNs a result comes from, and the sign of a NaN, are left to LLVM and the processor. So LLVM may exchange the
//! operands of sums and products and move negations.

use super::rows;
use crate::function::{Lowering, Result};
use llvm::{Builder, FloatPredicate, TypeKind, Value};
use wasmparser::{Ieee32, Ieee64};

rows! {
    visit_f32_const(value: Ieee32) => constant(|context| context.const_f32_bits(value.bits()));
    visit_f64_const(value: Ieee64) => constant(|context| context.const_f64_bits(value.bits()));
    visit_f32_add, visit_f64_add => arithmetic(sum);
    visit_f32_sub, visit_f64_sub => arithmetic(difference);
    visit_f32_mul, visit_f64_mul => arithmetic(product);
    visit_f32_div, visit_f64_div => arithmetic(quotient);
    visit_f32_min, visit_f64_min => choose(Choice::Min);
    visit_f32_max, visit_f64_max => choose(Choice::Max);
    visit_f32_copysign, visit_f64_copysign => copysign();
    visit_f32_abs, visit_f64_abs => unary("llvm.fabs");
    visit_f32_neg, visit_f64_neg => neg();
    visit_f32_ceil, visit_f64_ceil => unary("llvm.ceil");
    visit_f32_floor, visit_f64_floor => unary("llvm.floor");
    visit_f32_trunc, visit_f64_trunc => unary("llvm.trunc");
    visit_f32_nearest, visit_f64_nearest => unary("llvm.roundeven");
    visit_f32_sqrt, visit_f64_sqrt => unary("llvm.sqrt");
    visit_f32_eq, visit_f64_eq => compare_floats(FloatPredicate::Oeq);
    visit_f32_ne, visit_f64_ne => compare_floats(FloatPredicate::Une);
    visit_f32_lt, visit_f64_lt => compare_floats(FloatPredicate::Olt);
    visit_f32_gt, visit_f64_gt => compare_floats(FloatPredicate::Ogt);
    visit_f32_le, visit_f64_le => compare_floats(FloatPredicate::Ole);
    visit_f32_ge, visit_f64_ge => compare_floats(FloatPredicate::Oge);
}

/// Which of two numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Min,
    Max,
}

impl<'c> Lowering<'_, 'c> {
    fn unary(&mut self, intrinsic: &str) -> Result {
        let a = self.pop();
        let result = self.env.builder.intrinsic(intrinsic, &[a.ty()], &[a]);
        self.push(*result);
        Ok(())
    }

    fn neg(&mut self) -> Result {
        let a = self.pop();
        self.push(self.env.builder.fneg(a));
        Ok(())
    }

    fn copysign(&mut self) -> Result {
        let (a, b) = self.pop2();
        let result = self.env.builder.intrinsic("llvm.copysign", &[a.ty()], &[a, b]);
        self.push(*result);
        Ok(())
    }

    fn compare_floats(&mut self, predicate: FloatPredicate) -> Result {
        let (a, b) = self.pop2();
        let condition = self.env.builder.fcmp(predicate, a, b);
        self.push_condition(condition);
        Ok(())
    }

    fn arithmetic(&mut self, build: fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>) -> Result {
        let (a, b) = self.pop2();
        self.push(build(&self.env.builder, a, b));
        Ok(())
    }

    fn choose(&mut self, choice: Choice) -> Result {
        let (a, b) = self.pop2();
        self.push(self.chosen(choice, a, b));
        Ok(())
    }

    /// The minimum or maximum of two numbers, or of two vectors of them.
    pub(super) fn chosen(&self, choice: Choice, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        match self.env.unit.input.target.architecture() {
            "x86_64" => self.choose_x86(choice, a, b),
            _ => self.choose_intrinsic(choice, a, b),
        }
    }

    /// `llvm.minimum` and `llvm.maximum` mean what WebAssembly means, but for x86-64 they give a signalling NaN as it is, after
    /// a branch. This is shorter: the processor's own minimum, which gives the second operand for equal ones and for NaN,
    /// both ways round; zeros of both signs then meet bit by bit, and a NaN comes from a sum.
    fn choose_x86(&self, choice: Choice, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let types = &self.env.unit.types;
        let predicate = match choice {
            Choice::Min => FloatPredicate::Olt,
            Choice::Max => FloatPredicate::Ogt,
        };
        let bits = match a.ty().kind() {
            TypeKind::F32 => types.i32,
            TypeKind::F64 => types.i64,
            _ => types.v128,
        };
        let pick = |a, b| builder.bitcast(builder.select(builder.fcmp(predicate, a, b), a, b), bits);
        let (one_way, other_way) = (pick(a, b), pick(b, a));
        let both = match choice {
            Choice::Min => builder.or(one_way, other_way),
            Choice::Max => builder.and(one_way, other_way),
        };
        let nan = builder.fcmp(FloatPredicate::Uno, a, b);
        builder.select(nan, sum(builder, a, b), builder.bitcast(both, a.ty()))
    }

    fn choose_intrinsic(&self, choice: Choice, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        if a == b {
            return quiet(builder, a);
        }
        let (name, neutral) = match choice {
            Choice::Min => ("llvm.minimum", f64::INFINITY),
            Choice::Max => ("llvm.maximum", f64::NEG_INFINITY),
        };
        let neutral = |value| value == neutral;
        *builder.intrinsic(name, &[a.ty()], &[kept(builder, a, b, neutral), kept(builder, b, a, neutral)])
    }
}

/// `a + b`. LLVM drops the addition of a zero, of -0 always and of 0 where it knows that the other is not -0.
pub(super) fn sum<'c>(builder: &Builder<'c>, a: Value<'c>, b: Value<'c>) -> Value<'c> {
    builder.fadd(kept(builder, a, b, is_zero), kept(builder, b, a, is_zero))
}

/// `a - b`. LLVM drops the subtraction of a zero, and makes that from -0 a negation, which is an operation on bits.
pub(super) fn difference<'c>(builder: &Builder<'c>, a: Value<'c>, b: Value<'c>) -> Value<'c> {
    let is_negative_zero = |value: f64| value == 0.0 && value.is_sign_negative();
    builder.fsub(kept(builder, a, b, is_zero), kept(builder, b, a, is_negative_zero))
}

/// `a * b`. LLVM drops the multiplication by 1, and makes that by -1 a negation.
pub(super) fn product<'c>(builder: &Builder<'c>, a: Value<'c>, b: Value<'c>) -> Value<'c> {
    builder.fmul(kept(builder, a, b, is_unit), kept(builder, b, a, is_unit))
}

/// `a / b`. LLVM drops the division by 1, and makes that by -1 a negation.
pub(super) fn quotient<'c>(builder: &Builder<'c>, a: Value<'c>, b: Value<'c>) -> Value<'c> {
    builder.fdiv(kept(builder, a, b, is_unit), b)
}

fn is_zero(value: f64) -> bool {
    value == 0.0
}

fn is_unit(value: f64) -> bool {
    value.abs() == 1.0
}

/// The same value, but for a signalling NaN, which becomes quiet.
pub(super) fn quiet<'c>(builder: &Builder<'c>, value: Value<'c>) -> Value<'c> {
    *builder.intrinsic("llvm.canonicalize", &[value.ty()], &[value])
}

/// `value`, made quiet if `other` is a constant with which LLVM might give it back as it is. One lane is enough: LLVM may come
/// to compute only that.
fn kept<'c>(builder: &Builder<'c>, value: Value<'c>, other: Value<'c>, neutral: impl Fn(f64) -> bool) -> Value<'c> {
    let lanes = other.ty().element_count().unwrap_or(1);
    let lane = |index| if other.ty().is_vector() { other.const_element(index) } else { Some(other) };
    let mut numbers = (0..lanes as u32).filter_map(|index| as_constant(lane(index)?));
    if value.is_constant() || !numbers.any(neutral) { value } else { quiet(builder, value) }
}

/// The number that a value is known to be. NaNs count as unknown.
fn as_constant(value: Value<'_>) -> Option<f64> {
    let bits = value.as_const_float_bits()?;
    let number = match value.ty().kind() {
        TypeKind::F32 => f32::from_bits(bits as u32).into(),
        _ => f64::from_bits(bits),
    };
    (!number.is_nan()).then_some(number)
}
