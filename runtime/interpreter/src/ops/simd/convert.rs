//! Conversions between lanes of integers and of floats.

use super::rows;
use crate::semantics::convert::{demote, promote};
use crate::semantics::vector::{f32x4, f64x2, i32x4, u32x4};

rows! {
    visit_i32x4_trunc_sat_f32x4_s => unary_vector(|a| i32x4::vector(f32x4::lanes(a).map(|lane| lane as i32)));
    visit_i32x4_trunc_sat_f32x4_u => unary_vector(|a| u32x4::vector(f32x4::lanes(a).map(|lane| lane as u32)));
    visit_f32x4_convert_i32x4_s => unary_vector(|a| f32x4::vector(i32x4::lanes(a).map(|lane| lane as f32)));
    visit_f32x4_convert_i32x4_u => unary_vector(|a| f32x4::vector(u32x4::lanes(a).map(|lane| lane as f32)));
    visit_i32x4_trunc_sat_f64x2_s_zero => unary_vector(|a| {
        let [a, b] = f64x2::lanes(a);
        i32x4::vector([a as i32, b as i32, 0, 0])
    });
    visit_i32x4_trunc_sat_f64x2_u_zero => unary_vector(|a| {
        let [a, b] = f64x2::lanes(a);
        u32x4::vector([a as u32, b as u32, 0, 0])
    });
    visit_f64x2_convert_low_i32x4_s => unary_vector(|a| {
        let [a, b, ..] = i32x4::lanes(a);
        f64x2::vector([a.into(), b.into()])
    });
    visit_f64x2_convert_low_i32x4_u => unary_vector(|a| {
        let [a, b, ..] = u32x4::lanes(a);
        f64x2::vector([a.into(), b.into()])
    });
    visit_f32x4_demote_f64x2_zero => unary_vector(|a| {
        let [a, b] = f64x2::lanes(a);
        f32x4::vector([demote(a), demote(b), 0.0, 0.0])
    });
    visit_f64x2_promote_low_f32x4 => unary_vector(|a| {
        let [a, b, ..] = f32x4::lanes(a);
        f64x2::vector([promote(a), promote(b)])
    });
}
