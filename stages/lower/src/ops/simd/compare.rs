//! Comparisons lane by lane: all bits of a lane are ones where it holds, and zeros where not.

use super::Shape::{self, F32x4, F64x2, I8x16, I16x8, I32x4, I64x2};
use crate::function::{Lowering, Result};
use crate::ops::rows;
use llvm::{FloatPredicate, IntPredicate};

rows! {
    visit_i8x16_eq => compare_lanes(I8x16, IntPredicate::Eq);
    visit_i8x16_ne => compare_lanes(I8x16, IntPredicate::Ne);
    visit_i8x16_lt_s => compare_lanes(I8x16, IntPredicate::Slt);
    visit_i8x16_lt_u => compare_lanes(I8x16, IntPredicate::Ult);
    visit_i8x16_gt_s => compare_lanes(I8x16, IntPredicate::Sgt);
    visit_i8x16_gt_u => compare_lanes(I8x16, IntPredicate::Ugt);
    visit_i8x16_le_s => compare_lanes(I8x16, IntPredicate::Sle);
    visit_i8x16_le_u => compare_lanes(I8x16, IntPredicate::Ule);
    visit_i8x16_ge_s => compare_lanes(I8x16, IntPredicate::Sge);
    visit_i8x16_ge_u => compare_lanes(I8x16, IntPredicate::Uge);
    visit_i16x8_eq => compare_lanes(I16x8, IntPredicate::Eq);
    visit_i16x8_ne => compare_lanes(I16x8, IntPredicate::Ne);
    visit_i16x8_lt_s => compare_lanes(I16x8, IntPredicate::Slt);
    visit_i16x8_lt_u => compare_lanes(I16x8, IntPredicate::Ult);
    visit_i16x8_gt_s => compare_lanes(I16x8, IntPredicate::Sgt);
    visit_i16x8_gt_u => compare_lanes(I16x8, IntPredicate::Ugt);
    visit_i16x8_le_s => compare_lanes(I16x8, IntPredicate::Sle);
    visit_i16x8_le_u => compare_lanes(I16x8, IntPredicate::Ule);
    visit_i16x8_ge_s => compare_lanes(I16x8, IntPredicate::Sge);
    visit_i16x8_ge_u => compare_lanes(I16x8, IntPredicate::Uge);
    visit_i32x4_eq => compare_lanes(I32x4, IntPredicate::Eq);
    visit_i32x4_ne => compare_lanes(I32x4, IntPredicate::Ne);
    visit_i32x4_lt_s => compare_lanes(I32x4, IntPredicate::Slt);
    visit_i32x4_lt_u => compare_lanes(I32x4, IntPredicate::Ult);
    visit_i32x4_gt_s => compare_lanes(I32x4, IntPredicate::Sgt);
    visit_i32x4_gt_u => compare_lanes(I32x4, IntPredicate::Ugt);
    visit_i32x4_le_s => compare_lanes(I32x4, IntPredicate::Sle);
    visit_i32x4_le_u => compare_lanes(I32x4, IntPredicate::Ule);
    visit_i32x4_ge_s => compare_lanes(I32x4, IntPredicate::Sge);
    visit_i32x4_ge_u => compare_lanes(I32x4, IntPredicate::Uge);
    visit_i64x2_eq => compare_lanes(I64x2, IntPredicate::Eq);
    visit_i64x2_ne => compare_lanes(I64x2, IntPredicate::Ne);
    visit_i64x2_lt_s => compare_lanes(I64x2, IntPredicate::Slt);
    visit_i64x2_gt_s => compare_lanes(I64x2, IntPredicate::Sgt);
    visit_i64x2_le_s => compare_lanes(I64x2, IntPredicate::Sle);
    visit_i64x2_ge_s => compare_lanes(I64x2, IntPredicate::Sge);
    visit_f32x4_eq => compare_float_lanes(F32x4, FloatPredicate::Oeq);
    visit_f32x4_ne => compare_float_lanes(F32x4, FloatPredicate::Une);
    visit_f32x4_lt => compare_float_lanes(F32x4, FloatPredicate::Olt);
    visit_f32x4_gt => compare_float_lanes(F32x4, FloatPredicate::Ogt);
    visit_f32x4_le => compare_float_lanes(F32x4, FloatPredicate::Ole);
    visit_f32x4_ge => compare_float_lanes(F32x4, FloatPredicate::Oge);
    visit_f64x2_eq => compare_float_lanes(F64x2, FloatPredicate::Oeq);
    visit_f64x2_ne => compare_float_lanes(F64x2, FloatPredicate::Une);
    visit_f64x2_lt => compare_float_lanes(F64x2, FloatPredicate::Olt);
    visit_f64x2_gt => compare_float_lanes(F64x2, FloatPredicate::Ogt);
    visit_f64x2_le => compare_float_lanes(F64x2, FloatPredicate::Ole);
    visit_f64x2_ge => compare_float_lanes(F64x2, FloatPredicate::Oge);
}

impl Lowering<'_, '_> {
    fn compare_lanes(&mut self, shape: Shape, predicate: IntPredicate) -> Result {
        let (a, b) = self.pop2_lanes(shape);
        let builder = &self.env.builder;
        let mask = builder.sext(builder.icmp(predicate, a, b), a.ty());
        self.push_lanes(mask)
    }

    fn compare_float_lanes(&mut self, shape: Shape, predicate: FloatPredicate) -> Result {
        let (a, b) = self.pop2_lanes(shape);
        let mask = self.lanes_type(if shape == F32x4 { I32x4 } else { I64x2 });
        let builder = &self.env.builder;
        let mask = builder.sext(builder.fcmp(predicate, a, b), mask);
        self.push_lanes(mask)
    }
}
