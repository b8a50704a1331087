//! Wide arithmetic: four operands and two results, each in a slot of its own.

use crate::{function, run};

#[test]
fn halves_are_locals_constants_and_results() {
    let text = function(
        "(param i32) (result i64 i64 i64) (local i64 i64)
         (local.set 1 (i64.extend_i32_u (local.get 0)))
         (i64.const 77)
         (local.get 1)
         (i64.const -1)
         (local.set 2 (i64.add (local.get 1) (i64.const 1)))
         (i64.const 0xffff_ffff_ffff_fffe)
         (local.get 2)
         (i64.add128)",
    );
    // 5 + (2^64 - 1) * 2^64, and 2^64 - 2 + 6 * 2^64.
    assert_eq!(run(&text, &[5]), [77, 3, 6]);
}

#[test]
fn results_may_take_the_places_of_operands() {
    let text = function(
        "(param i32) (result i64 i64) (local i64 i64)
         (local.set 1 (i64.const 3))
         (local.set 2 (i64.const 0))
         (loop
           (i64.sub128 (local.get 1) (local.get 2) (i64.const 1) (i64.const 0))
           (local.set 2)
           (local.set 1)
           (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
         (local.get 1) (local.get 2)",
    );
    assert_eq!(run(&text, &[3]), [0, 0]);
    assert_eq!(run(&text, &[5]), [-2, -1]);
}

#[test]
fn products_are_signed_or_not() {
    let text = |op: &str| {
        function(&format!(
            "(param i32) (result i64 i64) ({op} (i64.extend_i32_s (local.get 0)) (i64.extend_i32_s (local.get 0)))"
        ))
    };
    assert_eq!(run(&text("i64.mul_wide_s"), &[-3]), [9, 0]);
    assert_eq!(run(&text("i64.mul_wide_u"), &[-3]), [9, -6]);
}
