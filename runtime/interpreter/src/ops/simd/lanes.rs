//! Constants, and lanes as such.

use super::rows;
use crate::frame::Word;
use crate::semantics::vector::{i8x16, i16x8, i32x4, swizzle, u8x16, u16x8, u32x4, u64x2};
use wasmparser::V128;

rows! {
    visit_v128_const(value: V128) => constant_vector(*value.bytes());
    visit_i8x16_shuffle(lanes: [u8; 16]) => shuffle(lanes);
    visit_i8x16_swizzle => binary_vector(swizzle);
    visit_i8x16_splat => splat(|word| i8x16::splat(word as i8));
    visit_i16x8_splat => splat(|word| i16x8::splat(word as i16));
    visit_i32x4_splat, visit_f32x4_splat => splat(|word| i32x4::splat(word as i32));
    visit_i64x2_splat, visit_f64x2_splat => splat(u64x2::splat);
    visit_i8x16_extract_lane_s(lane: u8) => extract(lane, |a, lane| i32::from(i8x16::extract(a, lane)).to_word());
    visit_i8x16_extract_lane_u(lane: u8) => extract(lane, |a, lane| u8x16::extract(a, lane).into());
    visit_i16x8_extract_lane_s(lane: u8) => extract(lane, |a, lane| i32::from(i16x8::extract(a, lane)).to_word());
    visit_i16x8_extract_lane_u(lane: u8) => extract(lane, |a, lane| u16x8::extract(a, lane).into());
    visit_i32x4_extract_lane, visit_f32x4_extract_lane(lane: u8) => extract(lane, |a, lane| u32x4::extract(a, lane).into());
    visit_i64x2_extract_lane, visit_f64x2_extract_lane(lane: u8) => extract(lane, u64x2::extract);
    visit_i8x16_replace_lane(lane: u8) => replace(lane, |a, lane, word| u8x16::replace(a, lane, word as u8));
    visit_i16x8_replace_lane(lane: u8) => replace(lane, |a, lane, word| u16x8::replace(a, lane, word as u16));
    visit_i32x4_replace_lane, visit_f32x4_replace_lane(lane: u8) => replace(lane, |a, lane, word| u32x4::replace(a, lane, word as u32));
    visit_i64x2_replace_lane, visit_f64x2_replace_lane(lane: u8) => replace(lane, u64x2::replace);
}
