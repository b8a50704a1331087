//! The interpreter, operator class by operator class: what its instructions make of operands that are locals, constants or
//! results. What each operator computes is held by the official suite; these tests are about how it gets its operands.

mod atomic;
mod call;
mod control;
mod depth;
mod float;
mod fuse;
mod int;
mod load;
mod memory;
mod parametric;
mod table;
mod tail;
mod variable;
mod vector;
mod wide;

use abi::features::Features;
use abi::metering::Metering;
use std::sync::Arc;
use vm::{Extern, Func, Instance, Module, Store, Trap, Value};

/// Loads a module in text form.
fn module(text: &str) -> Result<Arc<Module>, interpreter::LoadError> {
    module_with(text, &Features::all())
}

/// The same with a set of proposals.
fn module_with(text: &str, features: &Features) -> Result<Arc<Module>, interpreter::LoadError> {
    let bytes = wat::parse_str(text).expect("well-formed text");
    interpreter::load(Arc::new(bytes), Some("test".to_string()), features, &Metering::default()).map(Arc::new)
}

/// An instance of a module without imports, in a store of its own.
fn instance(text: &str) -> (Store, Instance) {
    let mut store = Store::new();
    let instance = store.instantiate(&module(text).expect("a valid module"), &[]).expect("an instance");
    (store, instance)
}

fn func(store: &Store, instance: Instance, name: &str) -> Func {
    match store.export(instance, name) {
        Some(Extern::Func(func)) => func,
        other => panic!("{name} is {other:?}"),
    }
}

fn call(store: &mut Store, instance: Instance, name: &str, arguments: &[Value]) -> Result<Vec<Value>, Trap> {
    let func = func(store, instance, name);
    store.call(func, arguments)
}

/// Calls the function `f` of a module with numbers.
fn try_run(text: &str, arguments: &[i32]) -> Result<Vec<Value>, Trap> {
    let (mut store, instance) = instance(text);
    let arguments: Vec<Value> = arguments.iter().map(|&argument| Value::I32(argument)).collect();
    call(&mut store, instance, "f", &arguments)
}

/// The same for results that are numbers, without a trap.
fn run(text: &str, arguments: &[i32]) -> Vec<i64> {
    let number = |value| match value {
        Value::I32(value) => value.into(),
        Value::I64(value) => value,
        other => panic!("{other:?} is no integer"),
    };
    try_run(text, arguments).expect("no trap").into_iter().map(number).collect()
}

/// A module with one function, given its type and body.
fn function(body: &str) -> String {
    format!("(module (func (export \"f\") {body}))")
}
