//! WASI with guests that run: what depends on the engine, too.

use artifact::{Feature, Level};
use engine::{Linker, Store, WasiBuilder, WasiOutput, WasiPipe, function};
use std::thread;
use tests::Way::{Interpreted, Native};

/// Programs of several threads have a shared memory; each thread is an instance in a store of its own.
#[test]
fn threads_print_from_a_shared_memory() {
    const FIELDS: &str = r#"
        (import "" "memory" (memory 1 1 shared))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (export "memory" (memory 0))
        (data (i32.const 64) "text\n")
        (func (export "run") (param $slot i32) (result i32)
            ;; A list of one region, and the place for the number of bytes.
            (i32.store (local.get $slot) (i32.const 64))
            (i32.store offset=4 (local.get $slot) (i32.const 5))
            (drop (call $write (i32.const 1) (local.get $slot) (i32.const 1) (i32.add (local.get $slot) (i32.const 8))))
            (i32.load offset=8 (local.get $slot)))"#;
    for way in [Native(Level::O2), Interpreted] {
        let module = way.load(FIELDS, &[Feature::Threads]);
        let ty = engine::MemoryType { limits: engine::Limits { min: 1, max: Some(1) }, memory64: false, shared: true };
        let memory = engine::SharedMemory::new(ty).expect("a small memory");
        let printed = WasiPipe::new();
        thread::scope(|scope| {
            for slot in [128, 256] {
                let (module, memory, printed) = (&module, &memory, printed.clone());
                scope.spawn(move || {
                    let mut store = Store::new();
                    let mut linker = Linker::new();
                    linker.define_shared_memory(&mut store, "", "memory", memory);
                    let mut builder = WasiBuilder::new();
                    builder.stdout(WasiOutput::Pipe(printed));
                    engine::add_wasi(&mut linker, &mut store, builder.build());
                    let instance = linker.instantiate(&mut store, module).expect("an instance");
                    let run = function(&store, instance, "run").expect("it is exported");
                    assert_eq!(store.call(run, &[engine::Value::I32(slot)]).expect("no trap"), [engine::Value::I32(5)]);
                });
            }
        });
        assert_eq!(printed.contents(), b"text\ntext\n");
    }
}
