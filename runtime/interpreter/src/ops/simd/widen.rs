//! From narrow lanes to wide ones and back.

use super::rows;
use crate::semantics::vector::{
    dot, i8_to_i16, i16_to_i32, i32_to_i64, narrow_i16_to_i8, narrow_i16_to_u8, narrow_i32_to_i16, narrow_i32_to_u16,
    u8_to_u16, u16_to_u32, u32_to_u64,
};

rows! {
    visit_i16x8_extend_low_i8x16_s => unary_vector(i8_to_i16::low);
    visit_i16x8_extend_high_i8x16_s => unary_vector(i8_to_i16::high);
    visit_i16x8_extmul_low_i8x16_s => binary_vector(i8_to_i16::multiply_low);
    visit_i16x8_extmul_high_i8x16_s => binary_vector(i8_to_i16::multiply_high);
    visit_i16x8_extadd_pairwise_i8x16_s => unary_vector(i8_to_i16::add_pairwise);
    visit_i16x8_extend_low_i8x16_u => unary_vector(u8_to_u16::low);
    visit_i16x8_extend_high_i8x16_u => unary_vector(u8_to_u16::high);
    visit_i16x8_extmul_low_i8x16_u => binary_vector(u8_to_u16::multiply_low);
    visit_i16x8_extmul_high_i8x16_u => binary_vector(u8_to_u16::multiply_high);
    visit_i16x8_extadd_pairwise_i8x16_u => unary_vector(u8_to_u16::add_pairwise);
    visit_i32x4_extend_low_i16x8_s => unary_vector(i16_to_i32::low);
    visit_i32x4_extend_high_i16x8_s => unary_vector(i16_to_i32::high);
    visit_i32x4_extmul_low_i16x8_s => binary_vector(i16_to_i32::multiply_low);
    visit_i32x4_extmul_high_i16x8_s => binary_vector(i16_to_i32::multiply_high);
    visit_i32x4_extadd_pairwise_i16x8_s => unary_vector(i16_to_i32::add_pairwise);
    visit_i32x4_extend_low_i16x8_u => unary_vector(u16_to_u32::low);
    visit_i32x4_extend_high_i16x8_u => unary_vector(u16_to_u32::high);
    visit_i32x4_extmul_low_i16x8_u => binary_vector(u16_to_u32::multiply_low);
    visit_i32x4_extmul_high_i16x8_u => binary_vector(u16_to_u32::multiply_high);
    visit_i32x4_extadd_pairwise_i16x8_u => unary_vector(u16_to_u32::add_pairwise);
    visit_i64x2_extend_low_i32x4_s => unary_vector(i32_to_i64::low);
    visit_i64x2_extend_high_i32x4_s => unary_vector(i32_to_i64::high);
    visit_i64x2_extmul_low_i32x4_s => binary_vector(i32_to_i64::multiply_low);
    visit_i64x2_extmul_high_i32x4_s => binary_vector(i32_to_i64::multiply_high);
    visit_i64x2_extend_low_i32x4_u => unary_vector(u32_to_u64::low);
    visit_i64x2_extend_high_i32x4_u => unary_vector(u32_to_u64::high);
    visit_i64x2_extmul_low_i32x4_u => binary_vector(u32_to_u64::multiply_low);
    visit_i64x2_extmul_high_i32x4_u => binary_vector(u32_to_u64::multiply_high);
    visit_i32x4_dot_i16x8_s => binary_vector(dot);
    visit_i8x16_narrow_i16x8_s => binary_vector(narrow_i16_to_i8);
    visit_i8x16_narrow_i16x8_u => binary_vector(narrow_i16_to_u8);
    visit_i16x8_narrow_i32x4_s => binary_vector(narrow_i32_to_i16);
    visit_i16x8_narrow_i32x4_u => binary_vector(narrow_i32_to_u16);
}
