//! Tail calls: jumps between tail functions, and nothing for anybody else.

use crate::support::{Lowered, lower};

fn lines<'a>(lowered: &'a Lowered, text: &str) -> Vec<&'a str> {
    lowered.functions.lines().filter(|line| line.contains(text)).map(str::trim).collect()
}

#[test]
fn modules_without_tail_calls_have_no_tail_functions() {
    let lowered = lower("(module (func $f (param i32) (call $f (local.get 0))))");
    assert_eq!(lowered.count("tail"), lowered.count("disable-tail-calls"));
    assert!(!lowered.wrappers.contains("tailcc"));
}

#[test]
fn a_function_that_makes_tail_calls_has_both_forms() {
    let lowered = lower("(module (func $f (param i32) (result i64) (return_call $f (i32.const 1))))");
    assert_eq!(lowered.count("define hidden tailcc i64 @wasm.function.0.tail("), 1);
    assert_eq!(lowered.count("define hidden fastcc i64 @wasm.function.0("), 1);
    assert_eq!(
        lines(&lowered, "musttail call"),
        ["%3 = musttail call tailcc i64 @wasm.function.0.tail(ptr %0, i32 1)"]
    );
    assert_eq!(lowered.count("= call tailcc i64 @wasm.function.0.tail("), 1, "the native form calls the other");
}

/// They are no tail callees: they come back.
#[test]
fn functions_that_make_no_tail_calls_are_called() {
    let lowered = lower("(module (func $f (result i32) (i32.const 1)) (func (result i32) (return_call $f)))");
    assert_eq!(lowered.count("musttail"), 0);
    assert_eq!(lowered.count("call fastcc i32 @wasm.function.0(ptr %0)"), 1);
    assert_eq!(lowered.count("wasm.function.0.tail"), 0);
}

#[test]
fn the_record_says_whether_a_callee_can_be_jumped_to() {
    let lowered = lower(
        "(module (table 1 funcref) (func (param i32) (result f32) (return_call_indirect (result f32) (local.get 0))))",
    );
    assert_eq!(lowered.count("musttail call tailcc float %"), 1);
    assert_eq!(lowered.count("= call fastcc float %"), 1);
    let lowered =
        lower(r#"(module (import "" "" (func $f (param v128))) (func (param v128) (return_call $f (local.get 0))))"#);
    assert_eq!(lowered.count("musttail call tailcc void %"), 1);
    assert_eq!(lowered.count("call fastcc void %"), 1);
}

/// LLVM would place them on the stack, where a longer list than the caller's own has no room.
#[test]
fn no_argument_of_a_tail_function_is_on_the_stack() {
    let lowered = lower(&format!(
        "(module (func $f (param {}) (result i32 i32 i32) (return_call $f {})))",
        "i64 v128 ".repeat(10),
        "(local.get 2) (local.get 1) ".repeat(10)
    ));
    let [call] = lines(&lowered, "musttail call")[..] else { panic!("{}", lowered.functions) };
    assert_eq!((call.matches("i64 %").count(), call.matches('<').count()), (4, 8), "{call}");
    // Of each argument without a register one store; of each parameter that is used one load.
    assert_eq!((lowered.count("store i64 %"), lowered.count("store <")), (6 * 2, 2 * 2));
}

#[test]
fn results_go_where_the_caller_wants_them() {
    let lowered = lower("(module (func $f (param i32) (result i32 i32 i32) (return_call $f (local.get 0))))");
    assert_eq!(
        lines(&lowered, "musttail"),
        ["musttail call tailcc void @wasm.function.0.tail(ptr %0, ptr %1, i32 %2)"]
    );
}
