//! Interrupts: of code that runs, that waits, and that has not begun.

use super::*;
use engine::{Caller, InterruptHandle, SharedMemory};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

const INTERRUPTED: &str = TrapCode::Interrupted.message();

/// An instance in a store of its own, with the store's handle.
fn instance(linker: &Linker, module: &Module) -> (Store, Instance, InterruptHandle) {
    let mut store = Store::new();
    let handle = store.interrupt_handle();
    let instance = linker.instantiate(&mut store, module).expect("an instance");
    (store, instance, handle)
}

/// Before any call, between calls, twice at once: one call ends, the next one runs.
#[test]
fn a_pending_interrupt_ends_the_next_call() {
    let text = r#"(module
        (func $nop)
        (func (export "calls") (call $nop))
        (func (export "leaf") nop)
        (func (export "loops") (local i32)
            (loop (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 5))))))"#;
    for engine in ENGINES {
        let (mut store, instance, handle) = instance(&Linker::new(), &load(text, engine, &everything()));
        // Where code stops it has been charged for what it is about to do.
        for (function, charge) in [("calls", 1), ("loops", 8)] {
            handle.interrupt();
            handle.interrupt();
            assert!(handle.is_pending(), "{engine}");
            store.set_gas_limit(u64::MAX);
            assert_eq!(ending(call(&mut store, instance, function)), INTERRUPTED, "{engine}");
            assert_eq!(store.gas_used(), charge, "{engine}");
            assert!(!handle.is_pending(), "{engine}");
            call(&mut store, instance, function).expect("the interrupt has done its work");
        }
        // What neither calls nor loops does not look.
        handle.interrupt();
        call(&mut store, instance, "leaf").expect("it does not run long");
        assert!(handle.is_pending(), "{engine}");
        assert_eq!(ending(call(&mut store, instance, "calls")), INTERRUPTED, "{engine}");
    }
}

#[test]
fn start_functions_are_interrupted() {
    for engine in ENGINES {
        let module = load("(module (func $start (loop (br 0))) (start $start))", engine, &everything());
        let mut store = Store::new();
        let handle = store.interrupt_handle();
        let other = handle.clone();
        let thread = thread::spawn(move || other.interrupt());
        match Linker::new().instantiate(&mut store, &module) {
            Err(engine::InstantiateError::Trap(trap)) => assert_eq!(trap.code(), Some(TrapCode::Interrupted)),
            other => panic!("{engine}: {other:?}"),
        }
        thread.join().expect("no panic");
        assert!(!handle.is_pending(), "{engine}");
    }
}

/// Loops, recursion by all kinds of calls: each runs until somebody stops it, who waits until it has begun.
#[test]
fn what_runs_for_ever_is_interrupted() {
    let text = r#"(module
        (import "host" "begun" (func $begun))
        (table 1 funcref) (elem (i32.const 0) func $through)
        (tag $t)
        (func (export "loop") (call $begun) (loop (br 0)))
        (func (export "tail") (call $begun) (return_call $tail))
        (func $tail (return_call $tail))
        (func (export "table") (call $begun) (call $through))
        (func $through (return_call_indirect (i32.const 0)))
        (func (export "throw") (call $begun) (loop $again (try_table (catch_all $again) (throw $t))))
        (func (export "calls") (call $begun) (loop (call $leaf) (br 0)))
        (func $leaf))"#;
    for engine in ENGINES {
        let begun = Arc::new(Barrier::new(2));
        let mut linker = Linker::new();
        let begins = begun.clone();
        linker.func_wrap("host", "begun", move || {
            begins.wait();
        });
        let (mut store, instance, handle) = instance(&linker, &load(text, engine, &everything()));
        for function in ["loop", "tail", "table", "throw", "calls"] {
            thread::scope(|scope| {
                scope.spawn(|| {
                    begun.wait();
                    handle.interrupt();
                });
                let end = ending(call(&mut store, instance, function));
                assert_eq!(end, INTERRUPTED, "{engine}, {function}");
            });
        }
    }
}

/// The host function is waited for; code ends at its next turn.
#[test]
fn an_interrupt_in_a_host_function_ends_its_caller() {
    let text = r#"(module
        (import "host" "stop" (func $stop))
        (func (export "run") (call $stop) nop (loop nop (br 0)))
        (func (export "again") (call $nop))
        (func $nop))"#;
    let mut linker = Linker::new();
    linker.func_wrap("host", "stop", |caller: &mut Caller<'_>| caller.interrupt_handle().interrupt());
    for engine in ENGINES {
        let module = load(text, engine, &everything());
        let (mut store, instance, handle) = instance(&linker, &module);
        assert_eq!(ending(call(&mut store, instance, "run")), INTERRUPTED, "{engine}");
        assert_eq!(charged(&store), both(1 + 1 + 3), "{engine}");
        assert!(!handle.is_pending(), "{engine}");
        call(&mut store, instance, "again").expect("the interrupt has done its work");
    }
}

/// What host functions make of the trap of code that they called changes nothing: their callers end as well, if they still run long;
/// and the next call from outside runs.
#[test]
fn an_interrupt_ends_all_calls_up_to_the_outermost() {
    let text = r#"(module
        (import "host" "nested" (func $nested (param i32)))
        (func (export "inner") (loop (br 0)))
        (func (export "goes_on") (call $nested (i32.const 0)) (loop (br 0)))
        (func (export "returns") (call $nested (i32.const 0)))
        (func (export "fails") (call $nested (i32.const 1)))
        (func (export "panics") (call $nested (i32.const 2)))
        (func (export "again") (call $nop))
        (func $nop))"#;
    let mut linker = Linker::new();
    linker.func_wrap("host", "nested", |caller: &mut Caller<'_>, how: i32| -> Result<(), HostError> {
        caller.interrupt_handle().interrupt();
        let inner = caller.func("inner").expect("it is exported");
        let error = inner.call(caller, &[]).expect_err("it is interrupted").to_string();
        assert_eq!(error, INTERRUPTED);
        match how {
            0 => Ok(()),
            1 => Err("something else".into()),
            _ => panic!("on purpose"),
        }
    });
    for engine in ENGINES {
        let module = load(text, engine, &everything());
        for (function, ends) in [("goes_on", INTERRUPTED), ("returns", "[]"), ("fails", "something else")] {
            let (mut store, instance, handle) = instance(&linker, &module);
            assert_eq!(ending(call(&mut store, instance, function)), ends, "{engine}, {function}");
            assert!(!handle.is_pending(), "{engine}, {function}");
            call(&mut store, instance, "again").unwrap_or_else(|trap| panic!("{engine}, {function}: {trap}"));
        }
        let (mut store, instance, handle) = instance(&linker, &module);
        let call_it = std::panic::AssertUnwindSafe(|| call(&mut store, instance, "panics"));
        std::panic::catch_unwind(call_it).expect_err("the panic goes on");
        assert!(!handle.is_pending(), "{engine}");
        call(&mut store, instance, "again").expect("the interrupt has done its work");
    }
}

/// `memory.atomic.wait32` and `64` end, with a time limit or without, before they begin and while they wait, also in code that
/// cannot be interrupted elsewhere. Nobody is left in the queue, and others wait on.
#[test]
fn waits_are_interrupted() {
    let text = r#"(module
        (import "host" "memory" (memory 1 1 shared))
        (func (export "32") (i32.atomic.store (i32.const 0) (i32.const 1))
            (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1))))
        (func (export "64") (i32.atomic.store (i32.const 0) (i32.const 1))
            (drop (memory.atomic.wait64 (i32.const 8) (i64.const 0) (i64.const 1000000000000000))))
        (func (export "other") (result i32)
            (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const -1))))"#;
    for engine in [Native(Level::O2), Interpreted] {
        let memory = SharedMemory::new(engine::MemoryType {
            limits: engine::Limits { min: 1, max: Some(1) },
            shared: true,
            memory64: false,
        });
        let memory = memory.expect("a shared memory");
        let mut linker = Linker::new();
        linker.define_shared_memory("host", "memory", &memory);
        let word = |address: u64| {
            let mut bytes = [0; 4];
            memory.read(address, &mut bytes).expect("it lies in the memory");
            u32::from_le_bytes(bytes)
        };
        let modules = [everything(), Metering::default()].map(|metering| load(text, engine, &metering));
        let (mut other, other_instance, _handle) = instance(&linker, &modules[0]);
        let waits_on = thread::spawn(move || ending(call(&mut other, other_instance, "other")));
        for module in &modules {
            let (mut store, instance, handle) = instance(&linker, module);
            for function in ["32", "64"] {
                let title = format!("{engine}, {function}, interruptible: {}", module.metered().interruptible);
                memory.write(0, &[0; 4]).expect("it lies in the memory");
                thread::scope(|scope| {
                    scope.spawn(|| {
                        while word(0) == 0 {
                            thread::yield_now();
                        }
                        // Most probably it waits by now; whatever it does, it ends.
                        thread::sleep(Duration::from_millis(20));
                        handle.interrupt();
                    });
                    assert_eq!(ending(call(&mut store, instance, function)), INTERRUPTED, "{title}");
                });
                assert!(!handle.is_pending(), "{title}");
                handle.interrupt();
                assert_eq!(ending(call(&mut store, instance, function)), INTERRUPTED, "{title}, pending");
            }
        }
        // The one that was not interrupted is all that is left.
        while memory.notify(8, u32::MAX).expect("it lies in the memory") == 0 {
            thread::yield_now();
        }
        assert_eq!(waits_on.join().expect("no panic"), "[I32(0)]", "{engine}");
        assert_eq!(memory.notify(8, u32::MAX), Ok(0), "{engine}");
    }
}

#[test]
fn a_handle_outlives_its_store() {
    for engine in [Native(Level::O2), Interpreted] {
        let text = "(module (func $nop) (func (export \"run\") (call $nop)))";
        let (mut store, instance, handle) = instance(&Linker::new(), &load(text, engine, &everything()));
        call(&mut store, instance, "run").expect("nobody interrupts it");
        drop(store);
        handle.interrupt();
        assert!(handle.is_pending());
    }
}

/// Many interrupts that come whenever they like, while calls begin and end: each call returns or is interrupted, and all is well after.
#[test]
fn interrupts_race_with_calls() {
    let text = r#"(module
        (import "host" "nested" (func $nested))
        (func (export "inner") (call $nop))
        (func (export "run") (local i32)
            (loop
                (call $nested)
                (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 10)))))
        (func $nop))"#;
    let mut linker = Linker::new();
    linker.func_wrap("host", "nested", |caller: &mut Caller<'_>| -> Result<(), HostError> {
        let inner = caller.func("inner").expect("it is exported");
        Ok(inner.call(caller, &[]).map(|_| ())?)
    });
    for engine in [Native(Level::O2), Interpreted] {
        let (mut store, instance, handle) = instance(&linker, &load(text, engine, &everything()));
        thread::scope(|scope| {
            let interrupts = scope.spawn(|| (0..2000).for_each(|_| handle.interrupt()));
            while !interrupts.is_finished() {
                let end = ending(call(&mut store, instance, "run"));
                assert!(end == "[]" || end == INTERRUPTED, "{engine}: {end}");
            }
        });
        let _ = call(&mut store, instance, "run");
        assert!(!handle.is_pending(), "{engine}");
        call(&mut store, instance, "run").expect("nobody interrupts it any more");
    }
}
