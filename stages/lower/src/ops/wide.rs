//! Wide arithmetic: 128-bit results as two 64-bit halves, the low one first (the wide-arithmetic proposal).

use super::rows;
use crate::function::{Lowering, Result};
use llvm::{Builder, Type, Value};

rows! {
    visit_i64_add128 => wide(Builder::add);
    visit_i64_sub128 => wide(Builder::sub);
    visit_i64_mul_wide_s => multiply(Builder::sext);
    visit_i64_mul_wide_u => multiply(Builder::zext);
}

impl<'c> Lowering<'_, 'c> {
    fn wide(&mut self, build: fn(&Builder<'c>, Value<'c>, Value<'c>) -> Value<'c>) -> Result {
        let b = self.pop_halves();
        let a = self.pop_halves();
        let result = build(&self.env.builder, a, b);
        self.push_halves(result);
        Ok(())
    }

    fn multiply(&mut self, extend: fn(&Builder<'c>, Value<'c>, Type<'c>) -> Value<'c>) -> Result {
        let (a, b) = self.pop2();
        let wide = self.env.unit.context.i128();
        let builder = &self.env.builder;
        let result = builder.mul(extend(builder, a, wide), extend(builder, b, wide));
        self.push_halves(result);
        Ok(())
    }

    fn pop_halves(&mut self) -> Value<'c> {
        let (low, high) = self.pop2();
        let context = self.env.unit.context;
        let builder = &self.env.builder;
        let high = builder.shl(builder.zext(high, context.i128()), context.const_i128(64));
        builder.or(high, builder.zext(low, context.i128()))
    }

    fn push_halves(&mut self, value: Value<'c>) {
        let context = self.env.unit.context;
        let builder = &self.env.builder;
        let low = builder.trunc(value, context.i64());
        let high = builder.trunc(builder.lshr(value, context.const_i128(64)), context.i64());
        self.push(low);
        self.push(high);
    }
}
