//! Memories, tables, globals and functions through their handles: what is refused, and how that reads.

use crate::support::with_both;
use engine::{
    AccessError, CallError, Func, Global, GlobalType, Limits, Linker, Memory, MemoryType, RefType, Store, Table,
    TableType, TrapCode, ValType, Value,
};

const MODULE: &str = r#"(module
    (memory (export "memory") 1 2)
    (table (export "table") 2 3 externref)
    (global (export "variable") (mut f64) (f64.const 1))
    (global (export "constant") i32 (i32.const 7))
    (func (export "divide") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1))))"#;

#[test]
fn exports_have_types() {
    with_both(MODULE, &Linker::new(), |store, instance| {
        let exports: Vec<_> =
            instance.exports(&store).map(|(name, item)| format!("{name}: {}", item.ty(&store))).collect();
        let expected = [
            "memory: memory of 1 to 2 pages",
            "table: table of 2 to 3 externref",
            "variable: mutable global f64",
            "constant: global i32",
            "divide: function (i32, i32) -> (i32)",
        ];
        assert_eq!(exports, expected);
        let module = engine::Module::from_text(MODULE).expect("it is valid");
        let declared: Vec<_> = module.exports().map(|(name, ty)| format!("{name}: {ty}")).collect();
        assert_eq!(declared, expected);
        assert!(instance.func(&store, "memory").is_none() && instance.memory(&store, "divide").is_none());
    });
}

#[test]
fn calls_check_their_arguments() {
    with_both(MODULE, &Linker::new(), |mut store, instance| {
        let divide = instance.func(&store, "divide").expect("it is exported");
        let mut call = |arguments: &[Value]| divide.call(&mut store, arguments);
        assert_eq!(call(&[Value::I32(7), Value::I32(2)]).expect("no trap"), [Value::I32(3)]);
        for (arguments, message) in [
            (&[][..], "the function is of type (i32, i32) -> (i32), called with ()"),
            (&[Value::I32(1), Value::I64(1)], "the function is of type (i32, i32) -> (i32), called with (i32, i64)"),
        ] {
            let error = call(arguments).expect_err("they do not fit");
            assert!(matches!(error, CallError::Arguments { .. }));
            assert_eq!(error.to_string(), message);
        }
        let error = call(&[Value::I32(7), Value::I32(0)]).expect_err("division by zero");
        assert!(matches!(&error, CallError::Trap(trap) if trap.code() == Some(TrapCode::IntegerDivideByZero)));
        assert_eq!(error.to_string(), "integer divide by zero");
    });
}

#[test]
fn memories_have_bounds() {
    with_both(MODULE, &Linker::new(), |mut store, instance| {
        let memory = instance.memory(&store, "memory").expect("it is exported");
        let outside = Err(TrapCode::MemoryOutOfBounds);
        memory.write(&mut store, 65_534, b"ab").expect("it is in bounds");
        assert_eq!(memory.write(&mut store, 65_535, b"xy"), outside);
        assert_eq!(memory.write(&mut store, u64::MAX, b"xy"), outside);
        assert_eq!(memory.read_vec(&store, 65_533, 3), Ok(b"\0ab".to_vec()), "what does not fit is not written at all");
        assert_eq!(memory.read_vec(&store, 65_536, 0), Ok(Vec::new()));
        for (address, length) in [(65_536, 1), (0, 65_537), (1, u64::MAX), (u64::MAX, u64::MAX), (0, 1 << 62)] {
            assert_eq!(memory.read_vec(&store, address, length).map(|_| ()), outside);
        }
        assert_eq!((memory.grow(&mut store, 2), memory.grow(&mut store, 1)), (None, Some(1)));
        assert_eq!(memory.data(&store).map(<[u8]>::len), Some(2 << 16));
    });
}

#[test]
fn globals_and_tables_refuse_what_does_not_fit() {
    with_both(MODULE, &Linker::new(), |mut store, instance| {
        let variable = instance.global(&store, "variable").expect("it is exported");
        let constant = instance.global(&store, "constant").expect("it is exported");
        assert_eq!(constant.set(&mut store, Value::I32(8)), Err(AccessError::Immutable));
        let error = variable.set(&mut store, Value::F32(0)).expect_err("the types differ");
        assert_eq!(error.to_string(), "expected a value of type f64, found f32");
        variable.set(&mut store, Value::F64(2.5_f64.to_bits())).expect("it fits");
        assert_eq!((variable.get(&store), constant.get(&store)), (Value::F64(2.5_f64.to_bits()), Value::I32(7)));

        let table = instance.table(&store, "table").expect("it is exported");
        let object = Value::ExternRef(Some(store.new_externref(Box::new(()))));
        table.set(&mut store, 1, object).expect("it fits");
        assert_eq!((table.get(&store, 0), table.get(&store, 1)), (Some(Value::ExternRef(None)), Some(object)));
        assert_eq!(table.get(&store, 2), None);
        assert_eq!(table.set(&mut store, 2, object), Err(AccessError::OutOfBounds { index: 2, size: 2 }));
        let error = table.set(&mut store, 0, Value::FuncRef(None)).expect_err("the types differ");
        assert_eq!(error.to_string(), "expected a value of type externref, found funcref");
        assert_eq!(table.grow(&mut store, 2, object), Err(AccessError::Full { size: 2, delta: 2 }));
        assert_eq!((table.grow(&mut store, 1, object), table.size(&store)), (Ok(2), 3));
    });
}

#[test]
fn values_are_made_of_numbers() {
    let values =
        [Value::from(-1_i32), Value::from(u32::MAX), Value::from(1_u64 << 63), Value::from(1.5_f32), Value::from(-0.0)];
    let expected = [
        Value::I32(-1),
        Value::I32(-1),
        Value::I64(i64::MIN),
        Value::F32(0x3fc0_0000),
        Value::F64(0x8000_0000_0000_0000),
    ];
    assert_eq!(values, expected);
    assert_eq!((values[0].i32(), values[0].i64(), values[2].i64()), (Some(-1), None, Some(i64::MIN)));
    assert_eq!(
        (values[3].f32(), values[3].f64(), values[4].f64().map(f64::is_sign_negative)),
        (Some(1.5), None, Some(true))
    );
    assert_eq!(Value::from(1_u128 << 8), Value::V128([0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(Value::from(None::<Func>), Value::FuncRef(None));
}

#[test]
fn hosts_make_things_themselves() {
    let mut store = Store::new();
    let limits = Limits { min: 1, max: Some(1) };
    let memory =
        Memory::new(&mut store, MemoryType { limits, memory64: false, shared: false }).expect("a small memory");
    assert_eq!((memory.size(&store), memory.grow(&mut store, 1)), (1, None));
    let ty = GlobalType { content: ValType::I64, mutable: true };
    let error = Global::new(&mut store, ty, Value::I32(1)).expect_err("the types differ");
    assert_eq!(error, AccessError::Type { expected: ValType::I64, found: ValType::I32 });
    let global = Global::new(&mut store, ty, Value::I64(1)).expect("it fits");
    assert_eq!((global.get(&store), global.ty(&store)), (Value::I64(1), ty));
    let twice = Func::wrap(&mut store, |x: i32| x * 2);
    let ty = TableType { element: RefType::FUNCREF, limits, table64: false };
    let table = Table::new(&mut store, ty, Value::FuncRef(Some(twice))).expect("a small table");
    assert_eq!(table.get(&store, 0), Some(Value::FuncRef(Some(twice))));
    assert!(Table::new(&mut store, ty, Value::I32(0)).is_err());
    let huge = TableType { limits: Limits { min: u64::MAX, max: None }, ..ty };
    assert!(matches!(Table::new(&mut store, huge, Value::FuncRef(None)), Err(AccessError::Resource(_))));
    assert_eq!(twice.call(&mut store, &[Value::I32(21)]).expect("no trap"), [Value::I32(42)]);
}

#[test]
fn a_store_keeps_one_value_of_a_type() {
    let mut store = Store::new();
    assert_eq!(store.set_state(1_u8), None);
    assert_eq!(store.set_state("text"), None);
    assert_eq!(store.set_state(2_u8), Some(1));
    *store.state_mut::<u8>().expect("it was set") += 1;
    assert_eq!((store.state::<u8>(), store.state(), store.state::<u16>()), (Some(&3), Some(&"text"), None));
}
