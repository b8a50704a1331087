//! What is refused when a module is loaded.

use crate::module;
use interpreter::LoadError;
use std::sync::Arc;

#[test]
fn modules_are_validated() {
    let invalid = module("(module (func (result i32) (i64.const 1)))");
    assert!(matches!(invalid, Err(LoadError::Invalid { .. })));
    let malformed = interpreter::load(Arc::new(b"\0asm\x01\0\0\0\x01".to_vec()), None);
    assert!(matches!(malformed, Err(LoadError::Malformed { .. })));
}

#[test]
fn what_is_not_supported_is_said_so() {
    let error = module("(module (tag))").expect_err("not supported");
    assert!(matches!(error, LoadError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("unsupported by the interpreter"));
}

#[test]
fn functions_have_a_limit_of_slots() {
    let gets = "(local.get 0)".repeat(40_000);
    let error = module(&format!("(module (func (param i64) {gets} (unreachable)))")).expect_err("too many operands");
    assert!(matches!(error, LoadError::Limit { .. }), "{error}");
}
