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

#[test]
fn wide_tables_have_64_bit_indices() {
    let text = "(module
        (table $wide i64 2 4 funcref) (table $narrow 2 funcref) (elem $e func $one)
        (type $number (func (result i32)))
        (func $one (type $number) (i32.const 1))
        (func (export \"f\") (param i32) (result i64 i64 i32 i64)
          (local $at i64)
          (local.set $at (i64.extend_i32_u (local.get 0)))
          (table.grow $wide (ref.null func) (i64.const 2))
          (table.grow $wide (ref.null func) (i64.const 0x100000000))
          (table.init $wide $e (local.get $at) (i32.const 0) (i32.const 1))
          (table.copy $narrow $wide (i32.const 0) (local.get $at) (i32.const 1))
          (table.set $wide (i64.const 3) (table.get $narrow (i32.const 0)))
          (table.fill $wide (local.get $at) (ref.null func) (i64.const 1))
          (call_indirect $wide (type $number) (i64.add (local.get $at) (i64.const 2)))
          (table.size $wide)))";
    assert_eq!(run(text, &[1]), [2, -1, 1, 4]);
    for (access, code) in [
        ("(drop (table.get (i64.const 0x100000000)))", TrapCode::TableOutOfBounds),
        ("(table.set (i64.const -1) (ref.null func))", TrapCode::TableOutOfBounds),
        ("(table.fill (i64.const 0) (ref.null func) (i64.const 0x100000000))", TrapCode::TableOutOfBounds),
        ("(table.copy (i64.const 0x100000000) (i64.const 0) (i64.const 1))", TrapCode::TableOutOfBounds),
        ("(call_indirect (i64.const 0x100000000))", TrapCode::UndefinedElement),
    ] {
        let text = format!("(module (table i64 1 funcref) (func (export \"f\") {access}))");
        assert_eq!(try_run(&text, &[]).expect_err(access).code(), Some(code), "{access}");
    }
}
