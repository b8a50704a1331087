//! Vectors in linear memory: whole ones, halves whose lanes are widened, single lanes.

use super::Shape::{self, F32x4, F64x2, I8x16, I16x8, I32x4, I64x2};
use super::widen::Extend;
use crate::function::{Lowering, Result};
use crate::ops::rows;
use abi::types::ValType;
use llvm::Builder;
use wasmparser::MemArg;

rows! {
    visit_v128_load(memarg: MemArg) => load(memarg, ValType::V128);
    visit_v128_store(memarg: MemArg) => store(memarg);
    visit_v128_load8x8_s(memarg: MemArg) => load_extended(memarg, I8x16, Builder::sext);
    visit_v128_load8x8_u(memarg: MemArg) => load_extended(memarg, I8x16, Builder::zext);
    visit_v128_load16x4_s(memarg: MemArg) => load_extended(memarg, I16x8, Builder::sext);
    visit_v128_load16x4_u(memarg: MemArg) => load_extended(memarg, I16x8, Builder::zext);
    visit_v128_load32x2_s(memarg: MemArg) => load_extended(memarg, I32x4, Builder::sext);
    visit_v128_load32x2_u(memarg: MemArg) => load_extended(memarg, I32x4, Builder::zext);
    visit_v128_load8_splat(memarg: MemArg) => load_splat(memarg, I8x16);
    visit_v128_load16_splat(memarg: MemArg) => load_splat(memarg, I16x8);
    visit_v128_load32_splat(memarg: MemArg) => load_splat(memarg, I32x4);
    visit_v128_load64_splat(memarg: MemArg) => load_splat(memarg, I64x2);
    visit_v128_load32_zero(memarg: MemArg) => load_zero(memarg, F32x4);
    visit_v128_load64_zero(memarg: MemArg) => load_zero(memarg, F64x2);
    visit_v128_load8_lane(memarg: MemArg, lane: u8) => load_lane(memarg, I8x16, lane);
    visit_v128_load16_lane(memarg: MemArg, lane: u8) => load_lane(memarg, I16x8, lane);
    visit_v128_load32_lane(memarg: MemArg, lane: u8) => load_lane(memarg, I32x4, lane);
    visit_v128_load64_lane(memarg: MemArg, lane: u8) => load_lane(memarg, I64x2, lane);
    visit_v128_store8_lane(memarg: MemArg, lane: u8) => store_lane(memarg, I8x16, lane);
    visit_v128_store16_lane(memarg: MemArg, lane: u8) => store_lane(memarg, I16x8, lane);
    visit_v128_store32_lane(memarg: MemArg, lane: u8) => store_lane(memarg, I32x4, lane);
    visit_v128_store64_lane(memarg: MemArg, lane: u8) => store_lane(memarg, I64x2, lane);
}

impl<'c> Lowering<'_, 'c> {
    /// Half as many lanes of a shape as a vector has, each extended to twice its width.
    fn load_extended(&mut self, memarg: MemArg, shape: Shape, extend: Extend<'c>) -> Result {
        let address = self.address(memarg)?;
        let context = self.env.unit.context;
        let half = context.vector(self.lane_type(shape), shape.lanes() / 2);
        let wide = context.vector(context.int(2 * shape.bits()), shape.lanes() / 2);
        // As one number: LLVM might load the lanes of a vector that fills no register one by one.
        let loaded = self.env.load(self.env.unit.types.i64, address);
        let extended = extend(&self.env.builder, self.env.builder.bitcast(loaded, half), wide);
        self.push_lanes(extended)
    }

    fn load_splat(&mut self, memarg: MemArg, shape: Shape) -> Result {
        let address = self.address(memarg)?;
        let lane = self.env.load(self.lane_type(shape), address);
        let splat = self.env.builder.splat(lane, shape.lanes());
        self.push_lanes(splat)
    }

    /// A float's load is its register's; an integer's would go through another one, as it must not be changed.
    fn load_zero(&mut self, memarg: MemArg, shape: Shape) -> Result {
        let address = self.address(memarg)?;
        let lane = self.env.load(self.lane_type(shape), address);
        let vector = self.env.builder.insert_element(self.lanes_type(shape).null(), lane, self.lane(0));
        self.push_lanes(vector)
    }

    fn load_lane(&mut self, memarg: MemArg, shape: Shape, lane: u8) -> Result {
        let lanes = self.pop_lanes(shape);
        let address = self.address(memarg)?;
        let loaded = self.env.load(self.lane_type(shape), address);
        let replaced = self.env.builder.insert_element(lanes, loaded, self.lane(lane));
        self.push_lanes(replaced)
    }

    fn store_lane(&mut self, memarg: MemArg, shape: Shape, lane: u8) -> Result {
        let lanes = self.pop_lanes(shape);
        let address = self.address(memarg)?;
        let lane = self.env.builder.extract_element(lanes, self.lane(lane));
        self.env.store(lane, address);
        Ok(())
    }
}
