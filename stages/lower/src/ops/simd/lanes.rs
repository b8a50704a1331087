//! Making vectors, taking lanes out, moving lanes around.

use super::Shape::{self, F32x4, F64x2, I8x16, I16x8, I32x4, I64x2};
use crate::function::{Lowering, Result};
use crate::ops::rows;
use llvm::{IntPredicate, Value};
use wasmparser::V128;

rows! {
    visit_v128_const(value: V128) => v128_const(value);
    visit_i8x16_shuffle(lanes: [u8; 16]) => shuffle(lanes);
    visit_i8x16_swizzle => swizzle();
    visit_i8x16_splat => splat(I8x16);
    visit_i16x8_splat => splat(I16x8);
    visit_i32x4_splat => splat(I32x4);
    visit_i64x2_splat => splat(I64x2);
    visit_f32x4_splat => splat(F32x4);
    visit_f64x2_splat => splat(F64x2);
    visit_i8x16_extract_lane_s(lane: u8) => extract_lane_signed(I8x16, lane);
    visit_i8x16_extract_lane_u(lane: u8) => extract_lane_unsigned(I8x16, lane);
    visit_i16x8_extract_lane_s(lane: u8) => extract_lane_signed(I16x8, lane);
    visit_i16x8_extract_lane_u(lane: u8) => extract_lane_unsigned(I16x8, lane);
    visit_i32x4_extract_lane(lane: u8) => extract_lane(I32x4, lane);
    visit_i64x2_extract_lane(lane: u8) => extract_lane(I64x2, lane);
    visit_f32x4_extract_lane(lane: u8) => extract_lane(F32x4, lane);
    visit_f64x2_extract_lane(lane: u8) => extract_lane(F64x2, lane);
    visit_i8x16_replace_lane(lane: u8) => replace_lane(I8x16, lane);
    visit_i16x8_replace_lane(lane: u8) => replace_lane(I16x8, lane);
    visit_i32x4_replace_lane(lane: u8) => replace_lane(I32x4, lane);
    visit_i64x2_replace_lane(lane: u8) => replace_lane(I64x2, lane);
    visit_f32x4_replace_lane(lane: u8) => replace_lane(F32x4, lane);
    visit_f64x2_replace_lane(lane: u8) => replace_lane(F64x2, lane);
}

impl<'c> Lowering<'_, 'c> {
    fn v128_const(&mut self, value: V128) -> Result {
        self.push(self.env.unit.types.vector(*value.bytes()));
        Ok(())
    }

    fn splat(&mut self, shape: Shape) -> Result {
        let lane = self.pop_lane(shape);
        let splat = self.env.builder.splat(lane, shape.lanes());
        self.push_lanes(splat)
    }

    /// Pops a value that becomes a lane: of an `i32` the low bits, if lanes are narrower.
    fn pop_lane(&mut self, shape: Shape) -> Value<'c> {
        let value = self.pop();
        match shape {
            I8x16 | I16x8 => self.env.builder.trunc(value, self.lane_type(shape)),
            I32x4 | I64x2 | F32x4 | F64x2 => value,
        }
    }

    fn extract_lane(&mut self, shape: Shape, lane: u8) -> Result {
        let lanes = self.pop_lanes(shape);
        self.push(self.env.builder.extract_element(lanes, self.lane(lane)));
        Ok(())
    }

    fn extract_lane_signed(&mut self, shape: Shape, lane: u8) -> Result {
        let lanes = self.pop_lanes(shape);
        let lane = self.env.builder.extract_element(lanes, self.lane(lane));
        self.push(self.env.builder.sext(lane, self.env.unit.types.i32));
        Ok(())
    }

    fn extract_lane_unsigned(&mut self, shape: Shape, lane: u8) -> Result {
        let lanes = self.pop_lanes(shape);
        let lane = self.env.builder.extract_element(lanes, self.lane(lane));
        self.push(self.env.builder.zext(lane, self.env.unit.types.i32));
        Ok(())
    }

    fn replace_lane(&mut self, shape: Shape, lane: u8) -> Result {
        let value = self.pop_lane(shape);
        let lanes = self.pop_lanes(shape);
        let replaced = self.env.builder.insert_element(lanes, value, self.lane(lane));
        self.push_lanes(replaced)
    }

    fn shuffle(&mut self, lanes: [u8; 16]) -> Result {
        let (a, b) = self.pop2_lanes(I8x16);
        let shuffled = self.env.builder.shuffle_vector(a, b, &lanes.map(u32::from));
        self.push_lanes(shuffled)
    }

    /// Lanes of the first operand, by their numbers in the second; zeros for numbers that are no lane's.
    fn swizzle(&mut self) -> Result {
        let (a, numbers) = self.pop2_lanes(I8x16);
        let builder = &self.env.builder;
        let swizzled = if self.is_x86() && self.has("ssse3") {
            // The instruction takes the low four bits of a number, and gives zero where the highest is set.
            let high = self.lanes_const(I8x16, 0x80 - 16);
            let numbers = builder.intrinsic("llvm.uadd.sat", &[a.ty()], &[numbers, high]);
            *builder.intrinsic("llvm.x86.ssse3.pshuf.b.128", &[], &[a, *numbers])
        } else if self.is_aarch64() {
            *builder.intrinsic("llvm.aarch64.neon.tbl1", &[a.ty()], &[a, numbers])
        } else {
            let is_lane = builder.icmp(IntPredicate::Ult, numbers, self.lanes_const(I8x16, 16));
            self.swizzle_by_lane(a, numbers, is_lane)
        };
        self.push_lanes(swizzled)
    }

    /// Lanes by the low four bits of numbers, zeros where there is none.
    pub(super) fn swizzle_by_lane(&self, a: Value<'c>, numbers: Value<'c>, is_lane: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let low = builder.and(numbers, self.lanes_const(I8x16, 15));
        let taken = (0..16).fold(a.ty().poison(), |taken, lane| {
            let number = builder.extract_element(low, self.lane(lane));
            builder.insert_element(taken, builder.extract_element(a, number), self.lane(lane))
        });
        builder.select(is_lane, taken, a.ty().null())
    }
}
