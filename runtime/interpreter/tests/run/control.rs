//! Branches that carry values, tables of them, and functions so long that branches need wide offsets.

use crate::{function, run};

#[test]
fn branches_bring_their_values_to_where_the_label_takes_them() {
    // Below the values lie operands that the label does not take.
    let text = function(
        "(param i32) (result i32 i32)
         (block (result i32 i32)
           (i32.const 100) (i32.const 200)
           (local.get 0) (i32.const 5)
           (br_if 0 (i32.eq (local.get 0) (i32.const 1)))
           (i32.add) (i32.add) (i32.add)
           (i32.const 9))",
    );
    assert_eq!(run(&text, &[1]), [1, 5]);
    assert_eq!(run(&text, &[2]), [307, 9]);
}

#[test]
fn results_may_change_places() {
    let text = function("(param i32 i32 i32) (result i32 i32 i32) (local.get 2) (local.get 0) (local.get 1)");
    assert_eq!(run(&text, &[1, 2, 3]), [3, 1, 2]);
    let text = function(
        "(param i32 i32) (result i32 i32)
         (if (i32.const 1) (then (return (local.get 1) (local.get 0))))
         (i32.const 0) (i32.const 0)",
    );
    assert_eq!(run(&text, &[1, 2]), [2, 1]);
}

#[test]
fn tables_lead_to_labels_loops_and_the_end() {
    let text = function(
        "(param i32) (result i32) (local i32)
         (block $a (result i32)
           (i32.const 50)
           (loop $again (param i32) (result i32)
             (block $b (param i32) (result i32)
               (i32.const 7)
               (i32.add)
               (br_table $a $b $again 3 $b (local.get 0)))
             (return (i32.add (i32.const 1000))))
           (drop) (i32.const -1))
         (i32.add (i32.const 1))",
    );
    // The third entry would loop for ever with the same index.
    assert_eq!(run(&text, &[0]), [58]);
    assert_eq!(run(&text, &[1]), [1057]);
    assert_eq!(run(&text, &[3]), [57]);
    assert_eq!(run(&text, &[99]), [1057]);
    assert_eq!(run(&text, &[-1]), [1057]);
}

#[test]
fn loops_take_parameters() {
    let text = function(
        "(param i32) (result i32)
         (i32.const 0) (local.get 0)
         (loop $again (param i32 i32) (result i32)
           (local.set 0)
           (i32.add (local.get 0))
           (if (param i32) (result i32)
             (i32.gt_s (local.get 0) (i32.const 1))
             (then (i32.sub (local.get 0) (i32.const 1)) (br $again))))",
    );
    assert_eq!(run(&text, &[10]), [55]);
}

#[test]
fn what_is_not_reached_is_left_out() {
    let text = function(
        "(param i32) (result i32)
         (block (result i32)
           (br 0 (i32.const 3))
           (if (result i32) (i32.const 1) (then (unreachable)) (else (i32.const 4)))
           (drop) (i32.add))",
    );
    assert_eq!(run(&text, &[0]), [3]);
    let text = function(
        "(param i32) (result i32) (if (local.get 0) (then (return (i32.const 1))) (else (return (i32.const 2)))) (unreachable)",
    );
    assert_eq!(run(&text, &[0]), [2]);
}

#[test]
fn long_functions_branch_far() {
    let filler = "(local.set 1 (i32.add (local.get 1) (local.get 0)))".repeat(40_000);
    let text = function(&format!(
        "(param i32) (result i32) (local i32)
         (block (br_if 0 (i32.eq (local.get 0) (i32.const 1))) {filler})
         (local.get 1)"
    ));
    assert_eq!(run(&text, &[1]), [0]);
    assert_eq!(run(&text, &[2]), [80_000]);
}
