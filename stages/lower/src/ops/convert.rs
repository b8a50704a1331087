//! Conversions between number types (specification, section 4.3.4).

use super::float::quiet;
use super::rows;
use crate::function::{Lowering, Operand, Result};
use abi::trap::TrapCode;
use abi::types::ValType::{self, F32, F64, I32, I64};
use llvm::{FloatPredicate, Opcode, Type, TypeKind, Value};

rows! {
    visit_i32_wrap_i64 => wrap();
    visit_i64_extend_i32_s => extend_signed();
    visit_i64_extend_i32_u => extend_unsigned();
    visit_i32_trunc_f32_s, visit_i32_trunc_f64_s => truncate(I32, true);
    visit_i32_trunc_f32_u, visit_i32_trunc_f64_u => truncate(I32, false);
    visit_i64_trunc_f32_s, visit_i64_trunc_f64_s => truncate(I64, true);
    visit_i64_trunc_f32_u, visit_i64_trunc_f64_u => truncate(I64, false);
    visit_i32_trunc_sat_f32_s, visit_i32_trunc_sat_f64_s => saturate(I32, "llvm.fptosi.sat");
    visit_i32_trunc_sat_f32_u, visit_i32_trunc_sat_f64_u => saturate(I32, "llvm.fptoui.sat");
    visit_i64_trunc_sat_f32_s, visit_i64_trunc_sat_f64_s => saturate(I64, "llvm.fptosi.sat");
    visit_i64_trunc_sat_f32_u, visit_i64_trunc_sat_f64_u => saturate(I64, "llvm.fptoui.sat");
    visit_f32_convert_i32_s, visit_f32_convert_i64_s => convert_signed(F32);
    visit_f32_convert_i32_u, visit_f32_convert_i64_u => convert_unsigned(F32);
    visit_f64_convert_i32_s, visit_f64_convert_i64_s => convert_signed(F64);
    visit_f64_convert_i32_u, visit_f64_convert_i64_u => convert_unsigned(F64);
    visit_f32_demote_f64 => demote();
    visit_f64_promote_f32 => promote();
    visit_i32_reinterpret_f32 => reinterpret(I32);
    visit_i64_reinterpret_f64 => reinterpret(I64);
    visit_f32_reinterpret_i32 => reinterpret(F32);
    visit_f64_reinterpret_i64 => reinterpret(F64);
}

impl<'c> Lowering<'_, 'c> {
    fn wrap(&mut self) -> Result {
        let a = self.pop();
        self.push(self.env.builder.trunc(a, self.env.unit.types.i32));
        Ok(())
    }

    fn extend_signed(&mut self) -> Result {
        let a = self.pop();
        self.push(self.env.builder.sext(a, self.env.unit.types.i64));
        Ok(())
    }

    fn extend_unsigned(&mut self) -> Result {
        let (Operand::Condition(a) | Operand::Value(a)) = self.pop_operand();
        self.push(self.env.builder.zext(a, self.env.unit.types.i64));
        Ok(())
    }

    /// Float to integer. One cold block for each conversion finds out why it cannot be done.
    fn truncate(&mut self, to: ValType, is_signed: bool) -> Result {
        let a = self.pop();
        let to = self.env.unit.types.value(to);
        let (above, lower, upper) = range(a.ty(), to, is_signed);
        let builder = &self.env.builder;
        let high_enough = builder.fcmp(above, a, float(a.ty(), lower));
        let low_enough = builder.fcmp(FloatPredicate::Olt, a, float(a.ty(), upper));
        let outside = builder.not(builder.and(high_enough, low_enough));
        if outside.as_const_int() != Some(0) {
            let refused = self.env.block();
            self.env.leave_if(outside, refused);
            let next = self.env.current_block();
            self.env.start(refused);
            let nan = self.env.builder.fcmp(FloatPredicate::Uno, a, a);
            let invalid = self.env.trap(TrapCode::InvalidConversionToInteger);
            let overflow = self.env.trap(TrapCode::IntegerOverflow);
            self.env.builder.cond_br(nan, invalid, overflow);
            self.env.start(next);
        }
        let builder = &self.env.builder;
        self.push(if is_signed { builder.fptosi(a, to) } else { builder.fptoui(a, to) });
        Ok(())
    }

    fn saturate(&mut self, to: ValType, intrinsic: &str) -> Result {
        let a = self.pop();
        let to = self.env.unit.types.value(to);
        let result = self.env.builder.intrinsic(intrinsic, &[to, a.ty()], &[a]);
        self.push(*result);
        Ok(())
    }

    fn convert_signed(&mut self, to: ValType) -> Result {
        let a = self.pop();
        self.push(self.env.builder.sitofp(a, self.env.unit.types.value(to)));
        Ok(())
    }

    fn convert_unsigned(&mut self, to: ValType) -> Result {
        let a = self.pop();
        self.push(self.env.builder.uitofp(a, self.env.unit.types.value(to)));
        Ok(())
    }

    fn demote(&mut self) -> Result {
        let a = self.pop();
        let builder = &self.env.builder;
        // LLVM cancels a promotion against a demotion, also across operations on the sign, and a signalling NaN stays one.
        let demoted = match (a.instruction_opcode(), a.operand(0)) {
            (Some(Opcode::FPExt), Some(source)) => quiet(builder, source),
            _ if is_promoted(a) => quiet(builder, builder.fptrunc(a, self.env.unit.types.f32)),
            _ => builder.fptrunc(a, self.env.unit.types.f32),
        };
        self.push(demoted);
        Ok(())
    }

    fn promote(&mut self) -> Result {
        let a = self.pop();
        self.push(self.env.builder.fpext(a, self.env.unit.types.f64));
        Ok(())
    }

    fn reinterpret(&mut self, to: ValType) -> Result {
        let a = self.pop();
        self.push(self.env.builder.bitcast(a, self.env.unit.types.value(to)));
        Ok(())
    }
}

/// Whether a value is a promoted float, perhaps with another sign.
fn is_promoted(mut value: Value<'_>) -> bool {
    loop {
        let is_sign_operation = match value.instruction_opcode() {
            Some(Opcode::FPExt) => return true,
            Some(Opcode::FNeg) => true,
            Some(Opcode::Call) => value.as_call().is_some_and(|call| {
                let name = call.callee().name();
                name.starts_with("llvm.fabs.") || name.starts_with("llvm.copysign.")
            }),
            _ => false,
        };
        match value.operand(0) {
            Some(operand) if is_sign_operation => value = operand,
            _ => return false,
        }
    }
}

/// What of a float type can be converted to an integer type: how to compare with the lower bound, and the bounds. The upper
/// one is excluded. Each is a number that both types hold exactly, or next to one.
fn range(from: Type<'_>, to: Type<'_>, is_signed: bool) -> (FloatPredicate, f64, f64) {
    let bits = if to.int_width() == Some(32) { 32 } else { 64 };
    if !is_signed {
        return (FloatPredicate::Ogt, -1.0, 2f64.powi(bits));
    }
    let upper = 2f64.powi(bits - 1);
    match (from.kind(), bits) {
        // Fractions below the least integer round up to it; no other pair of types has such.
        (TypeKind::F64, 32) => (FloatPredicate::Ogt, -upper - 1.0, upper),
        _ => (FloatPredicate::Oge, -upper, upper),
    }
}

/// A constant of a float type that holds it exactly.
fn float(ty: Type<'_>, value: f64) -> Value<'_> {
    match ty.kind() {
        TypeKind::F32 => ty.const_float_bits((value as f32).to_bits().into()),
        _ => ty.const_float_bits(value.to_bits()),
    }
}
