//! Comparisons, lane by lane.

use super::rows;
use crate::semantics::vector::{f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, u8x16, u16x8, u32x4};

rows! {
    visit_i8x16_eq => binary_vector(|a, b| i8x16::compare(a, b, i8::eq));
    visit_i8x16_ne => binary_vector(|a, b| i8x16::compare(a, b, i8::ne));
    visit_i8x16_lt_s => binary_vector(|a, b| i8x16::compare(a, b, i8::lt));
    visit_i8x16_lt_u => binary_vector(|a, b| u8x16::compare(a, b, u8::lt));
    visit_i8x16_gt_s => binary_vector(|a, b| i8x16::compare(a, b, i8::gt));
    visit_i8x16_gt_u => binary_vector(|a, b| u8x16::compare(a, b, u8::gt));
    visit_i8x16_le_s => binary_vector(|a, b| i8x16::compare(a, b, i8::le));
    visit_i8x16_le_u => binary_vector(|a, b| u8x16::compare(a, b, u8::le));
    visit_i8x16_ge_s => binary_vector(|a, b| i8x16::compare(a, b, i8::ge));
    visit_i8x16_ge_u => binary_vector(|a, b| u8x16::compare(a, b, u8::ge));
    visit_i16x8_eq => binary_vector(|a, b| i16x8::compare(a, b, i16::eq));
    visit_i16x8_ne => binary_vector(|a, b| i16x8::compare(a, b, i16::ne));
    visit_i16x8_lt_s => binary_vector(|a, b| i16x8::compare(a, b, i16::lt));
    visit_i16x8_lt_u => binary_vector(|a, b| u16x8::compare(a, b, u16::lt));
    visit_i16x8_gt_s => binary_vector(|a, b| i16x8::compare(a, b, i16::gt));
    visit_i16x8_gt_u => binary_vector(|a, b| u16x8::compare(a, b, u16::gt));
    visit_i16x8_le_s => binary_vector(|a, b| i16x8::compare(a, b, i16::le));
    visit_i16x8_le_u => binary_vector(|a, b| u16x8::compare(a, b, u16::le));
    visit_i16x8_ge_s => binary_vector(|a, b| i16x8::compare(a, b, i16::ge));
    visit_i16x8_ge_u => binary_vector(|a, b| u16x8::compare(a, b, u16::ge));
    visit_i32x4_eq => binary_vector(|a, b| i32x4::compare(a, b, i32::eq));
    visit_i32x4_ne => binary_vector(|a, b| i32x4::compare(a, b, i32::ne));
    visit_i32x4_lt_s => binary_vector(|a, b| i32x4::compare(a, b, i32::lt));
    visit_i32x4_lt_u => binary_vector(|a, b| u32x4::compare(a, b, u32::lt));
    visit_i32x4_gt_s => binary_vector(|a, b| i32x4::compare(a, b, i32::gt));
    visit_i32x4_gt_u => binary_vector(|a, b| u32x4::compare(a, b, u32::gt));
    visit_i32x4_le_s => binary_vector(|a, b| i32x4::compare(a, b, i32::le));
    visit_i32x4_le_u => binary_vector(|a, b| u32x4::compare(a, b, u32::le));
    visit_i32x4_ge_s => binary_vector(|a, b| i32x4::compare(a, b, i32::ge));
    visit_i32x4_ge_u => binary_vector(|a, b| u32x4::compare(a, b, u32::ge));
    visit_i64x2_eq => binary_vector(|a, b| i64x2::compare(a, b, i64::eq));
    visit_i64x2_ne => binary_vector(|a, b| i64x2::compare(a, b, i64::ne));
    visit_i64x2_lt_s => binary_vector(|a, b| i64x2::compare(a, b, i64::lt));
    visit_i64x2_gt_s => binary_vector(|a, b| i64x2::compare(a, b, i64::gt));
    visit_i64x2_le_s => binary_vector(|a, b| i64x2::compare(a, b, i64::le));
    visit_i64x2_ge_s => binary_vector(|a, b| i64x2::compare(a, b, i64::ge));
    visit_f32x4_eq => binary_vector(|a, b| f32x4::compare(a, b, f32::eq));
    visit_f32x4_ne => binary_vector(|a, b| f32x4::compare(a, b, f32::ne));
    visit_f32x4_lt => binary_vector(|a, b| f32x4::compare(a, b, f32::lt));
    visit_f32x4_gt => binary_vector(|a, b| f32x4::compare(a, b, f32::gt));
    visit_f32x4_le => binary_vector(|a, b| f32x4::compare(a, b, f32::le));
    visit_f32x4_ge => binary_vector(|a, b| f32x4::compare(a, b, f32::ge));
    visit_f64x2_eq => binary_vector(|a, b| f64x2::compare(a, b, f64::eq));
    visit_f64x2_ne => binary_vector(|a, b| f64x2::compare(a, b, f64::ne));
    visit_f64x2_lt => binary_vector(|a, b| f64x2::compare(a, b, f64::lt));
    visit_f64x2_gt => binary_vector(|a, b| f64x2::compare(a, b, f64::gt));
    visit_f64x2_le => binary_vector(|a, b| f64x2::compare(a, b, f64::le));
    visit_f64x2_ge => binary_vector(|a, b| f64x2::compare(a, b, f64::ge));
}
