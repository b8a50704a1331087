//! The host module `spectest`, which the suite's modules import from.

use engine::{Extern, FuncType, GlobalType, Limits, Linker, MemoryType, RefType, Store, TableType, ValType, Value};

const MODULE: &str = "spectest";

/// Defines `spectest` as the suite's documentation describes it. Printing prints nothing.
pub fn define(linker: &mut Linker, store: &mut Store) {
    use ValType::{F32, F64, I32, I64};
    let functions: &[(&str, &[ValType])] = &[
        ("print", &[]),
        ("print_i32", &[I32]),
        ("print_i64", &[I64]),
        ("print_f32", &[F32]),
        ("print_f64", &[F64]),
        ("print_i32_f32", &[I32, F32]),
        ("print_f64_f64", &[F64, F64]),
    ];
    for &(name, params) in functions {
        linker.func_new(MODULE, name, FuncType::new(params, []), |_, _| Ok(()));
    }

    let globals = [
        ("global_i32", Value::I32(666)),
        ("global_i64", Value::I64(666)),
        ("global_f32", Value::F32(666.6f32.to_bits())),
        ("global_f64", Value::F64(666.6f64.to_bits())),
    ];
    for (name, value) in globals {
        let global = store.new_global(GlobalType { content: value.ty(), mutable: false }, value);
        linker.define(MODULE, name, Extern::Global(global));
    }

    let ty = TableType { element: RefType::FUNCREF, limits: Limits { min: 10, max: Some(20) }, table64: false };
    let table = store.new_table(ty, Value::FuncRef(None)).expect("a small table");
    linker.define(MODULE, "table", Extern::Table(table));

    for (name, shared) in [("memory", false), ("shared_memory", true)] {
        let ty = MemoryType { limits: Limits { min: 1, max: Some(2) }, memory64: false, shared };
        let memory = store.new_memory(ty).expect("a small memory");
        linker.define(MODULE, name, Extern::Memory(memory));
    }
}
