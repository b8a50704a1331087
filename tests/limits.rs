//! Functions of sizes that no one writes by hand compile in about linear time, and run right.

mod exceptions;

use artifact::Level;
use engine::{Linker, Module, Store, Value};

/// Compiles a function of one `i32` parameter and result from its locals and body, and calls it.
fn call(locals: &str, body: &str, argument: i32) -> i32 {
    run(&format!("(func (export \"f\") (param i32) (result i32) {locals} {body})"), argument)
}

/// Compiles a module from its fields, and calls its function `f`.
fn run(fields: &str, argument: i32) -> i32 {
    let text = format!("(module {fields})");
    let file = tests::compile(&tests::wat(&text), Level::O2).expect("the module is within the limits");
    let module = Module::from_bytes(file).expect("the module was just compiled");
    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, &module).expect("the module imports nothing");
    let function = engine::function(&store, instance, "f").expect("the module exports it");
    match store.call(function, &[Value::I32(argument)]).expect("the function does not trap")[..] {
        [Value::I32(result)] => result,
        ref other => panic!("{other:?}"),
    }
}

fn repeat(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).map(text).collect()
}

#[test]
fn fifty_thousand_nested_blocks() {
    let (open, close) = ("block ".repeat(50_000), "end ".repeat(50_000));
    assert_eq!(call("", &format!("{open} local.get 0 br_if 49999 {close} local.get 0"), 7), 7);
}

#[test]
fn fifty_thousand_nested_loops() {
    let (open, close) = ("loop ".repeat(50_000), "end ".repeat(50_000));
    let count = "local.get 0 i32.const 1 i32.sub local.tee 0 br_if 49999";
    assert_eq!(call("", &format!("{open} {count} {close} local.get 0"), 3), 0);
}

#[test]
fn fifty_thousand_locals() {
    // Each local is one more than the last.
    let locals = format!("(local {})", "i32 ".repeat(49_999));
    let body = repeat(49_999, |i| format!("local.get {i} i32.const 1 i32.add local.set {} ", i + 1));
    assert_eq!(call(&locals, &format!("{body} local.get 49999"), 1), 50_000);
}

#[test]
fn a_table_of_a_hundred_thousand_branches() {
    // Entry i leads to the end of block i % 200 from the inside; each end adds one.
    let targets = repeat(100_000, |i| format!("{} ", i % 200));
    let ends = "end local.get 0 i32.const 1 i32.add local.set 0 ".repeat(200);
    let body = format!("{} local.get 0 br_table {targets} 0 {ends} local.get 0", "block ".repeat(200));
    assert_eq!(call("", &body, 99_999), 99_999 + 1);
    assert_eq!(call("", &body, 200), 200 + 200);
}

#[test]
fn twenty_thousand_calls_of_a_small_function() {
    let fields = format!(
        "(func $check (param i32) (result i32)
            (if (i32.gt_u (local.get 0) (i32.const 1000000)) (then unreachable))
            (i32.add (local.get 0) (i32.const 1)))
        (func (export \"f\") (param i32) (result i32) local.get 0 {})",
        "call $check ".repeat(20_000)
    );
    assert_eq!(run(&fields, 5), 20_005);
}

#[test]
fn a_function_of_two_megabytes() {
    let body = repeat(250_000, |i| format!("i32.const {} {} ", 1_000_000_000 + i, ["i32.add", "i32.xor"][i % 2]));
    let expected = (0..250_000).fold(5i32, |value, i| match i % 2 {
        0 => value.wrapping_add(1_000_000_000 + i),
        _ => value ^ (1_000_000_000 + i),
    });
    assert_eq!(call("", &format!("local.get 0 {body}"), 5), expected);
}
