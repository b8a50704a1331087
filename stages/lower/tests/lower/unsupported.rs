//! What is not supported is an error with its place.

use crate::support::lower_with;
use abi::types::FuncIdx;
use artifact::{Kind, Stage};

#[track_caller]
fn refused(wat: &str, because: &str) {
    let error = lower_with(wat, false).err().unwrap_or_else(|| panic!("lowered: {wat}"));
    assert_eq!((error.stage, error.kind), (Stage::Lower, Kind::Unsupported), "{error}");
    assert!(error.message.contains(because), "{error}");
    assert_eq!(error.place.function, Some(FuncIdx(1)), "{error}");
    assert!(error.place.offset.is_some(), "{error}");
}

#[test]
fn operators_of_other_proposals_are_refused() {
    refused("(module (func) (func (local i31ref)))", "type i31ref is not supported");
    refused("(module (func) (func (drop (ref.i31 (i32.const 1)))))", "RefI31 (gc)");
}
