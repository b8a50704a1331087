//! Linkers that belong to no store.

use crate::support::both;
use engine::{
    Feature, Features, FuncType, HostFunc, Limits, Linker, Loading, MemoryType, Mode, Module, SharedMemory, Store,
    ValType,
};
use std::sync::Arc;

#[test]
fn a_store_has_a_function_once() {
    let mut linker = Linker::new();
    let captured = Arc::new(());
    let held = captured.clone();
    linker.func_wrap("host", "f", move || {
        let _ = &held;
    });
    let copy = linker.clone();
    let (mut first, mut second) = (Store::new(), Store::new());
    let f = linker.get(&mut first, "host", "f").expect("it is defined");
    assert_eq!(linker.get(&mut first, "host", "f"), Some(f));
    assert_eq!(copy.get(&mut first, "host", "f"), Some(f));
    assert_ne!(linker.get(&mut second, "host", "f"), Some(f));
    assert_eq!(linker.get(&mut first, "host", "g"), None);
    // The closure is shared, and lives as long as one of its holders.
    assert_eq!(Arc::strong_count(&captured), 2);
    drop((linker, copy, first));
    assert_eq!(Arc::strong_count(&captured), 2);
    drop(second);
    assert_eq!(Arc::strong_count(&captured), 1);
}

#[test]
fn the_last_definition_holds() {
    let text = r#"(module (import "host" "f" (func (result i32))) (export "f" (func 0)))"#;
    for module in both(text) {
        let mut linker = Linker::new();
        linker.func_wrap("host", "f", || 1_i64).func_wrap("host", "f", || 2);
        let mut store = Store::new();
        let mut call = |linker: &Linker| {
            let instance = linker.instantiate(&mut store, &module).expect("the module links");
            let f = instance.typed_func::<(), i32>(&store, "f").expect("the types match");
            f.call(&mut store, ()).expect("no trap")
        };
        assert_eq!(call(&linker), 2);
        // Instances that were made keep what they had.
        let function = HostFunc::new(
            &FuncType::new([], [ValType::I32]),
            "f",
            Box::new(|_, slots| {
                slots[0].set_i32(3);
                Ok(())
            }),
        );
        linker.define_host_func("host", &function);
        assert_eq!((call(&linker), function.ty().to_string().as_str()), (3, "() -> (i32)"));
    }
}

#[test]
fn a_store_has_a_shared_memory_once() {
    let mut features = Features::default();
    features.0.insert(Feature::Threads);
    let how = Loading { mode: Mode::Interpreter, features, ..Loading::default() };
    let text = r#"(module (import "host" "memory" (memory 1 1 shared)) (export "memory" (memory 0)))"#;
    let module = Module::from_text_in(text, how).expect("it is valid");
    let ty = MemoryType { limits: Limits { min: 1, max: Some(1) }, memory64: false, shared: true };
    let memory = SharedMemory::new(ty).expect("a small memory");
    let mut linker = Linker::new();
    linker.define_shared_memory("host", "memory", &memory);
    let mut store = Store::new();
    let handles = [(); 2].map(|()| {
        let instance = linker.instantiate(&mut store, &module).expect("the module links");
        instance.memory(&store, "memory").expect("it is exported")
    });
    assert_eq!(handles[0], handles[1]);
    memory.write(5, b"x").expect("it is in bounds");
    assert_eq!(handles[0].read_vec(&store, 4, 3), Ok(vec![0, b'x', 0]));
    assert!(handles[0].data(&store).is_none());
}
