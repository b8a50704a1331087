//! Vectors of 128 bits (specification, section 4.3.6), by class as elsewhere.
//!
//! A vector is `<16 x i8>` wherever it is kept (operands, locals, globals, memory) and is taken for vectors of lanes where
//! it is used: casts between them cost nothing. Operations on lanes are LLVM's own wherever it makes the best of them for
//! each processor, intrinsics of a processor only where it does not see what one instruction could do; those that are not in
//! the architecture's baseline only if the target has them.

mod bitwise;
mod compare;
mod convert;
mod float;
mod int;
mod lanes;
mod memory;
mod relaxed;
mod widen;

use crate::function::{Lowering, Result};
use llvm::{Builder, Type, TypeKind, Value};

/// How a vector is divided into lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Shape {
    I8x16,
    I16x8,
    I32x4,
    I64x2,
    F32x4,
    F64x2,
}

impl Shape {
    /// The number of lanes.
    const fn lanes(self) -> u32 {
        128 / self.bits()
    }

    /// The width of a lane.
    const fn bits(self) -> u32 {
        match self {
            Shape::I8x16 => 8,
            Shape::I16x8 => 16,
            Shape::I32x4 | Shape::F32x4 => 32,
            Shape::I64x2 | Shape::F64x2 => 64,
        }
    }
}

impl<'c> Lowering<'_, 'c> {
    /// The type of a lane.
    fn lane_type(&self, shape: Shape) -> Type<'c> {
        match shape {
            Shape::I8x16 | Shape::I16x8 | Shape::I32x4 | Shape::I64x2 => self.env.unit.context.int(shape.bits()),
            Shape::F32x4 => self.env.unit.types.f32,
            Shape::F64x2 => self.env.unit.types.f64,
        }
    }

    /// The type of all lanes.
    fn lanes_type(&self, shape: Shape) -> Type<'c> {
        self.env.unit.context.vector(self.lane_type(shape), shape.lanes())
    }

    /// The same constant integer in all lanes.
    fn lanes_const(&self, shape: Shape, value: u64) -> Value<'c> {
        let lane = self.lane_type(shape).const_int(value);
        self.env.unit.context.const_vector(&vec![lane; shape.lanes() as usize])
    }

    /// The number of a lane, for LLVM.
    fn lane(&self, lane: u8) -> Value<'c> {
        self.env.unit.context.const_i32(lane.into())
    }

    /// Pops a vector as lanes.
    fn pop_lanes(&mut self, shape: Shape) -> Value<'c> {
        let vector = self.pop();
        self.cast(vector, self.lanes_type(shape))
    }

    /// Pops two vectors as lanes: the second operand is on top.
    fn pop2_lanes(&mut self, shape: Shape) -> (Value<'c>, Value<'c>) {
        let second = self.pop_lanes(shape);
        (self.pop_lanes(shape), second)
    }

    /// Pushes a vector, of any lanes.
    fn push_lanes(&mut self, lanes: Value<'c>) -> Result {
        self.push(self.cast(lanes, self.env.unit.types.v128));
        Ok(())
    }

    /// The same bits as a vector of another type. Constants stay such: LLVM by itself would only write the cast down.
    fn cast(&self, vector: Value<'c>, to: Type<'c>) -> Value<'c> {
        if vector.ty() == to {
            return vector;
        }
        match (constant_bytes(vector), to.element()) {
            (Some(bytes), Some(lane)) => self.env.unit.context.const_vector(&constant_lanes(bytes, lane)),
            _ => self.env.builder.bitcast(vector, to),
        }
    }

    /// An operation on each lane.
    fn lanewise1(&mut self, shape: Shape, build: fn(&Builder<'c>, Value<'c>) -> Value<'c>) -> Result {
        let a = self.pop_lanes(shape);
        let result = build(&self.env.builder, a);
        self.push_lanes(result)
    }

    /// An operation on each pair of lanes.
    fn lanewise2(&mut self, shape: Shape, build: fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>) -> Result {
        let (a, b) = self.pop2_lanes(shape);
        let result = build(&self.env.builder, a, b);
        self.push_lanes(result)
    }

    /// One of LLVM's functions on each lane.
    fn intrinsic1(&mut self, shape: Shape, name: &str) -> Result {
        let a = self.pop_lanes(shape);
        let result = self.env.builder.intrinsic(name, &[a.ty()], &[a]);
        self.push_lanes(*result)
    }

    /// One of LLVM's functions on each pair of lanes.
    fn intrinsic2(&mut self, shape: Shape, name: &str) -> Result {
        let (a, b) = self.pop2_lanes(shape);
        let result = self.env.builder.intrinsic(name, &[a.ty()], &[a, b]);
        self.push_lanes(*result)
    }

    /// Whether code is for x86-64, all of which has SSE2.
    fn is_x86(&self) -> bool {
        self.env.unit.input.target.architecture() == "x86_64"
    }

    /// Whether code is for aarch64, all of which has vectors.
    fn is_aarch64(&self) -> bool {
        self.env.unit.input.target.architecture() == "aarch64"
    }

    /// Whether code may use a feature of its processor, one beyond the baseline of the architecture.
    fn has(&self, feature: &str) -> bool {
        self.env.unit.input.target.cpu_features.iter().any(|has| has == feature)
    }
}

/// The bytes of a constant vector, in memory order.
fn constant_bytes(vector: Value<'_>) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let lanes = vector.ty().element_count()?;
    for (index, lane) in (0..).zip(bytes.chunks_exact_mut(16 / lanes as usize)) {
        let value = vector.const_element(index)?;
        let bits = value.as_const_int().or_else(|| value.as_const_float_bits())?;
        lane.copy_from_slice(&bits.to_le_bytes()[..lane.len()]);
    }
    Some(bytes)
}

/// Constants of a type that have these bytes, one after the other.
fn constant_lanes<'c>(bytes: [u8; 16], lane: Type<'c>) -> Vec<Value<'c>> {
    let (size, constant): (usize, fn(Type<'c>, u64) -> Value<'c>) = match lane.kind() {
        TypeKind::F32 => (4, Type::const_float_bits),
        TypeKind::F64 => (8, Type::const_float_bits),
        _ => (lane.int_width().map_or(16, |bits| bits as usize / 8), Type::const_int),
    };
    let bits = |bytes: &[u8]| bytes.iter().rev().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
    bytes.chunks_exact(size).map(|bytes| constant(lane, bits(bytes))).collect()
}
