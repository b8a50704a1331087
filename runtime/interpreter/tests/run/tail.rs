//! Tail calls: arguments in place of the caller's frame, which keeps nothing; depth; frames of traps.

use crate::{call, instance, module, run, try_run};
use abi::trap::TrapCode;
use abi::types::{FuncType, ValType};
use vm::{Config, Extern, HostFn, Store, Value};

#[test]
fn arguments_move_to_where_the_frame_began() {
    let text = "(module
        (func $last (param i32 i64 v128) (result i64 i32) (local i32)
          (i64.add (local.get 1) (i64x2.extract_lane 1 (local.get 2)))
          (i32.add (local.get 0) (local.get 3)))
        (func (export \"f\") (param i32) (result i64 i32) (local i64 i64 i64)
          (local.set 3 (i64.const 1000))
          (i32.const 5)
          (return_call $last (local.get 0) (local.get 3) (v128.const i64x2 3 4))))";
    assert_eq!(run(text, &[7]), [1004, 7]);
}

#[test]
fn locals_of_the_callee_begin_as_zero() {
    let text = "(module
        (func $f (export \"f\") (param i32) (result i32) (local i32 i64)
          (if (i32.eqz (local.get 0)) (then (return (i32.add (local.get 1) (i32.wrap_i64 (local.get 2))))))
          (local.set 1 (i32.const 9))
          (local.set 2 (i64.const -1))
          (return_call $f (i32.sub (local.get 0) (i32.const 1)))))";
    assert_eq!(run(text, &[3]), [0]);
}

/// More turns than calls fit a stack of any size, from a call that waits, too.
#[test]
fn the_stack_does_not_grow() {
    let text = "(module
        (type $one (func (param i32) (result i32)))
        (table funcref (elem $even $odd))
        (func $even (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (return_call $wide (i64.const 0) (i32.sub (local.get 0) (i32.const 1))))
            (else (i32.const 40))))
        (func $wide (param i64 i32) (result i32) (local i64 i64 i64 i64)
          (return_call_indirect (type $one) (local.get 1) (i32.const 1)))
        (func $odd (type $one)
          (if (result i32) (local.get 0)
            (then (return_call $even (i32.sub (local.get 0) (i32.const 1))))
            (else (i32.const 41))))
        (func (export \"f\") (param i32) (result i32) (i32.add (call $even (local.get 0)) (i32.const 100))))";
    let mut store = Store::with_config(Config { stack_size: 64 << 10, ..Config::default() });
    let instance = store.instantiate(&module(text).expect("a module"), &[]).expect("an instance");
    for (turns, expected) in [(0, 140), (1, 141), (1_000_000, 140), (1_000_001, 141)] {
        assert_eq!(call(&mut store, instance, "f", &[Value::I32(turns)]).expect("no trap"), [Value::I32(expected)]);
    }
}

#[test]
fn what_is_called_in_the_end_may_be_the_hosts() {
    let mut store = Store::new();
    let subtract: HostFn = Box::new(|_, slots| {
        let difference = slots[0].i32() - slots[1].i32();
        slots[0].set_i32(difference);
        Ok(())
    });
    let ty = FuncType::new([ValType::I32; 2], [ValType::I32]);
    let host = store.host_func(ty, "subtract".to_string(), subtract);
    let text = "(module
        (import \"h\" \"subtract\" (func $subtract (param i32 i32) (result i32)))
        (table funcref (elem $subtract))
        (func $direct (export \"direct\") (param i32) (result i32) (return_call $subtract (local.get 0) (i32.const 1)))
        (func $indirect (export \"indirect\") (param i32) (result i32)
          (return_call_indirect (param i32 i32) (result i32) (i32.const 1) (local.get 0) (i32.const 0)))
        (func (export \"both\") (param i32) (result i32 i32 i32)
          (local.get 0) (call $direct (local.get 0)) (call $indirect (local.get 0))))";
    let instance = store.instantiate(&module(text).expect("a module"), &[Extern::Func(host)]).expect("an instance");
    let mut results = |name| call(&mut store, instance, name, &[Value::I32(10)]).expect("no trap");
    assert_eq!(results("direct"), [Value::I32(9)]);
    assert_eq!(results("indirect"), [Value::I32(-9)]);
    assert_eq!(results("both"), [10, 9, -9].map(Value::I32));
}

#[test]
fn a_callee_needs_room_for_its_frame() {
    let locals = "(local i64)".repeat(20_000);
    let text = format!(
        "(module
          (func $large {locals})
          (func (export \"f\") (return_call $large)))"
    );
    let mut store = Store::with_config(Config { stack_size: 64 << 10, ..Config::default() });
    let instance = store.instantiate(&module(&text).expect("a module"), &[]).expect("an instance");
    let trap = call(&mut store, instance, "f", &[]).expect_err("no room");
    assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted));
}

#[test]
fn a_trap_shows_the_functions_that_are_left() {
    let text = "(module
        (table 1 funcref)
        (func $inner (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))))
        (func $middle (param i32) (return_call $inner (local.get 0)))
        (func $null (return_call_indirect (i32.const 0)))
        (func $outer (export \"f\") (param i32) (call $middle (local.get 0)) (call $null)))";
    for (argument, code, inner) in
        [(0, TrapCode::IntegerDivideByZero, "inner"), (1, TrapCode::UninitializedElement, "null")]
    {
        let trap = try_run(text, &[argument]).expect_err("a trap");
        assert_eq!(trap.code(), Some(code));
        let names: Vec<_> = trap.frames.iter().filter_map(|frame| frame.name.as_deref()).collect();
        assert_eq!(names, [inner, "outer"]);
    }
    let (mut store, instance) = instance(text);
    assert!(call(&mut store, instance, "f", &[Value::I32(1)]).is_err());
}
