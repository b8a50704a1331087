//! Pairs of instructions that one handler runs: where the first one's result goes, branches into pairs, traps in them.

use crate::{function, run, try_run};
use abi::trap::TrapCode;

#[test]
fn a_result_is_the_first_operand_or_the_last() {
    for (operator, first, last) in [("sub", 7, -7), ("shl", 10 << 3, 3 << 10), ("div_s", 3, 0), ("shr_u", 1, 0)] {
        for ty in ["i32", "i64"] {
            let (params, extend) = match ty {
                "i32" => ("(param i32 i32) (result i32)", ["(local.get 0)", "(local.get 1)"]),
                _ => (
                    "(param i32 i32) (result i64)",
                    ["(i64.extend_i32_s (local.get 0))", "(i64.extend_i32_s (local.get 1))"],
                ),
            };
            let [a, b] = extend;
            let locals = format!("(local {ty} {ty}) (local.set 2 {a}) (local.set 3 {b})");
            let sum = format!("({ty}.add (local.get 2) (local.get 2))");
            let text = function(&format!("{params} {locals} ({ty}.{operator} {sum} (local.get 3))"));
            assert_eq!(run(&text, &[5, 3]), [first], "{ty}.{operator}");
            let text = function(&format!("{params} {locals} ({ty}.{operator} (local.get 3) {sum})"));
            assert_eq!(run(&text, &[5, 3]), [last], "{ty}.{operator}");
        }
    }
}

#[test]
fn a_result_can_be_both_operands_and_stays_in_its_local() {
    let text = function(
        "(param i32) (result i32) (local i32)
         (i32.mul (local.tee 1 (i32.add (local.get 0) (i32.const 1))) (local.get 1))
         (i32.add (local.get 1))",
    );
    assert_eq!(run(&text, &[4]), [30]);
}

#[test]
fn branches_come_to_the_second_instruction() {
    // The loop begins with what would be the second of a pair.
    let text = function(
        "(param i32) (result i32) (local i32)
         (local.set 1 (i32.add (local.get 0) (i32.const 10)))
         (loop
           (local.set 1 (i32.sub (local.get 1) (i32.const 3)))
           (br_if 0 (i32.gt_s (local.get 1) (i32.const 0))))
         (local.get 1)",
    );
    assert_eq!(run(&text, &[5]), [0]);
    assert_eq!(run(&text, &[6]), [-2]);
}

#[test]
fn copies_in_a_row_are_made_one_after_the_other() {
    let text = function(
        "(param i32 i32) (result i32) (local i32)
         (local.set 2 (local.get 0)) (local.set 0 (local.get 1)) (local.set 1 (local.get 2))
         (i32.sub (local.get 0) (local.get 1))",
    );
    assert_eq!(run(&text, &[10, 3]), [-7]);
}

#[test]
fn addresses_wrap_but_offsets_do_not() {
    let text = |offset: u32| {
        format!(
            "(module (memory 1) (data (i32.const 8) \"\\2a\")
                (func (export \"f\") (param i32) (result i32)
                  (i32.load8_u offset={offset} (i32.add (local.get 0) (i32.const 12)))))"
        )
    };
    assert_eq!(run(&text(0), &[-4]), [42]);
    assert_eq!(run(&text(1), &[-5]), [42]);
    for (offset, argument) in [(1, -13), (65536, -12), (u32::MAX, -3)] {
        let trap = try_run(&text(offset), &[argument]).expect_err("past the end");
        assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds), "{offset} {argument}");
    }
}

#[test]
fn either_instruction_can_trap() {
    let code = |body: &str| {
        let text = format!("(module (memory 1) (func (export \"f\") (param i32) (result i32) {body}))");
        try_run(&text, &[-1]).expect_err("a trap").code()
    };
    let outside = Some(TrapCode::MemoryOutOfBounds);
    assert_eq!(code("(i32.add (i32.load (local.get 0)) (local.get 0))"), outside);
    assert_eq!(code("(i32.load (i32.load8_u (local.get 0)))"), outside);
    assert_eq!(
        code("(i32.store (i32.mul (local.get 0) (local.get 0)) (i32.const 5)) (i32.load (i32.const 65534))"),
        outside
    );
    assert_eq!(code("(i32.store (local.get 0) (i32.const 100000)) (local.get 0)"), outside);
    let zero = Some(TrapCode::IntegerDivideByZero);
    assert_eq!(code("(i32.div_s (i32.add (local.get 0) (local.get 0)) (i32.const 0))"), zero);
}

#[test]
fn short_constants_are_stored() {
    let text = "(module (memory 1) (func (export \"f\") (param i32) (result i32 i64)
        (i64.store (i32.const 8) (i64.const -1))
        (i32.store8 (local.get 0) (i32.const -3))
        (i32.store16 offset=2 (local.get 0) (i32.const 300))
        (i64.store32 offset=16 (i32.add (local.get 0) (i32.const 0)) (i64.const -2))
        (i32.load (local.get 0)) (i64.load offset=16 (local.get 0))))";
    assert_eq!(run(text, &[8]), [300 << 16 | 0xfffd, 0xffff_fffe]);
}
