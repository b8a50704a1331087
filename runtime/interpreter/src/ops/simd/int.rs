//! Lanes of integers: arithmetic, shifts, tests. Distances count modulo a lane's width.

use super::rows;
use crate::semantics::vector::{
    avgr_u8, avgr_u16, i8x16, i16x8, i32x4, i64x2, q15mulr, test, u8x16, u16x8, u32x4, u64x2,
};

rows! {
    visit_i8x16_add => binary_vector(|a, b| i8x16::zip(a, b, i8::wrapping_add));
    visit_i8x16_sub => binary_vector(|a, b| i8x16::zip(a, b, i8::wrapping_sub));
    visit_i8x16_add_sat_s => binary_vector(|a, b| i8x16::zip(a, b, i8::saturating_add));
    visit_i8x16_add_sat_u => binary_vector(|a, b| u8x16::zip(a, b, u8::saturating_add));
    visit_i8x16_sub_sat_s => binary_vector(|a, b| i8x16::zip(a, b, i8::saturating_sub));
    visit_i8x16_sub_sat_u => binary_vector(|a, b| u8x16::zip(a, b, u8::saturating_sub));
    visit_i8x16_avgr_u => binary_vector(|a, b| u8x16::zip(a, b, avgr_u8));
    visit_i8x16_min_s => binary_vector(|a, b| i8x16::zip(a, b, i8::min));
    visit_i8x16_min_u => binary_vector(|a, b| u8x16::zip(a, b, u8::min));
    visit_i8x16_max_s => binary_vector(|a, b| i8x16::zip(a, b, i8::max));
    visit_i8x16_max_u => binary_vector(|a, b| u8x16::zip(a, b, u8::max));
    visit_i8x16_abs => unary_vector(|a| i8x16::map(a, i8::wrapping_abs));
    visit_i8x16_neg => unary_vector(|a| i8x16::map(a, i8::wrapping_neg));
    visit_i8x16_shl => shift_vector(|a, by| i8x16::map(a, |lane| lane.wrapping_shl(by)));
    visit_i8x16_shr_s => shift_vector(|a, by| i8x16::map(a, |lane| lane.wrapping_shr(by)));
    visit_i8x16_shr_u => shift_vector(|a, by| u8x16::map(a, |lane| lane.wrapping_shr(by)));
    visit_i8x16_all_true => test_vector(test::i8x16::all_true);
    visit_i8x16_bitmask => test_vector(test::i8x16::bitmask);
    visit_i16x8_add => binary_vector(|a, b| i16x8::zip(a, b, i16::wrapping_add));
    visit_i16x8_sub => binary_vector(|a, b| i16x8::zip(a, b, i16::wrapping_sub));
    visit_i16x8_mul => binary_vector(|a, b| i16x8::zip(a, b, i16::wrapping_mul));
    visit_i16x8_add_sat_s => binary_vector(|a, b| i16x8::zip(a, b, i16::saturating_add));
    visit_i16x8_add_sat_u => binary_vector(|a, b| u16x8::zip(a, b, u16::saturating_add));
    visit_i16x8_sub_sat_s => binary_vector(|a, b| i16x8::zip(a, b, i16::saturating_sub));
    visit_i16x8_sub_sat_u => binary_vector(|a, b| u16x8::zip(a, b, u16::saturating_sub));
    visit_i16x8_avgr_u => binary_vector(|a, b| u16x8::zip(a, b, avgr_u16));
    visit_i16x8_min_s => binary_vector(|a, b| i16x8::zip(a, b, i16::min));
    visit_i16x8_min_u => binary_vector(|a, b| u16x8::zip(a, b, u16::min));
    visit_i16x8_max_s => binary_vector(|a, b| i16x8::zip(a, b, i16::max));
    visit_i16x8_max_u => binary_vector(|a, b| u16x8::zip(a, b, u16::max));
    visit_i16x8_abs => unary_vector(|a| i16x8::map(a, i16::wrapping_abs));
    visit_i16x8_neg => unary_vector(|a| i16x8::map(a, i16::wrapping_neg));
    visit_i16x8_shl => shift_vector(|a, by| i16x8::map(a, |lane| lane.wrapping_shl(by)));
    visit_i16x8_shr_s => shift_vector(|a, by| i16x8::map(a, |lane| lane.wrapping_shr(by)));
    visit_i16x8_shr_u => shift_vector(|a, by| u16x8::map(a, |lane| lane.wrapping_shr(by)));
    visit_i16x8_all_true => test_vector(test::i16x8::all_true);
    visit_i16x8_bitmask => test_vector(test::i16x8::bitmask);
    visit_i32x4_add => binary_vector(|a, b| i32x4::zip(a, b, i32::wrapping_add));
    visit_i32x4_sub => binary_vector(|a, b| i32x4::zip(a, b, i32::wrapping_sub));
    visit_i32x4_mul => binary_vector(|a, b| i32x4::zip(a, b, i32::wrapping_mul));
    visit_i32x4_min_s => binary_vector(|a, b| i32x4::zip(a, b, i32::min));
    visit_i32x4_min_u => binary_vector(|a, b| u32x4::zip(a, b, u32::min));
    visit_i32x4_max_s => binary_vector(|a, b| i32x4::zip(a, b, i32::max));
    visit_i32x4_max_u => binary_vector(|a, b| u32x4::zip(a, b, u32::max));
    visit_i32x4_abs => unary_vector(|a| i32x4::map(a, i32::wrapping_abs));
    visit_i32x4_neg => unary_vector(|a| i32x4::map(a, i32::wrapping_neg));
    visit_i32x4_shl => shift_vector(|a, by| i32x4::map(a, |lane| lane.wrapping_shl(by)));
    visit_i32x4_shr_s => shift_vector(|a, by| i32x4::map(a, |lane| lane.wrapping_shr(by)));
    visit_i32x4_shr_u => shift_vector(|a, by| u32x4::map(a, |lane| lane.wrapping_shr(by)));
    visit_i32x4_all_true => test_vector(test::i32x4::all_true);
    visit_i32x4_bitmask => test_vector(test::i32x4::bitmask);
    visit_i64x2_add => binary_vector(|a, b| i64x2::zip(a, b, i64::wrapping_add));
    visit_i64x2_sub => binary_vector(|a, b| i64x2::zip(a, b, i64::wrapping_sub));
    visit_i64x2_mul => binary_vector(|a, b| i64x2::zip(a, b, i64::wrapping_mul));
    visit_i64x2_abs => unary_vector(|a| i64x2::map(a, i64::wrapping_abs));
    visit_i64x2_neg => unary_vector(|a| i64x2::map(a, i64::wrapping_neg));
    visit_i64x2_shl => shift_vector(|a, by| i64x2::map(a, |lane| lane.wrapping_shl(by)));
    visit_i64x2_shr_s => shift_vector(|a, by| i64x2::map(a, |lane| lane.wrapping_shr(by)));
    visit_i64x2_shr_u => shift_vector(|a, by| u64x2::map(a, |lane| lane.wrapping_shr(by)));
    visit_i64x2_all_true => test_vector(test::i64x2::all_true);
    visit_i64x2_bitmask => test_vector(test::i64x2::bitmask);
    visit_i8x16_popcnt => unary_vector(|a| u8x16::map(a, |lane| lane.count_ones() as u8));
    visit_i16x8_q15mulr_sat_s => binary_vector(|a, b| i16x8::zip(a, b, q15mulr));
}
