//! Closures as host functions, and calls with types of Rust.

use crate::support::{both, with_both};
use engine::{
    Caller, Extern, ExternRef, Func, HostError, Instance, InstantiateError, LinkErrorKind, Linker, Store, Trap,
    TrapCode, TrapReason, TypedFuncError, Value,
};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A module that passes what it is given on to the host, and the host's answer back.
fn relay(params: &str, results: &str) -> String {
    let count = params.split_whitespace().count();
    let gets: String = (0..count).map(|i| format!("(local.get {i})")).collect();
    format!(
        r#"(module
            (import "host" "f" (func $f (param {params}) (result {results})))
            (func (export "f") (param {params}) (result {results}) (call $f {gets})))"#
    )
}

#[test]
fn every_type_crosses_both_ways() {
    macro_rules! crosses {
        ($($ty:ty: $wasm:literal [$($value:expr),*];)*) => {$(
            let mut linker = Linker::new();
            linker.func_wrap("host", "f", |value: $ty| value);
            with_both(&relay($wasm, $wasm), &linker, |mut store, instance| {
                let f = instance.typed_func::<$ty, $ty>(&store, "f").expect("the types match");
                for value in [$($value),*] {
                    let back = f.call(&mut store, value).expect("no trap");
                    assert_eq!(format!("{back:?}"), format!("{value:?}"));
                }
            });
        )*};
    }
    crosses! {
        i32: "i32" [0, -1, i32::MIN, i32::MAX];
        u32: "i32" [0, 1, u32::MAX];
        i64: "i64" [0, -1, i64::MIN, i64::MAX];
        u64: "i64" [1 << 32, u64::MAX];
        f32: "f32" [-0.0, 1.5, f32::INFINITY, f32::NAN];
        f64: "f64" [-0.0, 1.5e300, f64::MIN_POSITIVE];
        u128: "v128" [1, 1 << 127, u128::MAX];
        [u8; 16]: "v128" [[0; 16], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]];
        Option<Func>: "funcref" [None];
        Option<ExternRef>: "externref" [None];
    }
}

/// Lane 0 is in the lowest bits, and its lowest byte comes first in memory.
#[test]
fn vectors_have_their_lanes_in_order() {
    let text = r#"(module
        (func (export "lane") (param v128) (result i32) (i32x4.extract_lane 0 (local.get 0))))"#;
    with_both(text, &Linker::new(), |mut store, instance| {
        let lane = instance.typed_func::<u128, u32>(&store, "lane").expect("the types match");
        assert_eq!(lane.call(&mut store, 7 | 9 << 32).expect("no trap"), 7);
        let lane = instance.typed_func::<[u8; 16], u32>(&store, "lane").expect("the types match");
        assert_eq!(lane.call(&mut store, [3, 1, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]).expect("no trap"), 259);
    });
}

#[test]
fn references_cross_both_ways() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "f", |caller: &mut Caller<'_>, object: Option<ExternRef>, func: Option<Func>| {
        let (Some(object), Some(func)) = (object, func) else { return Err("null") };
        let text = caller.externref_data(object).downcast_ref::<String>().ok_or("no text")?;
        Ok((Some(func), text.len() as u64, Some(object)))
    });
    with_both(&relay("externref funcref", "funcref i64 externref"), &linker, |mut store, instance| {
        type Params = (Option<ExternRef>, Option<Func>);
        type Results = (Option<Func>, u64, Option<ExternRef>);
        let f = instance.typed_func::<Params, Results>(&store, "f").expect("the types match");
        let object: Box<dyn Any + Send + Sync> = Box::new("seven c".to_string());
        let object = Some(store.new_externref(object));
        assert_eq!(f.call(&mut store, (object, Some(f.func()))).expect("no trap"), (Some(f.func()), 7, object));
        let trap = f.call(&mut store, (None, None)).expect_err("null");
        assert_eq!(trap.to_string(), "null");

        let mut other = Store::new();
        let foreign = Some(other.new_externref(Box::new(())));
        let call = AssertUnwindSafe(|| f.call(&mut store, (foreign, Some(f.func()))));
        assert!(catch_unwind(call).is_err(), "references belong to one store");
        assert!(catch_unwind(AssertUnwindSafe(|| f.call(&mut other, (None, None)))).is_err(), "functions too");
    });
}

#[test]
fn sixteen_values_keep_their_order() {
    let mut linker = Linker::new();
    linker.func_wrap(
        "host",
        "f",
        |a: i32,
         b: i64,
         c: f32,
         d: f64,
         e: i32,
         f: i64,
         g: f32,
         h: f64,
         i: i32,
         j: i64,
         k: f32,
         l: f64,
         m: i32,
         n: i64,
         o: f32,
         p: f64| { (p, o, n, m, l, k, j, i, h, g, f, e, d, c, b, a) },
    );
    let (params, results) = ("i32 i64 f32 f64 ".repeat(4), "f64 f32 i64 i32 ".repeat(4));
    with_both(&relay(&params, &results), &linker, |mut store, instance| {
        type Params = (i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64, i32, i64, f32, f64);
        type Results = (f64, f32, i64, i32, f64, f32, i64, i32, f64, f32, i64, i32, f64, f32, i64, i32);
        let f = instance.typed_func::<Params, Results>(&store, "f").expect("the types match");
        let back = f.call(&mut store, (1, 2, 3.0, 4.0, 5, 6, 7.0, 8.0, 9, 10, 11.0, 12.0, 13, 14, 15.0, 16.0));
        let expected = (16.0, 15.0, 14, 13, 12.0, 11.0, 10, 9, 8.0, 7.0, 6, 5, 4.0, 3.0, 2, 1);
        // Tuples of sixteen are compared as text.
        let text = |(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p): Results| {
            format!("{:?} {:?}", (a, b, c, d, e, f, g, h), (i, j, k, l, m, n, o, p))
        };
        assert_eq!(text(back.expect("no trap")), text(expected));
    });
}

#[test]
fn more_results_than_parameters_and_none_of_either() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "f", || (1_i32, 2_i64, 3_i32));
    with_both(&relay("", "i32 i64 i32"), &linker, |mut store, instance| {
        let f = instance.typed_func::<(), (i32, i64, i32)>(&store, "f").expect("the types match");
        assert_eq!(f.call(&mut store, ()).expect("no trap"), (1, 2, 3));
    });
    linker.func_wrap("host", "f", |caller: &mut Caller<'_>| {
        caller.set_state("called");
    });
    with_both(&relay("", ""), &linker, |mut store, instance| {
        let f = instance.typed_func::<(), ()>(&store, "f").expect("the types match");
        f.call(&mut store, ()).expect("no trap");
        assert_eq!(store.state(), Some(&"called"));
    });
}

#[test]
fn a_function_of_another_type_is_not_called() {
    let text = r#"(module
        (memory (export "memory") 1)
        (func (export "add") (param i32 i64) (result i64) (local.get 1)))"#;
    with_both(text, &Linker::new(), |store, instance| {
        let message = |error: TypedFuncError| error.to_string();
        assert_eq!(
            instance.typed_func::<(i64, i32), i64>(&store, "add").map_err(message).unwrap_err(),
            "`add` is of type (i32, i64) -> (i64), not (i64, i32) -> (i64)"
        );
        assert_eq!(
            instance
                .func(&store, "add")
                .expect("it is exported")
                .typed::<(i32, i64), ()>(&store)
                .map_err(message)
                .unwrap_err(),
            "the function is of type (i32, i64) -> (i64), not (i32, i64) -> ()"
        );
        assert_eq!(
            instance.typed_func::<(), ()>(&store, "memory").map_err(message).unwrap_err(),
            "`memory` is a memory, not a function"
        );
        assert_eq!(
            instance.typed_func::<(), ()>(&store, "sub").map_err(message).unwrap_err(),
            "nothing is exported as `sub`"
        );
    });
}

#[test]
fn an_import_of_another_type_is_not_linked() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "f", |_: i32, _: u64| 0.5_f32);
    for module in both(&relay("i32 i64", "f64")) {
        let error = linker.instantiate(&mut Store::new(), &module).expect_err("the results differ");
        let InstantiateError::Link(error) = error else { panic!("{error}") };
        assert_eq!(error.kind, LinkErrorKind::IncompatibleImportType);
        assert_eq!(
            error.to_string(),
            r#"incompatible import type: "host" "f": expected function (i32, i64) -> (f64), found (i32, i64) -> (f32)"#
        );
    }
}

fn double(x: i32) -> i32 {
    2 * x
}

fn depth(caller: &mut Caller<'_>, x: i32) -> Result<i32, Trap> {
    let f = caller.func("f").and_then(|f| f.typed::<i32, i32>(caller).ok());
    match f {
        Some(f) if x > 0 => Ok(f.call(caller, x - 1)? + 1),
        _ => Ok(0),
    }
}

#[test]
fn functions_are_closures_too() {
    let mut linker = Linker::new();
    for (define, expected) in [
        ((|linker| linker.func_wrap("host", "f", double)) as fn(&mut Linker) -> &mut Linker, 14),
        (|linker| linker.func_wrap("host", "f", depth), 7),
    ] {
        define(&mut linker);
        with_both(&relay("i32", "i32"), &linker, |mut store, instance| {
            let f = instance.typed_func::<i32, i32>(&store, "f").expect("the types match");
            assert_eq!(f.call(&mut store, 7).expect("no trap"), expected);
        });
    }
}

#[derive(Debug, thiserror::Error)]
#[error("number {0}")]
struct Numbered(u32);

#[test]
fn errors_reach_the_caller() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "f", |which: u32| -> Result<u32, HostError> {
        match which {
            0 => Err(Numbered(7).into()),
            1 => Err("text".into()),
            2 => Err(TrapCode::TableOutOfBounds.into()),
            3 => Err(Trap::from(TrapCode::IntegerOverflow).into()),
            _ => Ok(which),
        }
    });
    with_both(&relay("i32", "i32"), &linker, |mut store, instance| {
        let f = instance.typed_func::<u32, u32>(&store, "f").expect("the types match");
        let mut trap = |which| f.call(&mut store, which).expect_err("it fails");
        let numbered = trap(0);
        assert_eq!(numbered.downcast_ref::<Numbered>().expect("it is the host's").0, 7);
        assert!(numbered.downcast_ref::<TrapCode>().is_none());
        assert_eq!((numbered.to_string(), numbered.code(), numbered.frames.len()), ("number 7".to_string(), None, 1));
        let text = trap(1);
        assert!(matches!(&text.reason, TrapReason::Host(error) if error.to_string() == "text"));
        for (which, code) in [(2, TrapCode::TableOutOfBounds), (3, TrapCode::IntegerOverflow)] {
            let trap = trap(which);
            assert_eq!((trap.code(), trap.frames.len()), (Some(code), 1));
            assert!(trap.downcast_ref::<Numbered>().is_none());
        }
        assert_eq!(f.call(&mut store, 4).expect("no trap"), 4);
    });
}

/// The host function calls the function that called it, typed, until the last call.
#[test]
fn calls_nest() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "f", |caller: &mut Caller<'_>, depth: u32| -> Result<u64, HostError> {
        if depth == 0 {
            return Ok(1);
        }
        let f = caller.func("f").ok_or("the caller exports no `f`")?.typed::<u32, u64>(caller)?;
        Ok(2 * f.call(caller, depth - 1)?)
    });
    with_both(&relay("i32", "i64"), &linker, |mut store, instance| {
        let f = instance.typed_func::<u32, u64>(&store, "f").expect("the types match");
        assert_eq!(f.call(&mut store, 40).expect("no trap"), 1 << 40);
    });
}

/// A host function can put another store in its store's place. A reference of the one is not taken for one of the other.
#[test]
fn results_are_not_read_in_another_store() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "swap", |caller: &mut Caller<'_>| {
        let mut other = Store::new();
        other.new_externref(Box::new("another object"));
        std::mem::swap(caller.store(), &mut other);
        // The guest's own store is dropped, and lives on while it runs.
    });
    let text = r#"(module
        (import "host" "swap" (func $swap))
        (func (export "f") (param externref) (result externref) (call $swap) (local.get 0)))"#;
    with_both(text, &linker, |mut store, instance| {
        let f = instance.typed_func::<Option<ExternRef>, Option<ExternRef>>(&store, "f").expect("the types match");
        let object = store.new_externref(Box::new(1));
        let outcome = catch_unwind(AssertUnwindSafe(|| f.call(&mut store, Some(object))));
        let panic = outcome.expect_err("the store is another one");
        let message = panic.downcast_ref::<String>().expect("a panic has a message");
        assert!(message.contains("a handle is used with the store that it belongs to"), "{message}");
    });
}

/// A typed reference is a reference: a function that gives one can be called for one.
#[test]
fn results_may_be_of_subtypes() {
    use engine::{Feature, Features, Loading, Mode, Module};
    let mut features = Features::default();
    features.0.insert(Feature::FunctionReferences);
    let text = r#"(module (type $f (func))
        (func $own (export "own") (type $f))
        (func (export "get") (result (ref $f)) (ref.func $own)))"#;
    let module = Module::from_text_in(text, Loading { mode: Mode::Interpreter, features, ..Loading::default() })
        .expect("it is valid");
    let mut store = Store::new();
    let instance: Instance = Linker::new().instantiate(&mut store, &module).expect("it imports nothing");
    let get = instance.typed_func::<(), Option<Func>>(&store, "get").expect("the types match");
    let own = get.call(&mut store, ()).expect("no trap").expect("it is not null");
    assert_eq!(instance.export(&store, "own"), Some(Extern::Func(own)));
    assert_eq!(own.call(&mut store, &[]).expect("no trap"), Vec::<Value>::new());
}
