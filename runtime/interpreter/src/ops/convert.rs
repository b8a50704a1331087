//! Conversions between number types (specification, section 4.3.4).
//!
//! What leaves the low bits of a slot as they are needs no instruction: wrapping, and reinterpreting in either direction.

use super::rows;
use crate::frame::{Frame, Word};
use crate::instruction::{Instr, Op};
use crate::translate::{Place, Result, Translation};
use abi::trap::TrapCode;

rows! {
    visit_i32_wrap_i64 => wrap();
    visit_i32_reinterpret_f32, visit_f32_reinterpret_i32 => reinterpret();
    visit_i64_reinterpret_f64, visit_f64_reinterpret_i64 => reinterpret();
    visit_i64_extend_i32_s => unary_op(Op::I64ExtendI32S);
    visit_i64_extend_i32_u => unary_op(Op::I64ExtendI32U);
    visit_f32_demote_f64 => unary_op(Op::F32DemoteF64);
    visit_f64_promote_f32 => unary_op(Op::F64PromoteF32);
    visit_i32_trunc_f32_s => unary_op(Op::I32TruncF32S);
    visit_i32_trunc_sat_f32_s => unary_op(Op::I32TruncSatF32S);
    visit_f32_convert_i32_s => unary_op(Op::F32ConvertI32S);
    visit_i32_trunc_f32_u => unary_op(Op::I32TruncF32U);
    visit_i32_trunc_sat_f32_u => unary_op(Op::I32TruncSatF32U);
    visit_f32_convert_i32_u => unary_op(Op::F32ConvertI32U);
    visit_i32_trunc_f64_s => unary_op(Op::I32TruncF64S);
    visit_i32_trunc_sat_f64_s => unary_op(Op::I32TruncSatF64S);
    visit_f64_convert_i32_s => unary_op(Op::F64ConvertI32S);
    visit_i32_trunc_f64_u => unary_op(Op::I32TruncF64U);
    visit_i32_trunc_sat_f64_u => unary_op(Op::I32TruncSatF64U);
    visit_f64_convert_i32_u => unary_op(Op::F64ConvertI32U);
    visit_i64_trunc_f32_s => unary_op(Op::I64TruncF32S);
    visit_i64_trunc_sat_f32_s => unary_op(Op::I64TruncSatF32S);
    visit_f32_convert_i64_s => unary_op(Op::F32ConvertI64S);
    visit_i64_trunc_f32_u => unary_op(Op::I64TruncF32U);
    visit_i64_trunc_sat_f32_u => unary_op(Op::I64TruncSatF32U);
    visit_f32_convert_i64_u => unary_op(Op::F32ConvertI64U);
    visit_i64_trunc_f64_s => unary_op(Op::I64TruncF64S);
    visit_i64_trunc_sat_f64_s => unary_op(Op::I64TruncSatF64S);
    visit_f64_convert_i64_s => unary_op(Op::F64ConvertI64S);
    visit_i64_trunc_f64_u => unary_op(Op::I64TruncF64U);
    visit_i64_trunc_sat_f64_u => unary_op(Op::I64TruncSatF64U);
    visit_f64_convert_i64_u => unary_op(Op::F64ConvertI64U);
}

impl Translation<'_> {
    fn wrap(&mut self) -> Result {
        // Constants of 32 bits are kept with their sign extended.
        if let Some(operand) = self.operands.last_mut()
            && let Place::Constant(value) = operand.place
        {
            operand.place = Place::Constant(i64::from(value as i32).cast_unsigned());
        }
        Ok(())
    }

    fn reinterpret(&mut self) -> Result {
        Ok(())
    }
}

instructions! {$ convert_instructions:
    value I64ExtendI32S: unary(|a: i32| i64::from(a));
    value I64ExtendI32U: unary(|a: u32| u64::from(a));
    value F32DemoteF64: unary(convert::demote);
    value F64PromoteF32: unary(convert::promote);
    trapping I32TruncF32S: try_unary(convert::i32_from_f32);
    value I32TruncSatF32S: unary(|a: f32| a as i32);
    value F32ConvertI32S: unary(|a: i32| a as f32);
    trapping I32TruncF32U: try_unary(convert::u32_from_f32);
    value I32TruncSatF32U: unary(|a: f32| a as u32);
    value F32ConvertI32U: unary(|a: u32| a as f32);
    trapping I32TruncF64S: try_unary(convert::i32_from_f64);
    value I32TruncSatF64S: unary(|a: f64| a as i32);
    value F64ConvertI32S: unary(|a: i32| a as f64);
    trapping I32TruncF64U: try_unary(convert::u32_from_f64);
    value I32TruncSatF64U: unary(|a: f64| a as u32);
    value F64ConvertI32U: unary(|a: u32| a as f64);
    trapping I64TruncF32S: try_unary(convert::i64_from_f32);
    value I64TruncSatF32S: unary(|a: f32| a as i64);
    value F32ConvertI64S: unary(|a: i64| a as f32);
    trapping I64TruncF32U: try_unary(convert::u64_from_f32);
    value I64TruncSatF32U: unary(|a: f32| a as u64);
    value F32ConvertI64U: unary(|a: u64| a as f32);
    trapping I64TruncF64S: try_unary(convert::i64_from_f64);
    value I64TruncSatF64S: unary(|a: f64| a as i64);
    value F64ConvertI64S: unary(|a: i64| a as f64);
    trapping I64TruncF64U: try_unary(convert::u64_from_f64);
    value I64TruncSatF64U: unary(|a: f64| a as u64);
    value F64ConvertI64U: unary(|a: u64| a as f64);
}

impl Frame<'_> {
    #[inline(always)]
    pub fn try_unary<A: Word, R: Word>(
        self,
        instr: Instr,
        op: impl FnOnce(A) -> std::result::Result<R, TrapCode>,
    ) -> std::result::Result<(), TrapCode> {
        self.set(instr.a, op(self.get(instr.b))?);
        Ok(())
    }
}
