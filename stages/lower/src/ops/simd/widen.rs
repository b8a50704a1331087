//! Between lanes of one width and the next: extending, narrowing, products and sums that need twice the width.

use super::Shape::{self, I8x16, I16x8, I32x4};
use crate::function::{Lowering, Result};
use crate::ops::rows;
use llvm::{Builder, IntPredicate, Type, Value};

rows! {
    visit_i16x8_extend_low_i8x16_s => extend_half(I8x16, Half::Low, Builder::sext);
    visit_i16x8_extend_low_i8x16_u => extend_half(I8x16, Half::Low, Builder::zext);
    visit_i16x8_extend_high_i8x16_s => extend_half(I8x16, Half::High, Builder::sext);
    visit_i16x8_extend_high_i8x16_u => extend_half(I8x16, Half::High, Builder::zext);
    visit_i32x4_extend_low_i16x8_s => extend_half(I16x8, Half::Low, Builder::sext);
    visit_i32x4_extend_low_i16x8_u => extend_half(I16x8, Half::Low, Builder::zext);
    visit_i32x4_extend_high_i16x8_s => extend_half(I16x8, Half::High, Builder::sext);
    visit_i32x4_extend_high_i16x8_u => extend_half(I16x8, Half::High, Builder::zext);
    visit_i64x2_extend_low_i32x4_s => extend_half(I32x4, Half::Low, Builder::sext);
    visit_i64x2_extend_low_i32x4_u => extend_half(I32x4, Half::Low, Builder::zext);
    visit_i64x2_extend_high_i32x4_s => extend_half(I32x4, Half::High, Builder::sext);
    visit_i64x2_extend_high_i32x4_u => extend_half(I32x4, Half::High, Builder::zext);
    visit_i16x8_extmul_low_i8x16_s => multiply_half(I8x16, Half::Low, Builder::sext);
    visit_i16x8_extmul_low_i8x16_u => multiply_half(I8x16, Half::Low, Builder::zext);
    visit_i16x8_extmul_high_i8x16_s => multiply_half(I8x16, Half::High, Builder::sext);
    visit_i16x8_extmul_high_i8x16_u => multiply_half(I8x16, Half::High, Builder::zext);
    visit_i32x4_extmul_low_i16x8_s => multiply_half(I16x8, Half::Low, Builder::sext);
    visit_i32x4_extmul_low_i16x8_u => multiply_half(I16x8, Half::Low, Builder::zext);
    visit_i32x4_extmul_high_i16x8_s => multiply_half(I16x8, Half::High, Builder::sext);
    visit_i32x4_extmul_high_i16x8_u => multiply_half(I16x8, Half::High, Builder::zext);
    visit_i64x2_extmul_low_i32x4_s => multiply_half(I32x4, Half::Low, Builder::sext);
    visit_i64x2_extmul_low_i32x4_u => multiply_half(I32x4, Half::Low, Builder::zext);
    visit_i64x2_extmul_high_i32x4_s => multiply_half(I32x4, Half::High, Builder::sext);
    visit_i64x2_extmul_high_i32x4_u => multiply_half(I32x4, Half::High, Builder::zext);
    visit_i16x8_extadd_pairwise_i8x16_s => add_pairs_signed(I8x16);
    visit_i16x8_extadd_pairwise_i8x16_u => add_pairs_unsigned(I8x16);
    visit_i32x4_extadd_pairwise_i16x8_s => add_pairs_signed(I16x8);
    visit_i32x4_extadd_pairwise_i16x8_u => add_pairs_unsigned(I16x8);
    visit_i8x16_narrow_i16x8_s => narrow(I16x8, -0x80, 0x7f);
    visit_i8x16_narrow_i16x8_u => narrow(I16x8, 0, 0xff);
    visit_i16x8_narrow_i32x4_s => narrow(I32x4, -0x8000, 0x7fff);
    visit_i16x8_narrow_i32x4_u => narrow(I32x4, 0, 0xffff);
    visit_i32x4_dot_i16x8_s => dot();
    visit_i16x8_q15mulr_sat_s => q15_multiply();
}

/// Extending lanes, with their signs or with zeros.
pub(super) type Extend<'c> = fn(&Builder<'c>, Value<'c>, Type<'c>) -> Value<'c>;

/// Half of the lanes.
#[derive(Clone, Copy)]
enum Half {
    Low,
    High,
}

impl<'c> Lowering<'_, 'c> {
    fn extend_half(&mut self, from: Shape, half: Half, extend: Extend<'c>) -> Result {
        let a = self.pop_lanes(from);
        let extended = self.half(from, half, extend, a);
        self.push_lanes(extended)
    }

    fn multiply_half(&mut self, from: Shape, half: Half, extend: Extend<'c>) -> Result {
        let (a, b) = self.pop2_lanes(from);
        let [a, b] = [a, b].map(|lanes| self.half(from, half, extend, lanes));
        let product = self.env.builder.mul(a, b);
        self.push_lanes(product)
    }

    /// Half of some lanes, extended.
    fn half(&self, from: Shape, half: Half, extend: Extend<'c>, lanes: Value<'c>) -> Value<'c> {
        let count = from.lanes() / 2;
        let first = match half {
            Half::Low => 0,
            Half::High => count,
        };
        self.extended(from, extend, lanes, |lane| first + lane)
    }

    /// Half of some lanes, chosen by number, extended.
    pub(super) fn extended(
        &self,
        from: Shape,
        extend: Extend<'c>,
        lanes: Value<'c>,
        number: impl Fn(u32) -> u32,
    ) -> Value<'c> {
        let context = self.env.unit.context;
        let count = from.lanes() / 2;
        let chosen: Vec<_> = (0..count).map(number).collect();
        let chosen = self.env.builder.shuffle_vector(lanes, lanes, &chosen);
        extend(&self.env.builder, chosen, context.vector(context.int(2 * from.bits()), count))
    }

    fn add_pairs_signed(&mut self, from: Shape) -> Result {
        let a = self.pop_lanes(from);
        let sums = self.pairs_signed(from, a);
        self.push_lanes(sums)
    }

    pub(super) fn pairs_signed(&self, from: Shape, a: Value<'c>) -> Value<'c> {
        let ones = self.lanes_const(from, 1);
        match from {
            I8x16 if self.is_x86() && self.has("ssse3") => self.multiply_add_bytes(ones, a),
            I16x8 if self.is_x86() => self.multiply_add_words(ones, a),
            _ => self.add_pairs(from, Builder::sext, a),
        }
    }

    fn add_pairs_unsigned(&mut self, from: Shape) -> Result {
        let a = self.pop_lanes(from);
        let sums = match from {
            I8x16 if self.is_x86() && self.has("ssse3") => self.multiply_add_bytes(a, self.lanes_const(from, 1)),
            _ => self.add_pairs(from, Builder::zext, a),
        };
        self.push_lanes(sums)
    }

    fn add_pairs(&self, from: Shape, extend: Extend<'c>, a: Value<'c>) -> Value<'c> {
        let even = self.extended(from, extend, a, |lane| 2 * lane);
        let odd = self.extended(from, extend, a, |lane| 2 * lane + 1);
        self.env.builder.add(even, odd)
    }

    /// The x86 instruction that multiplies bytes of two vectors, those of the first unsigned, and adds the products in pairs, with
    /// saturation.
    pub(super) fn multiply_add_bytes(&self, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        *self.env.builder.intrinsic("llvm.x86.ssse3.pmadd.ub.sw.128", &[], &[a, b])
    }

    /// The x86 instruction that multiplies signed words of two vectors and adds the products in pairs.
    fn multiply_add_words(&self, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        *self.env.builder.intrinsic("llvm.x86.sse2.pmadd.wd", &[], &[a, b])
    }

    fn dot(&mut self) -> Result {
        let (a, b) = self.pop2_lanes(I16x8);
        let dot = if self.is_x86() {
            self.multiply_add_words(a, b)
        } else {
            let product = |number: fn(u32) -> u32| {
                let [a, b] = [a, b].map(|lanes| self.extended(I16x8, Builder::sext, lanes, number));
                self.env.builder.mul(a, b)
            };
            self.env.builder.add(product(|lane| 2 * lane), product(|lane| 2 * lane + 1))
        };
        self.push_lanes(dot)
    }

    /// Narrows the lanes of two vectors, with what is below or above a range becoming its ends.
    fn narrow(&mut self, from: Shape, least: i64, greatest: i64) -> Result {
        let (a, b) = self.pop2_lanes(from);
        let builder = &self.env.builder;
        let pack = |name, a, b| *builder.intrinsic(name, &[], &[a, b]);
        let narrowed = match (from, least) {
            _ if !self.is_x86() => self.clamp_and_cut(from, least, greatest, a, b),
            (I16x8, 0) => pack("llvm.x86.sse2.packuswb.128", a, b),
            (I16x8, _) => pack("llvm.x86.sse2.packsswb.128", a, b),
            (_, 0) if self.has("sse4.1") => pack("llvm.x86.sse41.packusdw", a, b),
            (_, 0) => {
                // Moved by half of the range, and back.
                let half = self.lanes_const(from, 0x8000);
                let [a, b] = [a, b].map(|lanes| {
                    let positive = builder.intrinsic("llvm.smax", &[lanes.ty()], &[lanes, lanes.ty().null()]);
                    builder.sub(*positive, half)
                });
                builder.xor(pack("llvm.x86.sse2.packssdw.128", a, b), self.lanes_const(I16x8, 0x8000))
            }
            (_, _) => pack("llvm.x86.sse2.packssdw.128", a, b),
        };
        self.push_lanes(narrowed)
    }

    fn clamp_and_cut(&self, from: Shape, least: i64, greatest: i64, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let [least, greatest] = [least, greatest].map(|value| self.lanes_const(from, value as u64));
        let [a, b] = [a, b].map(|lanes| {
            let above = builder.intrinsic("llvm.smax", &[lanes.ty()], &[lanes, least]);
            let narrow = self.env.unit.context.vector(self.env.unit.context.int(from.bits() / 2), from.lanes());
            builder.trunc(*builder.intrinsic("llvm.smin", &[lanes.ty()], &[*above, greatest]), narrow)
        });
        let all: Vec<_> = (0..2 * from.lanes()).collect();
        builder.shuffle_vector(a, b, &all)
    }

    fn q15_multiply(&mut self) -> Result {
        let (a, b) = self.pop2_lanes(I16x8);
        let product = self.q15_saturated(a, b);
        self.push_lanes(product)
    }

    /// The product of fractions with 15 bits behind the point, rounded. Only -1 by -1 gives what has no place: 1.
    pub(super) fn q15_saturated(&self, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        if self.is_aarch64() {
            return *builder.intrinsic("llvm.aarch64.neon.sqrdmulh", &[a.ty()], &[a, b]);
        }
        let wrapped = self.q15_wrapped(a, b);
        let too_large = builder.icmp(IntPredicate::Eq, wrapped, self.lanes_const(I16x8, 0x8000));
        builder.xor(wrapped, builder.sext(too_large, a.ty()))
    }

    /// The same, but that -1 by -1 gives -1.
    pub(super) fn q15_wrapped(&self, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        if self.has("ssse3") {
            return *self.env.builder.intrinsic("llvm.x86.ssse3.pmul.hr.sw.128", &[], &[a, b]);
        }
        self.q15_by_halves(a, b)
    }

    /// The rounded product from its halves of 16 bits each: bit 14 of the lower half is what rounds, bit 15 belongs to the
    /// result.
    fn q15_by_halves(&self, a: Value<'c>, b: Value<'c>) -> Value<'c> {
        let builder = &self.env.builder;
        let high = *builder.intrinsic("llvm.x86.sse2.pmulh.w", &[], &[a, b]);
        let low = builder.mul(a, b);
        let [one, fourteen, fifteen] = [1, 14, 15].map(|value| self.lanes_const(I16x8, value));
        let whole = builder.add(builder.shl(high, one), builder.lshr(low, fifteen));
        builder.add(whole, builder.and(builder.lshr(low, fourteen), one))
    }
}
