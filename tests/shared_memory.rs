//! Memories shared by instances of several stores, each on a thread of its own.

use artifact::{Feature, Level};
use engine::{Extern, Instance, Limits, Linker, MemoryType, Module, ResourceError, SharedMemory, Store, TrapCode};
use engine::{Value, WaitResult, function};
use std::thread;
use std::time::{Duration, Instant};
use tests::Way::{self, Interpreted, Native, Relaxed};

/// What all tests' modules begin with.
const IMPORT: &str = r#"(import "" "memory" (memory 1 16 shared))"#;

fn module(fields: &str, way: Way) -> Module {
    way.load(fields, &[Feature::Threads, Feature::MultiMemory])
}

fn shared(min: u64, max: u64) -> SharedMemory {
    SharedMemory::new(memory_type(min, max)).expect("a small memory")
}

fn memory_type(min: u64, max: u64) -> MemoryType {
    MemoryType { limits: Limits { min, max: Some(max) }, memory64: false, shared: true }
}

/// An instance in a store of its own.
struct Guest {
    store: Store,
    instance: Instance,
}

impl Guest {
    fn new(module: &Module, memory: &SharedMemory) -> Guest {
        let mut store = Store::new();
        let mut linker = Linker::new();
        linker.define_shared_memory("", "memory", memory);
        let instance = linker.instantiate(&mut store, module).unwrap_or_else(|error| panic!("{error}"));
        Guest { store, instance }
    }

    fn try_call(&mut self, name: &str, args: &[Value]) -> Result<Vec<Value>, TrapCode> {
        let function = function(&self.store, self.instance, name).unwrap_or_else(|| panic!("no function {name}"));
        self.store.call(function, args).map_err(|trap| trap.code().expect("a guest's trap"))
    }

    fn call(&mut self, name: &str, args: &[Value]) -> Vec<Value> {
        self.try_call(name, args).unwrap_or_else(|trap| panic!("{name}: {trap}"))
    }
}

/// Calls functions at once, each in an instance and thread of its own, in several ways. Looks at the memory and the results then.
#[track_caller]
fn race(fields: &str, calls: &[(&str, &[Value])], check: impl Fn(&SharedMemory, Vec<Vec<Value>>)) {
    const WAYS: [Way; 5] = [Native(Level::O0), Native(Level::O2), Relaxed(Level::O3), Interpreted, Native(Level::O2)];
    for (i, way) in WAYS.into_iter().enumerate() {
        let fields = format!("{IMPORT} {fields}");
        let module = module(&fields, way);
        // The last way is native code beside the interpreter.
        let other = if i + 1 == WAYS.len() { self::module(&fields, Interpreted) } else { module.clone() };
        let memory = shared(1, 16);
        let results = thread::scope(|scope| {
            let start = |(&(name, args), module)| {
                let mut guest = Guest::new(module, &memory);
                scope.spawn(move || guest.call(name, args))
            };
            let threads: Vec<_> = calls.iter().zip([&module, &other].into_iter().cycle()).map(start).collect();
            threads.into_iter().map(|thread| thread.join().expect("the guest does not trap")).collect()
        });
        check(&memory, results);
    }
}

fn word(memory: &SharedMemory, address: u64) -> u32 {
    let mut bytes = [0; 4];
    memory.read(address, &mut bytes).expect("the address is in bounds");
    u32::from_le_bytes(bytes)
}

/// A lock keeps plain accesses apart: none may be moved out of the section that it protects.
#[test]
fn a_spin_lock_protects_a_counter() {
    let fields = r#"(func (export "count") (param $turns i32)
        (loop $turn
            (loop $again (br_if $again (i32.atomic.rmw.cmpxchg (i32.const 0) (i32.const 0) (i32.const 1))))
            (i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))
            (i32.atomic.store (i32.const 0) (i32.const 0))
            (br_if $turn (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))"#;
    let count: (&str, &[Value]) = ("count", &[Value::I32(20_000)]);
    race(fields, &[count, count], |memory, _| assert_eq!(word(memory, 64), 40_000));
}

/// One slot that is full or empty; each side sleeps until the other has changed that.
#[test]
fn a_producer_feeds_a_consumer() {
    let fields = r#"
        (func $until (param $state i32)
            (loop $again
                (if (i32.ne (i32.atomic.load (i32.const 0)) (local.get $state)) (then
                    (drop (memory.atomic.wait32 (i32.const 0) (i32.eqz (local.get $state)) (i64.const -1)))
                    (br $again)))))
        (func $become (param $state i32)
            (i32.atomic.store (i32.const 0) (local.get $state))
            (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
        (func (export "produce") (param $count i64) (result i64)
            (loop $next
                (call $until (i32.const 0))
                (i64.store (i32.const 8) (local.get $count))
                (call $become (i32.const 1))
                (br_if $next (i64.ne (i64.const 0) (local.tee $count (i64.sub (local.get $count) (i64.const 1))))))
            (i64.const 0))
        (func (export "consume") (param $count i64) (result i64) (local $sum i64)
            (loop $next
                (call $until (i32.const 1))
                (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 8))))
                (call $become (i32.const 0))
                (br_if $next (i64.ne (i64.const 0) (local.tee $count (i64.sub (local.get $count) (i64.const 1))))))
            (local.get $sum))"#;
    let count = &[Value::I64(2000)];
    race(fields, &[("produce", count), ("consume", count)], |_, results| {
        assert_eq!(results[1], [Value::I64(2000 * 2001 / 2)]);
    });
}

/// Both threads push their own nodes and pop any. The head is a node's address and, above it, a number that tells whether the
/// stack is the one that was looked at; no node may be lost or popped twice.
#[test]
fn a_stack_without_locks_loses_nothing() {
    let fields = r#"
        (func $push (param $node i32) (local $head i64)
            (loop $again
                (local.set $head (i64.atomic.load (i32.const 0)))
                (i32.atomic.store (local.get $node) (i32.wrap_i64 (local.get $head)))
                (br_if $again (i64.ne (local.get $head)
                    (i64.atomic.rmw.cmpxchg (i32.const 0) (local.get $head)
                        (i64.or (i64.extend_i32_u (local.get $node))
                            (i64.and (i64.add (local.get $head) (i64.const 0x1_0000_0000)) (i64.const 0xffffffff_00000000))))))))
        (func $pop (result i32) (local $head i64)
            (loop $again
                (local.set $head (i64.atomic.load (i32.const 0)))
                (br_if $again (i32.eqz (i32.wrap_i64 (local.get $head))))
                (br_if $again (i64.ne (local.get $head)
                    (i64.atomic.rmw.cmpxchg (i32.const 0) (local.get $head)
                        (i64.or (i64.atomic.load32_u (i32.wrap_i64 (local.get $head)))
                            (i64.and (i64.add (local.get $head) (i64.const 0x1_0000_0000)) (i64.const 0xffffffff_00000000)))))))
            (i32.wrap_i64 (local.get $head)))
        (func (export "run") (param $node i32) (param $count i32) (result i64) (local $sum i64)
            (loop $next
                (i32.store offset=4 (local.get $node) (local.get $count))
                (call $push (local.get $node))
                (local.set $sum (i64.add (local.get $sum) (i64.load32_u offset=4 (local.tee $node (call $pop)))))
                (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
            (local.get $sum))"#;
    let calls: [(&str, &[Value]); 2] =
        [("run", &[Value::I32(64), Value::I32(5000)]), ("run", &[Value::I32(128), Value::I32(5000)])];
    race(fields, &calls, |memory, results| {
        let sum: i64 = results.iter().map(|result| if let [Value::I64(sum)] = result[..] { sum } else { 0 }).sum();
        assert_eq!(sum, 2 * 5000 * 5001 / 2);
        assert_eq!(word(memory, 0), 0, "the stack is empty");
    });
}

/// Neighbouring bytes are places of their own, and each width keeps to its bytes.
#[test]
fn narrow_changes_leave_their_neighbours_alone() {
    let fields = r#"
        (func (export "bytes") (param $turns i32)
            (loop $next
                (drop (i32.atomic.rmw8.add_u (i32.const 1) (i32.const 0x101)))
                (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
        (func (export "halves") (param $turns i32)
            (loop $next
                (drop (i64.atomic.rmw16.sub_u (i32.const 2) (i64.const 1)))
                (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))"#;
    let turns = &[Value::I32(10_001)];
    race(fields, &[("bytes", turns), ("halves", turns)], |memory, _| {
        assert_eq!(word(memory, 0), ((10_001 % 256) << 8) | ((0x1_0000 - 10_001) << 16));
    });
}

/// Each page is given to one thread, which can use it at once.
#[test]
fn threads_grow_a_memory_together() {
    let fields = r#"(func (export "grow") (result i32) (local $old i32) (local $pages i32)
        (loop $next
            (local.set $old (memory.grow (i32.const 1)))
            (if (i32.ge_s (local.get $old) (i32.const 0)) (then
                (drop (i32.atomic.rmw.add (i32.mul (local.get $old) (i32.const 65536)) (i32.const 1)))
                (local.set $pages (i32.add (local.get $pages) (i32.const 1)))
                (br $next))))
        (if (i32.ne (memory.size) (i32.const 16)) (then unreachable))
        (local.get $pages))"#;
    race(fields, &[("grow", &[]), ("grow", &[]), ("grow", &[])], |memory, results| {
        let pages = results.iter().map(|result| if let [Value::I32(pages)] = result[..] { pages } else { 0 });
        assert_eq!((pages.sum::<i32>(), memory.size(), memory.grow(1)), (15, 16, None));
        assert_eq!((1..16).map(|page| word(memory, page << 16)).collect::<Vec<_>>(), [1; 15]);
    });
}

const WAIT: &str = r#"
    (func (export "wait32") (param i32 i32 i64) (result i32)
        (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "wait64") (param i32 i64 i64) (result i32)
        (memory.atomic.wait64 offset=8 (local.get 0) (local.get 1) (local.get 2)))
    (func (export "notify") (param i32 i32) (result i32)
        (memory.atomic.notify (local.get 0) (local.get 1)))"#;

#[test]
fn a_wait_ends_for_one_of_three_reasons() {
    a_wait_ends(Native(Level::O2));
    a_wait_ends(Interpreted);
}

fn a_wait_ends(way: Way) {
    let memory = shared(1, 1);
    let mut guest = Guest::new(&module(&format!("{IMPORT} {WAIT}"), way), &memory);
    let wait = |at, expected, timeout| [Value::I32(at), Value::I64(expected), Value::I64(timeout)];
    assert_eq!(guest.call("wait64", &wait(0, 1, -1)), [Value::I32(1)]);
    let start = Instant::now();
    assert_eq!(guest.call("wait64", &wait(0, 0, 20_000_000)), [Value::I32(2)]);
    assert!(start.elapsed() >= Duration::from_millis(20));
    assert_eq!(guest.call("notify", &[Value::I32(8), Value::I32(-1)]), [Value::I32(0)], "nobody waits any more");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| guest.call("wait64", &wait(0, 0, i64::MAX)));
        let host = scope.spawn(|| memory.wait32(8, 0, -1));
        let mut woken = 0;
        while woken < 2 {
            woken += memory.notify(8, 1).expect("the address is in bounds");
            assert_eq!(memory.notify(12, 1), Ok(0), "nobody waits there");
        }
        assert_eq!(waiting.join().expect("the guest does not trap"), [Value::I32(0)]);
        assert_eq!(host.join().expect("the host does not panic"), Ok(WaitResult::Woken));
    });
}

#[test]
fn accesses_trap_for_the_first_reason() {
    let fields = format!(
        r#"{IMPORT} {WAIT} (memory $own 1)
        (func (export "load") (param i32) (result i64) (i64.atomic.load (local.get 0)))
        (func (export "far") (param i32) (i32.atomic.store offset=0xfffffffc (local.get 0) (i32.const 1)))
        (func (export "change") (param i32) (result i32) (i32.atomic.rmw16.or_u (local.get 0) (i32.const 1)))
        (func (export "swap") (param i32) (result i64)
            (i64.atomic.rmw.cmpxchg offset=4 (local.get 0) (i64.const 0) (i64.const 1)))
        (func (export "own") (param i32) (result i32)
            (memory.atomic.wait32 $own (local.get 0) (i32.const 0) (i64.const -1)))
        (func (export "notify_own") (result i32) (memory.atomic.notify $own (i32.const 4) (i32.const 9)))"#
    );
    for way in [Native(Level::O0), Native(Level::O2), Interpreted] {
        let mut guest = Guest::new(&module(&fields, way), &shared(1, 1));
        let mut trap = |name, args: &[Value]| guest.try_call(name, args).expect_err(name);
        let (unaligned, outside) = (TrapCode::UnalignedAtomic, TrapCode::MemoryOutOfBounds);
        for (name, at, expected) in [
            ("load", 4, unaligned),
            ("load", 65_536, outside),
            ("load", -4, unaligned),
            ("load", -8, outside),
            ("far", 4, outside),
            ("far", 5, unaligned),
            ("change", 65_537, unaligned),
            ("change", 65_536, outside),
            ("swap", 8, unaligned),
            ("swap", 65_532, outside),
            ("own", 65_537, unaligned),
            ("own", 0, TrapCode::ExpectedSharedMemory),
            ("own", 65_536, TrapCode::ExpectedSharedMemory),
        ] {
            assert_eq!(trap(name, &[Value::I32(at)]), expected, "{name} {at}");
        }
        let (zero, long) = (Value::I32(0), Value::I64(0));
        assert_eq!(trap("wait32", &[Value::I32(2), zero, long]), unaligned);
        assert_eq!(trap("wait64", &[Value::I32(4), long, long]), unaligned);
        assert_eq!(trap("wait64", &[Value::I32(65_528), long, long]), outside);
        assert_eq!(trap("notify", &[Value::I32(65_536), zero]), outside);
        assert_eq!(trap("notify", &[Value::I32(65_535), zero]), unaligned);
        assert_eq!(guest.call("notify_own", &[]), [Value::I32(0)]);
        assert_eq!(guest.call("swap", &[Value::I32(65_524)]), [Value::I64(0)]);
    }
}

/// The memory outlives the store that made it.
#[test]
fn an_exported_memory_goes_to_another_store() {
    for (maker, user) in [(Native(Level::O2), Interpreted), (Interpreted, Native(Level::O2))] {
        a_memory_goes_on(maker, user);
    }
}

fn a_memory_goes_on(maker: Way, user: Way) {
    let maker = module(r#"(memory (export "memory") 1 4 shared) (data (i32.const 4) "\2a")"#, maker);
    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, &maker).expect("an instance");
    let Some(Extern::Memory(handle)) = store.export(instance, "memory") else { panic!("a memory is exported") };
    assert!(store.memory_data(handle).is_none() && store.memory_data_mut(handle).is_none());
    let mut bytes = [0; 2];
    assert_eq!((store.memory_read(handle, 4, &mut bytes), bytes), (Ok(()), [42, 0]));
    assert_eq!(store.memory_read(handle, 65_535, &mut bytes), Err(TrapCode::MemoryOutOfBounds));
    assert_eq!(store.memory_write(handle, u64::MAX, &bytes), Err(TrapCode::MemoryOutOfBounds));
    let memory = store.shared_memory(handle).expect("the memory is shared");
    drop(store);

    let user = module(
        r#"(import "" "memory" (memory 1 4 shared))
        (func (export "take") (result i32) (i32.atomic.rmw.xchg (i32.const 4) (i32.const 7)))
        (func (export "size") (result i32) (memory.size))"#,
        user,
    );
    let mut guest = Guest::new(&user, &memory);
    assert_eq!(guest.call("take", &[]), [Value::I32(42)]);
    assert_eq!(word(&memory, 4), 7);
    assert_eq!(memory.grow(2), Some(1));
    assert_eq!(guest.call("size", &[]), [Value::I32(3)]);
}

#[test]
fn types_must_match() {
    let mut store = Store::new();
    let mut linker = Linker::new();
    linker.define_shared_memory("", "memory", &shared(1, 4));
    for (import, fits) in
        [("1 4 shared", true), ("1 8 shared", true), ("1 4", false), ("2 4 shared", false), ("1 3 shared", false)]
    {
        for way in [Native(Level::O0), Interpreted] {
            let module = module(&format!(r#"(import "" "memory" (memory {import}))"#), way);
            let outcome = linker.instantiate(&mut store, &module);
            assert_eq!(outcome.is_ok(), fits, "{import}");
        }
    }
    let unshared = MemoryType { shared: false, ..memory_type(1, 4) };
    assert_eq!(SharedMemory::new(unshared).unwrap_err(), ResourceError::NotShared);
    let endless = MemoryType { limits: Limits { min: 1, max: None }, ..memory_type(1, 4) };
    assert_eq!(SharedMemory::new(endless).unwrap_err(), ResourceError::SharedWithoutMaximum);
}

/// WASI's functions need slices of the memory.
#[test]
fn wasi_refuses_a_shared_memory() {
    let module = module(
        r#"(import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (memory (export "memory") 1 1 shared)
        (func (export "run") (result i32) (call $yield))"#,
        Native(Level::O0),
    );
    let mut store = Store::new();
    let mut linker = Linker::new();
    let context = engine::WasiBuilder::new().build();
    engine::add_wasi(&mut linker, context);
    let instance = linker.instantiate(&mut store, &module).expect("an instance");
    let run = function(&store, instance, "run").expect("it is exported");
    let trap = store.call(run, &[]).expect_err("the memory is shared");
    assert!(trap.to_string().contains("must not export a shared memory"), "{trap}");
}
