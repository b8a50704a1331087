//! Many instances of one module on many threads at once.

use crate::support::both;
use engine::{Caller, Linker, Module, Store, TrapCode, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const THREADS: u64 = 64;
const STORES: u64 = 10;
const INSTANCES: u64 = 10;

const MODULE: &str = r#"(module
    (import "host" "mix" (func $mix (param i64 i64) (result i64)))
    (memory (export "memory") 1)
    (global $seed (export "seed") (mut i64) (i64.const 0))
    (table 2 funcref)
    (elem (i32.const 0) $mix $own)
    (func $own (param i64 i64) (result i64) (i64.xor (local.get 0) (local.get 1)))
    (func (export "run") (param $turns i32) (result i64) (local $sum i64)
        (loop $next
            (i64.store (i32.mul (local.get $turns) (i32.const 8)) (global.get $seed))
            (local.set $sum (call_indirect (param i64 i64) (result i64)
                (local.get $sum)
                (i64.load (i32.mul (local.get $turns) (i32.const 8)))
                (i32.and (local.get $turns) (i32.const 1))))
            (global.set $seed (i64.add (global.get $seed) (i64.const 1)))
            (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
        (local.get $sum))
    (func $outside (export "outside") (param i32) (result i32) (i32.load offset=65536 (local.get 0))))"#;

/// What `run` computes.
fn expected(mut seed: i64, turns: i64, store: i64) -> i64 {
    let mut sum: i64 = 0;
    for turn in (1..=turns).rev() {
        sum = if turn % 2 == 0 { sum.wrapping_mul(31).wrapping_add(seed) ^ store } else { sum ^ seed };
        seed += 1;
    }
    sum
}

fn work(thread: u64, linker: &Linker, module: &Module) {
    for round in 0..STORES {
        let mut store = Store::new();
        let number = (thread * STORES + round) as i64;
        store.set_state(number);
        for instance in 0..INSTANCES {
            let (seed, turns) = ((number << 8) + instance as i64, 20 + (instance % 3) as i64);
            let handle = linker.instantiate(&mut store, module).expect("the module links");
            let global = handle.global(&store, "seed").expect("it is exported");
            global.set(&mut store, Value::I64(seed)).expect("it is mutable");
            let run = handle.typed_func::<i32, i64>(&store, "run").expect("it is exported");
            let outside = handle.typed_func::<u32, u32>(&store, "outside").expect("it is exported");
            // Around a trap, which must find its own thread's code, memory and stack.
            for start in [seed, seed + turns] {
                assert_eq!(run.call(&mut store, turns as i32).expect("no trap"), expected(start, turns, number));
                let trap = outside.call(&mut store, instance as u32).expect_err("it is past the end");
                assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
                assert_eq!(trap.frames[0].name.as_deref(), Some("outside"));
            }
            assert_eq!(global.get(&store), Value::I64(seed + 2 * turns));
        }
    }
}

#[test]
fn each_instance_has_its_own_state() {
    let calls = Arc::new(AtomicU64::new(0));
    let counter = calls.clone();
    let mut linker = Linker::new();
    linker.func_wrap("host", "mix", move |caller: &mut Caller<'_>, sum: i64, seed: i64| {
        counter.fetch_add(1, Ordering::Relaxed);
        let number = caller.state::<i64>().ok_or("the store has no number")?;
        Ok::<_, &str>(sum.wrapping_mul(31).wrapping_add(seed) ^ number)
    });
    for module in both(MODULE) {
        calls.store(0, Ordering::Relaxed);
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (linker, module) = (&linker, &module);
                scope.spawn(move || work(thread, linker, module));
            }
        });
        // Of 20, 21 and 22 turns, 10, 10 and 11 are the host's.
        let each = (0..INSTANCES).map(|instance| 2 * if instance % 3 == 2 { 11 } else { 10 }).sum::<u64>();
        assert_eq!(calls.load(Ordering::Relaxed), THREADS * STORES * each);
    }
}

/// A store may go from thread to thread.
#[test]
fn a_store_moves_between_threads() {
    let mut linker = Linker::new();
    linker.func_wrap("host", "mix", |_: i64, _: i64| 0_i64);
    for module in both(MODULE) {
        let mut store = Store::new();
        let instance = linker.instantiate(&mut store, &module).expect("the module links");
        let outside = instance.typed_func::<u32, u32>(&store, "outside").expect("it is exported");
        for _ in 0..3 {
            let moved = move || {
                let trap = outside.call(&mut store, 0).expect_err("it is past the end");
                assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
                store
            };
            store = thread::spawn(moved).join().expect("no panic");
        }
    }
}
