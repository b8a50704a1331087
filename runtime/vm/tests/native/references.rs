//! Values of reference types: who may have which, wherever safe code hands one over.

use crate::image::{self, func, host, instance, module, module_of, table};
use abi::types::{FuncType, GlobalType, HeapType, Limits, RefType, TableType, TypeIdx, ValType};
use std::panic::{self, AssertUnwindSafe};
use vm::{Extern, Func, InstantiateError, LinkErrorKind, Store, Value};

/// What a panic says.
fn panic_of<R>(run: impl FnOnce() -> R) -> String {
    let Err(payload) = panic::catch_unwind(AssertUnwindSafe(run)) else { panic!("it does not panic") };
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => payload.downcast_ref::<&str>().expect("panics have a text").to_string(),
    }
}

/// Two types that refer to others: what they take are references to functions of the usual type and of the one without
/// parameters, as a store knows them.
struct Types {
    five: HeapType,
    unit: HeapType,
}

impl Types {
    fn of(store: &mut Store) -> Types {
        let module = module_of(
            r#"(module (type $five (func (param i64 i64 i64 i64 i64) (result i64))) (type $unit (func))
                (import "m" "takes" (func $takes (param (ref null $five) (ref null $unit))))
                (export "takes" (func $takes)))"#,
        );
        // Modules with equal types at other places have the same numbers for them.
        let again = module_of(
            r#"(module (type $other (func (param i32))) (type $unit (func))
                (type $five (func (param i64 i64 i64 i64 i64) (result i64)))
                (global (export "five") (mut (ref null $five)) (ref.null $five))
                (global (export "unit") (mut (ref null $unit)) (ref.null $unit)))"#,
        );
        let instance = store.instantiate(&again, &[]).expect("an instance");
        let heap = |store: &Store, name: &str| match store.export(instance, name) {
            Some(Extern::Global(global)) => store.global_type(global).content.reference().expect("a reference").heap,
            other => panic!("{name} is {other:?}"),
        };
        let [five, unit] = ["five", "unit"].map(|name| heap(store, name));
        let nullable = |heap| ValType::Ref(RefType { nullable: true, heap });
        let takes = FuncType::new([nullable(five), nullable(unit)], []);
        let takes = store.host_func(takes, "takes".to_string(), Box::new(|_, _| Ok(())));
        let instance = store.instantiate(&module, &[Extern::Func(takes)]).expect("the types are the same");
        let exported = func(store, instance, "takes");
        assert_eq!(*store.func_type(exported), FuncType::new([nullable(five), nullable(unit)], []));
        Types { five, unit }
    }
}

fn reference(nullable: bool, heap: HeapType) -> ValType {
    ValType::Ref(RefType { nullable, heap })
}

/// A store with the types, and a native function of the usual type.
fn world() -> (Store, Types, Func) {
    let mut store = Store::new();
    let types = Types::of(&mut store);
    let instance = instance(&mut store, &module(&["add"], ""));
    let add = func(&store, instance, "add");
    (store, types, add)
}

#[test]
fn values_match_their_types() {
    let (mut store, Types { five, unit }, add) = world();
    let object = store.new_externref(Box::new(1));
    let tag = store.new_tag(&FuncType::default());
    let exception = store.new_exception(tag, &[]);
    let [function, object, exception] =
        [Value::FuncRef(Some(add)), Value::ExternRef(Some(object)), Value::ExnRef(Some(exception))];
    // The types that a value has, null aside.
    let cases = [
        (function, Value::FuncRef(None), vec![HeapType::Func, five], vec![HeapType::NoFunc, unit]),
        (object, Value::ExternRef(None), vec![HeapType::Extern], vec![HeapType::NoExtern]),
        (exception, Value::ExnRef(None), vec![HeapType::Exn], vec![HeapType::NoExn]),
    ];
    for (value, null, its, others) in &cases {
        for &heap in its.iter().chain(others) {
            for nullable in [true, false] {
                let ty = reference(nullable, heap);
                assert_eq!(store.matches(*value, ty), its.contains(&heap), "{ty}");
                assert_eq!(store.matches(*null, ty), nullable, "{ty}");
                for (other, other_null, ..) in cases.iter().filter(|case| case.0 != *value) {
                    assert!(!store.matches(*other, ty) && !store.matches(*other_null, ty), "{ty}");
                }
                assert!(!store.matches(Value::I64(0), ty));
            }
        }
        assert!(!store.matches(*value, ValType::I64));
    }
    // A number that is no type's yet.
    assert!(!store.matches(function, reference(true, HeapType::Defined(TypeIdx(1_000_000)))));
}

#[test]
fn what_is_passed_to_a_function_is_of_its_types() {
    let (mut store, Types { five, unit }, add) = world();
    let mut call = |heap, nullable, value| {
        let ty = FuncType::new([reference(nullable, heap)], []);
        let takes = store.host_func(ty, "takes".to_string(), Box::new(|_, _| Ok(())));
        panic::catch_unwind(AssertUnwindSafe(|| store.call(takes, &[value]).expect("no trap"))).is_ok()
    };
    let (function, null) = (Value::FuncRef(Some(add)), Value::FuncRef(None));
    assert!(call(five, false, function) && call(five, true, null) && call(HeapType::Func, false, function));
    assert!(!call(unit, true, function) && !call(five, false, null) && !call(HeapType::NoFunc, true, function));
    assert!(call(HeapType::NoFunc, true, null));
    assert!(!call(five, true, Value::ExternRef(None)) && !call(five, true, Value::I32(0)));
}

#[test]
fn what_a_host_function_gives_is_of_its_types() {
    let (mut store, Types { five, unit }, add) = world();
    let mut give = |nullable, heap, value: Value| {
        let ty = FuncType::new([], [reference(nullable, heap)]);
        let gives = store.host_func(
            ty,
            "gives".to_string(),
            Box::new(move |caller, slots| {
                slots[0] = caller.store().slot(value);
                Ok(())
            }),
        );
        panic::catch_unwind(AssertUnwindSafe(|| store.call(gives, &[]).expect("no trap")[0]))
            .map_err(|payload| *payload.downcast::<String>().expect("a text"))
    };
    let (function, null) = (Value::FuncRef(Some(add)), Value::FuncRef(None));
    assert_eq!(give(false, five, function), Ok(function));
    assert_eq!(give(true, unit, null), Ok(null));
    for (nullable, heap, value) in [(true, unit, function), (false, five, null), (true, HeapType::NoFunc, function)] {
        let message = give(nullable, heap, value).expect_err("not of the type");
        assert_eq!(message, format!("host function gives returns no {}", reference(nullable, heap)));
    }
    // Words that are no references: not of an exception, nor an object.
    let forge = |heap: HeapType| -> vm::HostFn {
        Box::new(move |_, slots| {
            slots[0].set_u64(if heap == HeapType::Extern { 7 } else { 0x1000 });
            Ok(())
        })
    };
    for heap in [HeapType::Exn, HeapType::Extern, HeapType::Func, five] {
        let ty = FuncType::new([], [reference(true, heap)]);
        let forger = store.host_func(ty, "forger".to_string(), forge(heap));
        let message = panic_of(|| store.call(forger, &[]));
        assert_eq!(message, format!("host function forger returns no {}", reference(true, heap)));
    }
}

#[test]
fn tables_and_globals_hold_what_their_types_say() {
    let (mut store, Types { five, unit }, add) = world();
    let (function, null) = (Value::FuncRef(Some(add)), Value::FuncRef(None));
    let unlike = host(&mut store, |_, _| Ok(0));
    let nothing = store.host_func(FuncType::default(), "nothing".to_string(), Box::new(|_, _| Ok(())));
    let (unlike, nothing) = (Value::FuncRef(Some(unlike)), Value::FuncRef(Some(nothing)));
    let not_null = RefType { nullable: false, heap: five };
    let limits = Limits { min: 2, max: None };
    let ty = TableType { element: not_null, limits, table64: false };
    let wrong = "the value is of the table's element type";
    assert_eq!(panic_of(|| store.new_table(ty, null)), wrong);
    assert_eq!(panic_of(|| store.new_table(ty, nothing)), wrong);
    let table = store.new_table(ty, function).expect("a table");
    assert_eq!(panic_of(|| store.table_set(table, 0, null)), wrong);
    assert_eq!(panic_of(|| store.table_grow(table, 1, nothing)), wrong);
    assert_eq!(panic_of(|| store.table_grow(table, 0, null)), wrong);
    store.table_set(table, 1, unlike).expect("it is there");
    assert_eq!([0, 1].map(|index| store.table_get(table, index)), [Some(function), Some(unlike)]);

    let ty = GlobalType { content: ValType::Ref(not_null), mutable: true };
    let wrong = "the value is of the global's type";
    assert_eq!(panic_of(|| store.new_global(ty, null)), wrong);
    let global = store.new_global(ty, function);
    assert_eq!(panic_of(|| store.global_set(global, null)), wrong);
    assert_eq!(panic_of(|| store.global_set(global, nothing)), wrong);
    store.global_set(global, unlike);
    assert_eq!(store.global_get(global), unlike);
    let other = GlobalType { content: reference(true, unit), mutable: true };
    assert_eq!(panic_of(|| store.new_global(other, function)), wrong);
    store.new_global(other, nothing);
}

#[test]
fn exceptions_carry_what_their_tags_say() {
    let (mut store, Types { five, unit }, add) = world();
    let (function, null) = (Value::FuncRef(Some(add)), Value::FuncRef(None));
    let tag = store.new_tag(&FuncType::new([reference(false, five), reference(true, unit)], []));
    let wrong = "the values are of the types that the tag says";
    for values in [&[null, null][..], &[function, function], &[function], &[function, null, null]] {
        assert_eq!(panic_of(|| store.new_exception(tag, values)), wrong);
    }
    let exception = store.new_exception(tag, &[function, null]);
    assert_eq!(store.exception_values(exception), [function, null]);
    assert_eq!(panic_of(|| store.new_tag(&image::five())), "a tag's type has no results");
    // Of another store.
    let mut other = Store::new();
    let trap = store.thrown(exception);
    let foreign = "a handle is used with the store that it belongs to";
    assert!(panic_of(|| other.exception_values(exception)).contains(foreign));
    assert!(panic_of(|| other.thrown(exception)).contains(foreign));
    assert!(
        panic_of(|| other.new_global(global(true, ValType::EXNREF), Value::ExnRef(Some(exception)))).contains(foreign)
    );
    let thrown = trap.exception().expect("it is one");
    assert_eq!(panic_of(|| other.exception(thrown)), "an exception is used with the store that it belongs to");
    assert_eq!(store.exception(thrown), exception);
    // It outlives its store, but stays its own.
    drop(store);
    panic_of(|| other.exception(thrown));
}

fn global(mutable: bool, content: ValType) -> GlobalType {
    GlobalType { content, mutable }
}

/// Whether a module that begins with some types links when its only import is given.
fn links(store: &mut Store, types: &str, import: &str, given: Extern) -> bool {
    let module = module_of(&format!(r#"(module {types} (import "m" "x" {import}))"#));
    match store.instantiate(&module, &[given]) {
        Ok(_) => true,
        Err(InstantiateError::Link(error)) if error.kind == LinkErrorKind::IncompatibleImportType => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn globals_that_are_only_read_may_be_of_subtypes_and_nothing_else() {
    let (mut store, Types { five, .. }, add) = world();
    let function = Value::FuncRef(Some(add));
    let types = "(type $unit (func)) (type $five (func (param i64 i64 i64 i64 i64) (result i64)))";
    let exact = RefType { nullable: false, heap: five };
    let [constant, variable] =
        [false, true].map(|mutable| Extern::Global(store.new_global(global(mutable, ValType::Ref(exact)), function)));
    let ty = TableType { element: exact, limits: Limits { min: 1, max: None }, table64: false };
    let table = Extern::Table(store.new_table(ty, function).expect("a table"));
    let mut links = |import: &str, given| links(&mut store, types, import, given);
    for (at, ty) in ["(ref $five)", "(ref null $five)", "(ref func)", "funcref"].into_iter().enumerate() {
        assert!(links(&format!("(global {ty})"), constant), "{ty}");
        assert!(!links(&format!("(global (mut {ty}))"), constant), "{ty}");
        assert!(!links(&format!("(global {ty})"), variable), "{ty}");
        // What can be changed is of the very type.
        assert_eq!(links(&format!("(global (mut {ty}))"), variable), at == 0, "{ty}");
        assert_eq!(links(&format!("(table 1 {ty})"), table), at == 0, "{ty}");
    }
    for ty in ["(ref $unit)", "(ref null $unit)", "nullfuncref", "externref", "i64"] {
        assert!(!links(&format!("(global {ty})"), constant), "{ty}");
    }
}

#[test]
fn functions_and_tags_are_matched_by_equal_types() {
    let mut store = Store::new();
    // Each a function that takes references to its like: in a group of its own, in one of two, and alone again at another place.
    let kinds = [
        "(type $a (func (param (ref null $a))))",
        "(rec (type $a (func (param (ref null $a)))) (type $b (func)))",
        "(type $x (func (param i32))) (type $y (func (result i64))) (type $a (func (param (ref null $a))))",
    ];
    let exported = kinds.map(|types| {
        let text = format!(r#"(module {types} (tag (export "t") (type $a)) (func $add (export "f") (type $a)))"#);
        let instance = store.instantiate(&module_of(&text), &[]).expect("an instance");
        ["t", "f"].map(|name| store.export(instance, name).expect("it is exported"))
    });
    for (from, given) in exported.into_iter().enumerate() {
        for (to, types) in kinds.into_iter().enumerate() {
            for (item, given) in ["(tag (type $a))", "(func (type $a))"].into_iter().zip(given) {
                assert_eq!(links(&mut store, types, item, given), (from == 1) == (to == 1), "{item} {from} {to}");
            }
        }
    }
}

#[test]
fn elements_of_typed_tables_are_called() {
    let mut store = Store::new();
    let module = module_of(
        r#"(module (type $five (func (param i64 i64 i64 i64 i64) (result i64)))
            (func $add (type $five) i64.const 0)
            (table (export "table") 2 10 (ref $five) (ref.func $add)))"#,
    );
    let instance = store.instantiate(&module, &[]).expect("an instance");
    let table = table(&store, instance);
    let Some(Value::FuncRef(Some(add))) = store.table_get(table, 1) else { panic!("no function") };
    assert_eq!(store.call(add, &[1, 2, 0, 0, 0].map(Value::I64)).expect("no trap"), [Value::I64(3)]);
    assert_eq!(store.table_grow(table, 3, Value::FuncRef(Some(add))), Some(2));
}
