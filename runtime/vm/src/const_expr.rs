//! Constant expressions (specification, section 3.4.13), with the arithmetic of extended ones.

use crate::instance::Context;
use crate::value::Slot;
use abi::layout::Layout;
use abi::module::{ConstExpr, ConstOp};

/// Evaluates an expression in a context whose records and globals, as far as the expression names them, are set.
///
/// # Panics
/// If the expression is not valid.
pub(crate) fn evaluate(expr: &ConstExpr, context: &Context, layout: &Layout) -> Slot {
    let mut stack = Vec::with_capacity(1);
    for &op in &expr.0 {
        let slot = match op {
            ConstOp::I32Const(value) => i32_slot(value),
            ConstOp::I64Const(value) => i64_slot(value),
            ConstOp::F32Const(bits) => i32_slot(bits.cast_signed()),
            ConstOp::F64Const(bits) => i64_slot(bits.cast_signed()),
            ConstOp::V128Const(bytes) => {
                let mut slot = Slot::ZERO;
                slot.set_v128(bytes);
                slot
            }
            ConstOp::GlobalGet(index) => context.global(layout, index),
            ConstOp::RefNull(_) => Slot::ZERO,
            ConstOp::RefFunc(index) => Slot::of_word(context.record(layout, index).as_ptr().cast()),
            ConstOp::I32Add => i32_binary(&mut stack, i32::wrapping_add),
            ConstOp::I32Sub => i32_binary(&mut stack, i32::wrapping_sub),
            ConstOp::I32Mul => i32_binary(&mut stack, i32::wrapping_mul),
            ConstOp::I64Add => i64_binary(&mut stack, i64::wrapping_add),
            ConstOp::I64Sub => i64_binary(&mut stack, i64::wrapping_sub),
            ConstOp::I64Mul => i64_binary(&mut stack, i64::wrapping_mul),
        };
        stack.push(slot);
    }
    pop(&mut stack)
}

fn pop(stack: &mut Vec<Slot>) -> Slot {
    stack.pop().expect("constant expressions are valid")
}

fn i32_slot(value: i32) -> Slot {
    let mut slot = Slot::ZERO;
    slot.set_i32(value);
    slot
}

fn i64_slot(value: i64) -> Slot {
    let mut slot = Slot::ZERO;
    slot.set_i64(value);
    slot
}

fn i32_binary(stack: &mut Vec<Slot>, op: impl FnOnce(i32, i32) -> i32) -> Slot {
    let (right, left) = (pop(stack), pop(stack));
    i32_slot(op(left.i32(), right.i32()))
}

fn i64_binary(stack: &mut Vec<Slot>, op: impl FnOnce(i64, i64) -> i64) -> Slot {
    let (right, left) = (pop(stack), pop(stack));
    i64_slot(op(left.i64(), right.i64()))
}
