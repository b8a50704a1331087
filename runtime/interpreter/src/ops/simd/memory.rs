//! Loads and stores of vectors and lanes.

use super::rows;
use crate::semantics::vector::{
    i8_to_i16, i16_to_i32, i32_to_i64, u8_to_u16, u8x16, u16_to_u32, u16x8, u32_to_u64, u32x4, u64x2,
};
use vm::View;
use wasmparser::MemArg;

rows! {
    visit_v128_load(memarg: MemArg) => load_vector(memarg, |memory, at| memory.read(at));
    visit_v128_store(memarg: MemArg) => store_vector(memarg, |memory, at, value| memory.write(at, value));
    visit_v128_load8x8_s(memarg: MemArg) => load_vector(memarg, |memory, at| memory.read(at).map(i8_to_i16::of_bytes));
    visit_v128_load8x8_u(memarg: MemArg) => load_vector(memarg, |memory, at| memory.read(at).map(u8_to_u16::of_bytes));
    visit_v128_load16x4_s(memarg: MemArg) => load_vector(memarg, |memory, at| memory.read(at).map(i16_to_i32::of_bytes));
    visit_v128_load16x4_u(memarg: MemArg) => load_vector(memarg, |memory, at| memory.read(at).map(u16_to_u32::of_bytes));
    visit_v128_load32x2_s(memarg: MemArg) => load_vector(memarg, |memory, at| memory.read(at).map(i32_to_i64::of_bytes));
    visit_v128_load32x2_u(memarg: MemArg) => load_vector(memarg, |memory, at| memory.read(at).map(u32_to_u64::of_bytes));
    visit_v128_load8_splat(memarg: MemArg) => load_vector(memarg, |memory, at| {
        Some(u8x16::splat(u8::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_load16_splat(memarg: MemArg) => load_vector(memarg, |memory, at| {
        Some(u16x8::splat(u16::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_load32_splat(memarg: MemArg) => load_vector(memarg, |memory, at| {
        Some(u32x4::splat(u32::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_load64_splat(memarg: MemArg) => load_vector(memarg, |memory, at| {
        Some(u64x2::splat(u64::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_load32_zero(memarg: MemArg) => load_vector(memarg, |memory, at| {
        Some(u32x4::replace([0; 16], 0, u32::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_load64_zero(memarg: MemArg) => load_vector(memarg, |memory, at| {
        Some(u64x2::replace([0; 16], 0, u64::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_load8_lane(memarg: MemArg, lane: u8) => load_lane(memarg, lane, |memory, at, value, lane| {
        Some(u8x16::replace(value, lane, u8::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_store8_lane(memarg: MemArg, lane: u8) => store_lane(memarg, lane, |memory, at, value, lane| {
        memory.write(at, u8x16::extract(value, lane).to_le_bytes())
    });
    visit_v128_load16_lane(memarg: MemArg, lane: u8) => load_lane(memarg, lane, |memory, at, value, lane| {
        Some(u16x8::replace(value, lane, u16::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_store16_lane(memarg: MemArg, lane: u8) => store_lane(memarg, lane, |memory, at, value, lane| {
        memory.write(at, u16x8::extract(value, lane).to_le_bytes())
    });
    visit_v128_load32_lane(memarg: MemArg, lane: u8) => load_lane(memarg, lane, |memory, at, value, lane| {
        Some(u32x4::replace(value, lane, u32::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_store32_lane(memarg: MemArg, lane: u8) => store_lane(memarg, lane, |memory, at, value, lane| {
        memory.write(at, u32x4::extract(value, lane).to_le_bytes())
    });
    visit_v128_load64_lane(memarg: MemArg, lane: u8) => load_lane(memarg, lane, |memory, at, value, lane| {
        Some(u64x2::replace(value, lane, u64::from_le_bytes(memory.read(at)?)))
    });
    visit_v128_store64_lane(memarg: MemArg, lane: u8) => store_lane(memarg, lane, |memory, at, value, lane| {
        memory.write(at, u64x2::extract(value, lane).to_le_bytes())
    });
}
