//! Immediates, and comparisons that become branches.

use crate::{function, run, try_run};
use abi::trap::TrapCode;

#[test]
fn immediates_are_those_that_fit() {
    for value in [0, 1, -1, 32767, 32768, -32768, -32769, i32::MAX, i32::MIN] {
        let text = |op: &str, a: &str, b: &str| function(&format!("(param i32) (result i32) ({op} {a} {b})"));
        let constant = format!("(i32.const {value})");
        let local = "(local.get 0)";
        for argument in [0, 5, -5, i32::MAX, i32::MIN] {
            assert_eq!(run(&text("i32.add", local, &constant), &[argument]), [argument.wrapping_add(value).into()]);
            assert_eq!(run(&text("i32.add", &constant, local), &[argument]), [argument.wrapping_add(value).into()]);
            assert_eq!(run(&text("i32.sub", local, &constant), &[argument]), [argument.wrapping_sub(value).into()]);
            assert_eq!(run(&text("i32.sub", &constant, local), &[argument]), [value.wrapping_sub(argument).into()]);
            assert_eq!(run(&text("i32.lt_s", &constant, local), &[argument]), [(value < argument).into()]);
            let unsigned = (value.cast_unsigned()) >= argument.cast_unsigned();
            assert_eq!(run(&text("i32.ge_u", &constant, local), &[argument]), [unsigned.into()]);
        }
    }
}

#[test]
fn comparisons_become_branches_with_their_sense() {
    for (op, holds) in
        [("i32.lt_s", [true, false, false]), ("i32.ge_u", [false, true, true]), ("i32.ne", [true, false, true])]
    {
        for negations in 0..3 {
            let mut condition = format!("({op} (local.get 0) (local.get 1))");
            for _ in 0..negations {
                condition = format!("(i32.eqz {condition})");
            }
            let conditional = function(&format!(
                "(param i32 i32) (result i32) (if (result i32) {condition} (then (i32.const 1)) (else (i32.const 0)))"
            ));
            let branch = function(&format!(
                "(param i32 i32) (result i32) (block (br_if 0 {condition}) (return (i32.const 0))) (i32.const 1)"
            ));
            for ((a, b), holds) in [(1, 2), (2, 2), (3, 2)].into_iter().zip(holds) {
                let expected = [i64::from(holds != (negations % 2 == 1))];
                assert_eq!(run(&conditional, &[a, b]), expected, "{condition}");
                assert_eq!(run(&branch, &[a, b]), expected, "{condition}");
            }
        }
    }
}

#[test]
fn words_of_32_bits_do_not_show_what_is_above_them() {
    let text = function("(param i32) (result i64) (i64.extend_i32_u (i32.wrap_i64 (i64.const 0x1_ffff_ffff)))");
    assert_eq!(run(&text, &[0]), [0xffff_ffff]);
    let text = function(
        "(param i32) (result i32) (local i64) (local.set 1 (i64.const 0x1_0000_0000))
         (if (result i32) (i32.wrap_i64 (local.get 1)) (then (i32.const 1)) (else (i32.const 2)))",
    );
    assert_eq!(run(&text, &[0]), [2]);
}

#[test]
fn division_traps() {
    let text = |op: &str| function(&format!("(param i32 i32) (result i32) ({op} (local.get 0) (local.get 1))"));
    let code = |op: &str, a, b| try_run(&text(op), &[a, b]).expect_err("a trap").code();
    for op in ["i32.div_s", "i32.div_u", "i32.rem_s", "i32.rem_u"] {
        assert_eq!(code(op, 1, 0), Some(TrapCode::IntegerDivideByZero));
    }
    assert_eq!(code("i32.div_s", i32::MIN, -1), Some(TrapCode::IntegerOverflow));
    assert_eq!(run(&text("i32.rem_s"), &[i32::MIN, -1]), [0]);
    let constant = function("(param i32) (result i32) (i32.div_u (local.get 0) (i32.const 0))");
    assert_eq!(try_run(&constant, &[1]).expect_err("a trap").code(), Some(TrapCode::IntegerDivideByZero));
}
