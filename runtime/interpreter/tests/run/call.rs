//! Calls: arguments and results in place, depth, frames of traps.

use crate::{call, instance, module, run, try_run};
use abi::trap::TrapCode;
use abi::types::{FuncType, ValType};
use vm::{Config, Extern, Store, Value};

#[test]
fn arguments_and_results_stand_where_the_callee_is() {
    let text = "(module
        (func $swap (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
        (func (export \"f\") (param i32) (result i32 i64 i32 i32)
          (i32.const 1)
          (call $swap (local.get 0) (i64.const 1_000_000_000_000))
          (i32.const 4)))";
    assert_eq!(run(text, &[7]), [1, 1_000_000_000_000, 7, 4]);
}

#[test]
fn recursion_ends_in_a_trap_and_can_be_repeated() {
    let text = "(module (func $f (export \"f\") (result i32) (i32.add (call $f) (i32.const 1))))";
    let mut store = Store::with_config(Config { stack_size: 256 << 10, ..Config::default() });
    let instance = store.instantiate(&module(text).expect("a module"), &[]).expect("an instance");
    for _ in 0..3 {
        let trap = call(&mut store, instance, "f", &[]).expect_err("endless recursion");
        assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted));
        assert!(trap.frames.iter().all(|frame| frame.name.as_deref() == Some("f")));
        assert!(trap.frames.len() == 64 && trap.omitted > 1000);
    }
    // A frame of no words takes room, too.
    let empty = "(module (func $f (export \"f\") (call $f)))";
    assert_eq!(try_run(empty, &[]).expect_err("endless recursion").code(), Some(TrapCode::CallStackExhausted));
}

#[test]
fn frames_have_names_and_places() {
    let text = "(module
        (func $inner (unreachable))
        (func $middle (param i32) (call $inner))
        (func (export \"f\") (param i32) (call $middle (local.get 0))))";
    let trap = try_run(text, &[1]).expect_err("unreachable");
    assert_eq!(trap.code(), Some(TrapCode::Unreachable));
    let frames: Vec<_> = trap.frames.iter().map(|frame| (frame.function.0, frame.name.as_deref())).collect();
    assert_eq!(frames, [(0, Some("inner")), (1, Some("middle")), (2, None)]);
    let declarations = trap.frames[0].module.declarations();
    assert!(trap.frames.iter().zip(&declarations.bodies).all(|(frame, body)| frame.offset == body.start));
}

#[test]
fn the_host_is_called_with_all_types() {
    use ValType::{F32, F64, I32, I64, V128};
    let types = [I32, I64, F32, F64, V128, ValType::FUNCREF, ValType::EXTERNREF];
    let mut store = Store::new();
    let reverse: vm::HostFn = Box::new(|_, slots| {
        slots.reverse();
        Ok(())
    });
    let reversed: Vec<ValType> = types.iter().rev().copied().collect();
    let host = store.host_func(FuncType::new(types, reversed), "reverse".to_string(), reverse);
    let signature = "(param i32 i64 f32 f64 v128 funcref externref) (result externref funcref v128 f64 f32 i64 i32)";
    let gets: String = (0..7).map(|i| format!("(local.get {i})")).collect();
    let text = format!(
        "(module (import \"h\" \"r\" (func $r {signature})) (func (export \"f\") {signature} (call $r {gets})))"
    );
    let instance = store.instantiate(&module(&text).expect("a module"), &[Extern::Func(host)]).expect("an instance");
    let object = store.new_externref(Box::new(1));
    let values = [
        Value::I32(-1),
        Value::I64(i64::MIN),
        Value::F32(0x7fa0_0000),
        Value::F64(2),
        Value::V128(std::array::from_fn(|i| i as u8)),
        Value::FuncRef(Some(host)),
        Value::ExternRef(Some(object)),
    ];
    let mut expected = values;
    expected.reverse();
    assert_eq!(call(&mut store, instance, "f", &values).expect("no trap"), expected);
}

#[test]
fn a_panic_of_the_host_leaves_the_store_usable() {
    let mut store = Store::new();
    let panics: vm::HostFn = Box::new(|_, _| panic!("in the host"));
    let host = store.host_func(FuncType::default(), "panics".to_string(), panics);
    let text = "(module (import \"h\" \"p\" (func $p)) (func (export \"f\") (call $p))
        (func (export \"g\") (param i32) (result i32) (local.get 0)))";
    let instance = store.instantiate(&module(text).expect("a module"), &[Extern::Func(host)]).expect("an instance");
    for _ in 0..3 {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call(&mut store, instance, "f", &[])));
        assert_eq!(*result.expect_err("a panic").downcast::<&str>().expect("its text"), "in the host");
        assert_eq!(call(&mut store, instance, "g", &[Value::I32(4)]).expect("no trap"), [Value::I32(4)]);
    }
}

#[test]
fn start_functions_run() {
    let text =
        "(module (global (export \"g\") (mut i32) (i32.const 0)) (func $s (global.set 0 (i32.const 5))) (start $s))";
    let (store, instance) = instance(text);
    let Some(Extern::Global(global)) = store.export(instance, "g") else { panic!("no global") };
    assert_eq!(store.global_get(global), Value::I32(5));
}
