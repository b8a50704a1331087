//! Libcalls as native code makes them.

use crate::image::{call, func, instance, memory, module, table};
use abi::trap::TrapCode;
use vm::{Instance, Store, Value};

const FUNCTIONS: &[&str] = &[
    "add",
    "memory_grow",
    "memory_copy",
    "memory_fill",
    "memory_init",
    "data_drop",
    "table_grow",
    "table_copy",
    "table_fill",
    "table_init",
    "elem_drop",
];

struct Fixture {
    store: Store,
    instance: Instance,
}

impl Fixture {
    fn new() -> Fixture {
        let mut store = Store::new();
        let fields = r#"(data $active (i32.const 0) "abcdef") (data $passive "uvwxyz")
            (elem $active (i32.const 0) func $add) (elem $passive func $add $import $memory_grow)
            (elem $declared declare func $add)"#;
        let instance = instance(&mut store, &module(FUNCTIONS, fields));
        Fixture { store, instance }
    }

    fn call(&mut self, name: &str, arguments: &[i64]) -> Result<i64, TrapCode> {
        call(&mut self.store, self.instance, name, arguments).map_err(|trap| trap.code().expect("a guest's trap"))
    }

    fn bytes(&self, length: usize) -> &[u8] {
        &self.store.memory_data(memory(&self.store, self.instance)).unwrap()[..length]
    }

    /// Which elements of the table are not null.
    fn set(&self) -> Vec<bool> {
        let table = table(&self.store, self.instance);
        let elements = (0..self.store.table_size(table)).map(|i| self.store.table_get(table, i));
        elements.map(|element| element != Some(Value::FuncRef(None))).collect()
    }
}

#[test]
fn memory_grows() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.call("memory_grow", &[0, 1]), Ok(1));
    assert_eq!(fixture.call("memory_grow", &[0, 0]), Ok(2));
    assert_eq!(fixture.call("memory_grow", &[0, 2]), Ok(-1));
    assert_eq!(fixture.call("memory_grow", &[0, -1]), Ok(-1));
    assert_eq!(fixture.bytes(2 << 16).len(), 2 << 16);
}

#[test]
fn memory_is_copied_and_filled() {
    let mut fixture = Fixture::new();
    fixture.call("memory_copy", &[0, 0, 2, 0, 4]).unwrap();
    assert_eq!(fixture.bytes(7), b"ababcd\0");
    fixture.call("memory_copy", &[0, 0, 0, 1, 5]).unwrap();
    assert_eq!(fixture.bytes(7), b"babcdd\0");
    fixture.call("memory_fill", &[0, 1, 0x17A, 2]).unwrap();
    assert_eq!(fixture.bytes(7), b"bzzcdd\0");

    let out_of_bounds = Err(TrapCode::MemoryOutOfBounds);
    assert_eq!(fixture.call("memory_copy", &[0, 0, 65535, 0, 2]), out_of_bounds);
    assert_eq!(fixture.call("memory_copy", &[0, 0, 0, 65535, 2]), out_of_bounds);
    assert_eq!(fixture.call("memory_copy", &[0, 0, 65537, 0, 0]), out_of_bounds);
    assert_eq!(fixture.call("memory_copy", &[0, 0, -1, 0, 2]), out_of_bounds);
    assert_eq!(fixture.call("memory_fill", &[0, 65535, 1, 2]), out_of_bounds);
    fixture.call("memory_copy", &[0, 0, 65536, 65536, 0]).unwrap();
    fixture.call("memory_fill", &[0, 65536, 1, 0]).unwrap();
    assert_eq!(fixture.bytes(65536)[65535], 0);
}

#[test]
fn data_are_copied_until_they_are_dropped() {
    let mut fixture = Fixture::new();
    let out_of_bounds = Err(TrapCode::MemoryOutOfBounds);
    fixture.call("memory_init", &[0, 1, 1, 2, 3]).unwrap();
    assert_eq!(fixture.bytes(6), b"awxyef");
    assert_eq!(fixture.call("memory_init", &[0, 1, 0, 4, 3]), out_of_bounds);
    assert_eq!(fixture.call("memory_init", &[0, 1, 65535, 0, 2]), out_of_bounds);
    assert_eq!(fixture.call("memory_init", &[0, 1, 0, 7, 0]), out_of_bounds);
    // The active segment was dropped after its use.
    assert_eq!(fixture.call("memory_init", &[0, 0, 0, 0, 1]), out_of_bounds);
    fixture.call("memory_init", &[0, 0, 0, 0, 0]).unwrap();
    fixture.call("data_drop", &[1]).unwrap();
    assert_eq!(fixture.call("memory_init", &[0, 1, 0, 0, 1]), out_of_bounds);
    fixture.call("memory_init", &[0, 1, 65536, 0, 0]).unwrap();
    assert_eq!(fixture.bytes(6), b"awxyef");
}

#[test]
fn tables_are_copied_filled_and_grown() {
    let mut fixture = Fixture::new();
    let out_of_bounds = Err(TrapCode::TableOutOfBounds);
    assert_eq!(fixture.set(), [true, false, false, false]);
    fixture.call("table_copy", &[0, 0, 1, 0, 2]).unwrap();
    assert_eq!(fixture.set(), [true, true, false, false]);
    assert_eq!(fixture.call("table_copy", &[0, 0, 3, 0, 2]), out_of_bounds);
    assert_eq!(fixture.call("table_copy", &[0, 0, 0, 3, 2]), out_of_bounds);
    assert_eq!(fixture.call("table_fill", &[0, 3, 0, 2]), out_of_bounds);
    fixture.call("table_fill", &[0, 0, 0, 2]).unwrap();
    assert_eq!(fixture.set(), [false; 4]);
    let add = fixture.store.slot(Value::FuncRef(Some(func(&fixture.store, fixture.instance, "add")))).i64();
    assert_eq!(fixture.call("table_grow", &[0, add, 2]), Ok(4));
    assert_eq!(fixture.set(), [false, false, false, false, true, true]);
    assert_eq!(fixture.call("table_grow", &[0, 0, 5]), Ok(-1));
    assert_eq!(fixture.call("table_grow", &[0, 0, 4]), Ok(6));
}

#[test]
fn elements_are_copied_until_they_are_dropped() {
    let mut fixture = Fixture::new();
    let out_of_bounds = Err(TrapCode::TableOutOfBounds);
    fixture.call("table_init", &[0, 1, 2, 1, 2]).unwrap();
    assert_eq!(fixture.set(), [true, false, true, true]);
    assert_eq!(fixture.call("table_init", &[0, 1, 0, 2, 2]), out_of_bounds);
    assert_eq!(fixture.call("table_init", &[0, 1, 3, 0, 2]), out_of_bounds);
    assert_eq!(fixture.call("table_init", &[0, 0, 0, 0, 1]), out_of_bounds);
    assert_eq!(fixture.call("table_init", &[0, 2, 0, 0, 1]), out_of_bounds);
    fixture.call("elem_drop", &[1]).unwrap();
    assert_eq!(fixture.call("table_init", &[0, 1, 0, 0, 1]), out_of_bounds);
    fixture.call("table_init", &[0, 1, 4, 0, 0]).unwrap();
    assert_eq!(fixture.set(), [true, false, true, true]);
}
