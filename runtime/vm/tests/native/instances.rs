//! Instantiation: linking, initial values, segments, start functions, limits.

use crate::image::{call, five, func, host, instance, instance_with, memory, module, module_of, table};
use abi::trap::TrapCode;
use abi::types::{FuncType, GlobalType, Limits, MemoryType, RefType, TableType, ValType};
use std::sync::Arc;
use vm::{Config, Extern, InstantiateError, LinkErrorKind, Module, ResourceError, Store, Value};

fn link_error(store: &mut Store, module: &Arc<Module>, imports: &[Extern]) -> LinkErrorKind {
    match store.instantiate(module, imports) {
        Err(InstantiateError::Link(error)) => error.kind,
        other => panic!("no link error: {other:?}"),
    }
}

fn limits(min: u64, max: impl Into<Option<u64>>) -> Limits {
    Limits { min, max: max.into() }
}

fn memory_type(limits: Limits) -> MemoryType {
    MemoryType { limits, memory64: false, shared: false }
}

#[test]
fn imports_are_matched() {
    let mut store = Store::new();
    let unit = store.host_func(FuncType::default(), "unit".to_string(), Box::new(|_, _| Ok(())));
    let sum = host(&mut store, |_, _| Ok(0));
    let memory = store.new_memory(memory_type(limits(2, 5))).unwrap();
    let open_memory = store.new_memory(memory_type(limits(2, None))).unwrap();
    let element = RefType::FUNCREF;
    let table =
        store.new_table(TableType { element, limits: limits(2, 5), table64: false }, Value::FuncRef(None)).unwrap();
    let global = store.new_global(GlobalType { content: ValType::I32, mutable: false }, Value::I32(1));
    let given = [Extern::Func(sum), Extern::Memory(memory), Extern::Table(table), Extern::Global(global)];

    let five = "(type (func (param i64 i64 i64 i64 i64) (result i64)))";
    let mut check = |import: &str, fits: &[Extern]| {
        let module = module_of(&format!("(module {five} (import \"m\" \"n\" ({import})))"));
        assert_eq!(link_error(&mut store, &module, &[]), LinkErrorKind::UnknownImport);
        for given in given.iter().chain(&[Extern::Func(unit), Extern::Memory(open_memory)]) {
            if fits.contains(given) {
                store.instantiate(&module, &[*given]).unwrap();
            } else {
                assert_eq!(link_error(&mut store, &module, &[*given]), LinkErrorKind::IncompatibleImportType);
            }
        }
    };
    let (open_memory, unit) = (Extern::Memory(open_memory), Extern::Func(unit));
    check("func (type 0)", &given[..1]);
    check("func", &[unit]);
    check("memory 2", &[given[1], open_memory]);
    check("memory 0 5", &given[1..2]);
    check("memory 3", &[]);
    check("memory 0 4", &[]);
    check("table 2 funcref", &given[2..3]);
    check("table 1 6 funcref", &given[2..3]);
    check("table 3 funcref", &[]);
    check("table 2 4 funcref", &[]);
    check("table 2 externref", &[]);
    check("global i32", &given[3..]);
    check("global i64", &[]);
    check("global (mut i32)", &[]);
}

#[test]
fn a_grown_memory_matches_by_its_size() {
    let mut store = Store::new();
    let memory = store.new_memory(memory_type(limits(1, 4))).unwrap();
    let module = module_of("(module (import \"m\" \"n\" (memory 3)))");
    assert_eq!(link_error(&mut store, &module, &[Extern::Memory(memory)]), LinkErrorKind::IncompatibleImportType);
    store.memory_grow(memory, 2).unwrap();
    store.instantiate(&module, &[Extern::Memory(memory)]).unwrap();
}

#[test]
fn a_link_error_names_the_import() {
    let mut store = Store::new();
    let module = module_of("(module (import \"env\" \"abort\" (func)))");
    let error = store.instantiate(&module, &[]).unwrap_err();
    assert_eq!(error.to_string(), "unknown import: \"env\" \"abort\"");
    let sum = host(&mut store, |_, _| Ok(0));
    let error = store.instantiate(&module, &[Extern::Func(sum)]).unwrap_err();
    let expected = "expected function () -> (), found (i64, i64, i64, i64, i64) -> (i64)";
    assert_eq!(error.to_string(), format!("incompatible import type: \"env\" \"abort\": {expected}"));
}

#[test]
fn globals_have_their_initial_values() {
    let mut store = Store::new();
    let base = store.new_global(GlobalType { content: ValType::I32, mutable: false }, Value::I32(10));
    let module = module_of(
        r#"(module
            (import "m" "base" (global $base i32))
            (global (export "sum") i32 (i32.add (global.get $base) (i32.mul (i32.const 4) (i32.const 3))))
            (global (export "difference") (mut i64) (i64.sub (i64.const 1) (i64.const 2)))
            (global (export "later") i32 (i32.sub (global.get 1) (i32.const 1)))
            (global (export "bits") f32 (f32.const nan:0x200000))
            (global (export "vector") v128 (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
            (global (export "null") externref (ref.null extern))
            (export "base" (global $base)))"#,
    );
    let instance = store.instantiate(&module, &[Extern::Global(base)]).unwrap();
    let value = |name: &str| match store.export(instance, name) {
        Some(Extern::Global(global)) => store.global_get(global),
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!(value("sum"), Value::I32(22));
    assert_eq!(value("difference"), Value::I64(-1));
    assert_eq!(value("later"), Value::I32(21));
    assert_eq!(value("bits"), Value::F32(0x7FA0_0000));
    assert_eq!(value("vector"), Value::V128(std::array::from_fn(|i| i as u8)));
    assert_eq!(value("null"), Value::ExternRef(None));
    assert_eq!(value("base"), Value::I32(10));
    let names: Vec<_> = store.exports(instance).map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["sum", "difference", "later", "bits", "vector", "null", "base"]);
}

#[test]
fn host_and_guest_share_globals() {
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["next_global"], ""));
    assert_eq!(call(&mut store, instance, "next_global", &[]).unwrap(), 8);
    let Some(Extern::Global(global)) = store.export(instance, "global") else { panic!("no global") };
    assert_eq!(store.global_get(global), Value::I64(8));
    store.global_set(global, Value::I64(-5));
    assert_eq!(call(&mut store, instance, "next_global", &[]).unwrap(), -4);
}

#[test]
fn segments_are_written_and_the_start_function_runs_last() {
    let mut store = Store::new();
    let fields = r#"(data (i32.const 0) "\05") (data (i32.add (i32.const 8) (i32.const 1)) "xyz") (start $touch)
        (elem (i32.const 1) func $add $import)"#;
    let instance = instance(&mut store, &module(&["add", "touch", "call_table"], fields));
    assert_eq!(store.memory_data(memory(&store, instance)).unwrap()[..12], *b"\x06\0\0\0\0\0\0\0\0xyz");
    let table = table(&store, instance);
    assert_eq!(store.table_get(table, 0), Some(Value::FuncRef(None)));
    assert_eq!(store.table_get(table, 1), Some(Value::FuncRef(Some(func(&store, instance, "add")))));
    assert_eq!(store.table_get(table, 4), None);
    assert_eq!(call(&mut store, instance, "call_table", &[1, 6]).unwrap(), 7);
    assert_eq!(call(&mut store, instance, "call_table", &[2, 7]).unwrap(), 9);
}

#[test]
fn tables_have_initial_values() {
    let mut store = Store::new();
    let module = module_of(
        r#"(module (type $five (func (param i64 i64 i64 i64 i64) (result i64)))
            (func $add (type $five) i64.const 0)
            (table (export "table") 3 funcref (ref.func $add)))"#,
    );
    let instance = store.instantiate(&module, &[]).unwrap();
    let table = table(&store, instance);
    let Some(Value::FuncRef(Some(add))) = store.table_get(table, 2) else { panic!("no function") };
    assert_eq!(*store.func_type(add), five());
    assert_eq!(store.call(add, &[1, 2, 0, 0, 0].map(Value::I64)).unwrap(), [Value::I64(3)]);
}

#[test]
fn a_segment_that_does_not_fit_leaves_what_those_before_it_wrote() {
    let mut store = Store::new();
    let memory = store.new_memory(memory_type(limits(1, None))).unwrap();
    let element = RefType::FUNCREF;
    let table =
        store.new_table(TableType { element, limits: limits(2, None), table64: false }, Value::FuncRef(None)).unwrap();
    let imports = [Extern::Memory(memory), Extern::Table(table)];
    let module = |fields: &str| {
        module_of(&format!(
            r#"(module (type $five (func (param i64 i64 i64 i64 i64) (result i64)))
                (import "m" "memory" (memory 1)) (import "m" "table" (table 2 funcref))
                (func $add (type $five) i64.const 0) {fields})"#
        ))
    };
    let mut trap = |fields: &str| match store.instantiate(&module(fields), &imports) {
        Err(InstantiateError::Trap(trap)) => trap.code(),
        other => panic!("no trap: {other:?}"),
    };
    let code = trap("(data (i32.const 0) \"a\") (data (i32.const 65535) \"bc\") (data (i32.const 1) \"d\")");
    assert_eq!(code, Some(TrapCode::MemoryOutOfBounds));
    let code = trap("(data (i32.const 2) \"x\") (elem (i32.const 1) func $add) (elem (i32.const 2) func $add)");
    assert_eq!(code, Some(TrapCode::TableOutOfBounds));
    assert_eq!(store.memory_data(memory).unwrap()[..3], *b"a\0\0");
    // The failed instance's function is in the table and works.
    let Some(Value::FuncRef(Some(add))) = store.table_get(table, 1) else { panic!("no function") };
    assert_eq!(store.call(add, &[1, 2, 0, 0, 0].map(Value::I64)).unwrap(), [Value::I64(3)]);
}

#[test]
fn a_start_function_can_trap() {
    let mut store = Store::new();
    let import = host(&mut store, |_, _| Ok(0));
    let module = module(&["fail"], "(start $fail)");
    match store.instantiate(&module, &[Extern::Func(import)]) {
        Err(InstantiateError::Trap(trap)) => {
            assert_eq!(trap.code(), Some(TrapCode::Unreachable));
            assert_eq!(trap.frames[0].name.as_deref(), Some("fail"));
        }
        other => panic!("no trap: {other:?}"),
    }
}

#[test]
fn limits_hold() {
    let mut store = Store::with_config(Config { memory_page_limit: Some(2), ..Config::default() });
    let memory = store.new_memory(memory_type(limits(0, 3))).unwrap();
    assert_eq!(store.memory_grow(memory, 2), Some(0));
    assert_eq!(store.memory_grow(memory, 1), None);
    assert_eq!(store.memory_grow(memory, u64::MAX), None);
    assert_eq!(store.memory_size(memory), 2);
    assert_eq!(store.memory_data(memory).unwrap().len(), 2 << 16);
    let error = store.new_memory(memory_type(limits(3, None))).unwrap_err();
    assert_eq!(error.to_string(), "a memory of 3 pages is above the limit of 2");
    let endless = MemoryType { shared: true, ..memory_type(limits(1, None)) };
    assert_eq!(store.new_memory(endless).unwrap_err(), ResourceError::SharedWithoutMaximum);
    let large = TableType { element: RefType::FUNCREF, limits: limits(10_000_001, None), table64: false };
    assert!(store.new_table(large, Value::FuncRef(None)).is_err());

    let full = Store::new().new_memory(memory_type(limits(65536, None)));
    assert!(full.is_ok());
}

#[test]
fn a_table_grows_where_all_see_it() {
    let mut store = Store::new();
    let import = host(&mut store, |_, arguments| Ok(arguments[0]));
    let instance = instance_with(&mut store, &module(&["call_table"], ""), import);
    let table = table(&store, instance);
    assert_eq!(store.table_grow(table, 6, Value::FuncRef(Some(import))), Some(4));
    assert_eq!(store.table_grow(table, 1, Value::FuncRef(None)), None);
    assert_eq!(store.table_size(table), 10);
    assert_eq!(call(&mut store, instance, "call_table", &[9]).unwrap(), 9);
    assert_eq!(store.table_set(table, 10, Value::FuncRef(None)), Err(TrapCode::TableOutOfBounds));
}
