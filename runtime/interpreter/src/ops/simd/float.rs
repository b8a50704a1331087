//! Lanes of floats: arithmetic.

use super::rows;
use crate::semantics::{
    float,
    vector::{f32x4, f64x2},
};

rows! {
    visit_f32x4_ceil => unary_vector(|a| f32x4::map(a, float::f32::ceil));
    visit_f32x4_floor => unary_vector(|a| f32x4::map(a, float::f32::floor));
    visit_f32x4_trunc => unary_vector(|a| f32x4::map(a, float::f32::trunc));
    visit_f32x4_nearest => unary_vector(|a| f32x4::map(a, float::f32::nearest));
    visit_f32x4_abs => unary_vector(|a| f32x4::map(a, f32::abs));
    visit_f32x4_sqrt => unary_vector(|a| f32x4::map(a, float::f32::sqrt));
    visit_f32x4_neg => unary_vector(|a| f32x4::map(a, |lane| -lane));
    visit_f32x4_add => binary_vector(|a, b| f32x4::zip(a, b, float::f32::add));
    visit_f32x4_sub => binary_vector(|a, b| f32x4::zip(a, b, float::f32::sub));
    visit_f32x4_mul => binary_vector(|a, b| f32x4::zip(a, b, float::f32::mul));
    visit_f32x4_div => binary_vector(|a, b| f32x4::zip(a, b, float::f32::div));
    visit_f32x4_min => binary_vector(|a, b| f32x4::zip(a, b, float::f32::min));
    visit_f32x4_max => binary_vector(|a, b| f32x4::zip(a, b, float::f32::max));
    visit_f32x4_pmin => binary_vector(|a, b| f32x4::zip(a, b, float::f32::pmin));
    visit_f32x4_pmax => binary_vector(|a, b| f32x4::zip(a, b, float::f32::pmax));
    visit_f64x2_ceil => unary_vector(|a| f64x2::map(a, float::f64::ceil));
    visit_f64x2_floor => unary_vector(|a| f64x2::map(a, float::f64::floor));
    visit_f64x2_trunc => unary_vector(|a| f64x2::map(a, float::f64::trunc));
    visit_f64x2_nearest => unary_vector(|a| f64x2::map(a, float::f64::nearest));
    visit_f64x2_abs => unary_vector(|a| f64x2::map(a, f64::abs));
    visit_f64x2_sqrt => unary_vector(|a| f64x2::map(a, float::f64::sqrt));
    visit_f64x2_neg => unary_vector(|a| f64x2::map(a, |lane| -lane));
    visit_f64x2_add => binary_vector(|a, b| f64x2::zip(a, b, float::f64::add));
    visit_f64x2_sub => binary_vector(|a, b| f64x2::zip(a, b, float::f64::sub));
    visit_f64x2_mul => binary_vector(|a, b| f64x2::zip(a, b, float::f64::mul));
    visit_f64x2_div => binary_vector(|a, b| f64x2::zip(a, b, float::f64::div));
    visit_f64x2_min => binary_vector(|a, b| f64x2::zip(a, b, float::f64::min));
    visit_f64x2_max => binary_vector(|a, b| f64x2::zip(a, b, float::f64::max));
    visit_f64x2_pmin => binary_vector(|a, b| f64x2::zip(a, b, float::f64::pmin));
    visit_f64x2_pmax => binary_vector(|a, b| f64x2::zip(a, b, float::f64::pmax));
}
