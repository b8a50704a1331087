//! The operators whose results the specification leaves open in corner cases ([`crate::semantics::relaxed`]).

use super::rows;
use crate::semantics::relaxed::{self, dot, dot_add, i32_from_f32, i32_from_f64, q15mulr, swizzle};
use crate::semantics::vector::{f32x4, f64x2, i16x8, i32x4};

rows! {
    visit_i8x16_relaxed_swizzle => binary_vector(swizzle);
    visit_i32x4_relaxed_trunc_f32x4_s => unary_vector(|a| i32x4::vector(f32x4::lanes(a).map(i32_from_f32)));
    visit_i32x4_relaxed_trunc_f32x4_u => visit_i32x4_trunc_sat_f32x4_u();
    visit_i32x4_relaxed_trunc_f64x2_s_zero => unary_vector(|a| {
        let [a, b] = f64x2::lanes(a).map(i32_from_f64);
        i32x4::vector([a, b, 0, 0])
    });
    visit_i32x4_relaxed_trunc_f64x2_u_zero => visit_i32x4_trunc_sat_f64x2_u_zero();
    visit_f32x4_relaxed_madd => ternary_vector(|a, b, c| f32x4::zip3(a, b, c, relaxed::f32::madd));
    visit_f32x4_relaxed_nmadd => ternary_vector(|a, b, c| f32x4::zip3(a, b, c, relaxed::f32::nmadd));
    visit_f64x2_relaxed_madd => ternary_vector(|a, b, c| f64x2::zip3(a, b, c, relaxed::f64::madd));
    visit_f64x2_relaxed_nmadd => ternary_vector(|a, b, c| f64x2::zip3(a, b, c, relaxed::f64::nmadd));
    visit_i8x16_relaxed_laneselect, visit_i16x8_relaxed_laneselect => visit_v128_bitselect();
    visit_i32x4_relaxed_laneselect, visit_i64x2_relaxed_laneselect => visit_v128_bitselect();
    visit_f32x4_relaxed_min => visit_f32x4_pmin();
    visit_f32x4_relaxed_max => visit_f32x4_pmax();
    visit_f64x2_relaxed_min => visit_f64x2_pmin();
    visit_f64x2_relaxed_max => visit_f64x2_pmax();
    visit_i16x8_relaxed_q15mulr_s => binary_vector(|a, b| i16x8::zip(a, b, q15mulr));
    visit_i16x8_relaxed_dot_i8x16_i7x16_s => binary_vector(dot);
    visit_i32x4_relaxed_dot_i8x16_i7x16_add_s => ternary_vector(dot_add);
}
