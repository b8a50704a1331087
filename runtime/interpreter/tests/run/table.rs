//! Tables and references.

use crate::{run, try_run};
use abi::trap::TrapCode;

const TEXT: &str = "(module
    (table $t 3 10 funcref) (elem (i32.const 0) $one $two $other) (elem declare func $two)
    (type $number (func (result i32)))
    (func $one (type $number) (i32.const 1))
    (func $two (type $number) (i32.const 2))
    (func $other (param i64))
    (func (export \"f\") (param i32 i32) (result i32 i32 i32)
      (table.set (i32.const 0) (table.get (local.get 1)))
      (table.grow (ref.func $two) (i32.const 2))
      (table.fill (i32.const 1) (ref.null func) (i32.const 1))
      (call_indirect (type $number) (local.get 0))
      (ref.is_null (table.get (i32.const 1)))))";

#[test]
fn elements_are_called_and_moved() {
    assert_eq!(run(TEXT, &[0, 1]), [3, 2, 1]);
    assert_eq!(run(TEXT, &[4, 0]), [3, 2, 1]);
}

#[test]
fn wrong_elements_trap() {
    let code = |index, from| try_run(TEXT, &[index, from]).expect_err("a trap").code();
    assert_eq!(code(5, 0), Some(TrapCode::UndefinedElement));
    assert_eq!(code(-1, 0), Some(TrapCode::UndefinedElement));
    assert_eq!(code(1, 0), Some(TrapCode::UninitializedElement));
    assert_eq!(code(2, 0), Some(TrapCode::IndirectCallTypeMismatch));
    assert_eq!(code(0, 3), Some(TrapCode::TableOutOfBounds));
}
