//! Operands that are locals must keep the value that the local had.

use crate::{function, run};

#[test]
fn an_operand_keeps_the_value_that_a_local_had() {
    let set = function("(param i32) (result i32 i32) (local.get 0) (local.set 0 (i32.const 7)) (local.get 0)");
    assert_eq!(run(&set, &[3]), [3, 7]);
    let tee = function("(param i32) (result i32 i32 i32) (local.get 0) (local.tee 0 (i32.const 7)) (local.get 0)");
    assert_eq!(run(&tee, &[3]), [3, 7, 7]);
    // The instruction that makes the new value reads the old one.
    let sum = function(
        "(param i32) (result i32 i32) (local.get 0) (local.set 0 (i32.add (local.get 0) (i32.const 1))) (local.get 0)",
    );
    assert_eq!(run(&sum, &[3]), [3, 4]);
    let same = function("(param i32) (result i32) (local.set 0 (local.get 0)) (local.get 0)");
    assert_eq!(run(&same, &[3]), [3]);
}

#[test]
fn an_operand_keeps_its_value_whatever_way_is_taken() {
    let text = function(
        "(param i32 i32) (result i32 i32)
         (local.get 0)
         (if (local.get 1) (then (local.set 0 (i32.const 7))))
         (local.get 0)",
    );
    assert_eq!(run(&text, &[3, 0]), [3, 3]);
    assert_eq!(run(&text, &[3, 1]), [3, 7]);
    let text = function(
        "(param i32) (result i32 i32)
         (local.get 0)
         (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
         (local.get 0)",
    );
    assert_eq!(run(&text, &[3]), [3, 0]);
}

#[test]
fn locals_begin_as_zero_each_time() {
    let text = "(module
        (func $g (param i32) (result i32) (local i32 i64)
          (local.set 1 (i32.add (local.get 1) (local.get 0)))
          (local.get 1))
        (func (export \"f\") (param i32) (result i32 i32) (call $g (local.get 0)) (call $g (i32.const 2))))";
    assert_eq!(run(text, &[5]), [5, 2]);
}

#[test]
fn globals_hold_what_was_set() {
    let text = "(module (global $a (mut i32) (i32.const 1)) (global $b (mut i64) (i64.const -1))
        (func (export \"f\") (param i32) (result i32 i64)
          (global.set $a (i32.add (global.get $a) (local.get 0)))
          (global.set $b (i64.const 0x123456789abcdef))
          (global.get $a) (global.get $b)))";
    assert_eq!(run(text, &[5]), [6, 0x123456789abcdef]);
}
