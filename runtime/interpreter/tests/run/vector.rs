//! Vectors take two slots wherever they are.

use crate::{function, run};

#[test]
fn vectors_are_passed_kept_and_chosen() {
    let text = "(module (memory 1) (global $g (mut v128) (v128.const i32x4 1 2 3 4))
        (func $pick (param v128 i32 v128) (result v128 i32)
          (select (result v128) (local.get 0) (local.get 2) (local.get 1))
          (local.get 1))
        (func (export \"f\") (param i32) (result i32 i32 i64) (local v128 i32 v128)
          (local.set 1 (global.get $g))
          (local.set 3 (i32x4.add (local.get 1) (i32x4.splat (i32.const 10))))
          (call $pick (local.get 3) (local.get 0) (local.get 1))
          (local.set 2)
          (local.set 1)
          (global.set $g (local.get 1))
          (v128.store (i32.const 8) (local.get 1))
          (i32x4.extract_lane 3 (global.get $g))
          (local.get 2)
          (i64x2.extract_lane 0 (local.get 3))))";
    assert_eq!(run(text, &[1]), [14, 1, 12 << 32 | 11]);
    assert_eq!(run(text, &[0]), [4, 0, 12 << 32 | 11]);
}

#[test]
fn an_operand_keeps_the_vector_that_a_local_had() {
    let text = function(
        "(param i32) (result i32 i32) (local v128)
         (local.set 1 (i32x4.splat (local.get 0)))
         (local.get 1)
         (local.set 1 (v128.const i64x2 5 6))
         (local.get 1)
         (i32x4.extract_lane 0)
         (local.set 0)
         (i32x4.extract_lane 3)
         (local.get 0)",
    );
    assert_eq!(run(&text, &[9]), [9, 5]);
}

/// Three operands in any places; what is open in the specification is as native code has it.
#[test]
fn relaxed_operators_take_their_choices() {
    let text = function(
        "(param i32) (result i32 i32 i32) (local v128)
         (local.set 1 (f32x4.splat (f32.convert_i32_s (local.get 0))))
         (i32x4.extract_lane 0 (i32x4.trunc_sat_f32x4_s
           (f32x4.relaxed_nmadd (local.get 1) (v128.const f32x4 2 2 2 2) (local.get 1))))
         (i32x4.extract_lane 0 (i32x4.relaxed_trunc_f32x4_s (v128.const f32x4 nan 0 0 0)))
         (i8x16.extract_lane_u 0 (i8x16.relaxed_swizzle (i8x16.splat (local.get 0)) (i8x16.splat (i32.const 127))))",
    );
    assert_eq!(run(&text, &[5]), [-5, i32::MIN.into(), 5]);
}
