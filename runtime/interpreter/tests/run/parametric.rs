//! `select` and `drop`.

use crate::{function, run};

#[test]
fn select_takes_operands_of_all_kinds() {
    let text = function("(param i32 i32) (result i32) (select (i32.const -70000) (local.get 1) (local.get 0))");
    assert_eq!(run(&text, &[0, 8]), [8]);
    assert_eq!(run(&text, &[1, 8]), [-70000]);
    // The result may be the local that is the condition.
    let text = function(
        "(param i32 i32) (result i32)
         (local.set 0 (select (local.get 1) (i32.const 4) (i32.lt_s (local.get 0) (local.get 1)))) (local.get 0)",
    );
    assert_eq!(run(&text, &[1, 8]), [8]);
    assert_eq!(run(&text, &[9, 8]), [4]);
    let text = function(
        "(param i32) (result i32) (local.set 0 (select (i32.const 3) (i32.const 4) (local.get 0))) (local.get 0)",
    );
    assert_eq!(run(&text, &[5]), [3]);
    assert_eq!(run(&text, &[0]), [4]);
}

#[test]
fn what_is_dropped_is_gone() {
    let text = function(
        "(param i32) (result i32) (local.get 0) (local.get 0) (drop) (drop) (local.set 0 (i32.const 6)) (local.get 0)",
    );
    assert_eq!(run(&text, &[1]), [6]);
}
