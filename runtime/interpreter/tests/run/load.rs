//! What is refused when a module is loaded.

use crate::{module, module_with};
use abi::features::{Feature, Features};
use abi::metering::Metering;
use interpreter::LoadError;
use std::sync::Arc;

#[test]
fn modules_are_validated() {
    let invalid = module("(module (func (result i32) (i64.const 1)))");
    assert!(matches!(invalid, Err(LoadError::Invalid { .. })));
    let malformed =
        interpreter::load(Arc::new(b"\0asm\x01\0\0\0\x01".to_vec()), None, &Features::all(), &Metering::default());
    assert!(matches!(malformed, Err(LoadError::Malformed { .. })));
}

#[test]
fn what_is_not_supported_is_said_so() {
    for (text, what) in [
        ("(module (type (struct)))", "garbage-collected types are not supported"),
        ("(module (global anyref (ref.null any)))", "type anyref is not supported"),
        ("(module (func (local i31ref)))", "type i31ref is not supported"),
        ("(module (func (drop (ref.i31 (i32.const 1)))))", "operator RefI31 (gc) is not supported"),
    ] {
        let error = module(text).expect_err("not supported");
        assert!(matches!(&error, LoadError::Unsupported { message, .. } if message.contains(what)), "{error}");
    }
}

#[test]
fn what_is_switched_off_is_named_by_its_switch() {
    let off = |features: Features, text: &str| module_with(text, &features).expect_err("refused");
    for (text, features, hint) in [
        ("(module (memory 1) (memory 1))", Features::wasm2(), "pass --enable-multi-memory"),
        ("(module (memory i64 1))", Features::wasm2(), "pass --enable-memory64"),
        ("(module (func atomic.fence))", Features::wasm3(), "pass --enable-threads"),
        ("(module (func (result i32 i32) unreachable))", Features::wasm1(), "do not pass --disable-multi-value"),
    ] {
        let error = off(features, text);
        assert!(matches!(&error, LoadError::Unsupported { message, .. } if message.contains(hint)), "{error}");
    }
    let mut most = Features::all();
    most.0.remove(&Feature::Threads);
    let invalid = off(most, "(module (func (result i64) (i32.const 1)) (memory 1 1 shared))");
    assert!(matches!(&invalid, LoadError::Unsupported { .. }), "{invalid}");
}

#[test]
fn functions_have_a_limit_of_slots() {
    let gets = "(local.get 0)".repeat(40_000);
    let error = module(&format!("(module (func (param i64) {gets} (unreachable)))")).expect_err("too many operands");
    assert!(matches!(error, LoadError::Limit { .. }), "{error}");
}
