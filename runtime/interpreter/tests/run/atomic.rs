//! Atomic accesses, and plain ones to shared memories.

use crate::{call, module, run, try_run};
use abi::trap::TrapCode;
use abi::types::{Limits, MemoryType};
use vm::{Caller, Extern, SharedMemory, Slot, Store, Value};

/// The high half of a slot of 32 bits is anything, here ones.
#[test]
fn operands_have_the_width_of_their_type() {
    let text = "(module (memory 1 1 shared)
        (func (export \"f\") (param i32) (result i32 i32 i64 i64 i32 i32)
          (local $ones i32)
          (local.set $ones (i32.wrap_i64 (i64.or (i64.const -4294967296) (i64.extend_i32_u (local.get 0)))))
          (i32.store (i32.const 8) (i32.const 5))
          (i32.atomic.rmw.cmpxchg (i32.const 8) (local.get $ones) (i32.const 6))
          (i32.atomic.rmw8.cmpxchg_u (i32.const 8) (i32.const 0x106) (i32.const 7))
          (i64.atomic.rmw32.cmpxchg_u (i32.const 8) (i64.const 0x100000006) (i64.const 8))
          (i64.atomic.rmw.cmpxchg (i32.const 8) (i64.const 6) (i64.const -1))
          (i32.atomic.rmw16.add_u (i32.const 12) (local.get $ones))
          (i32.load (i32.const 12))))";
    assert_eq!(run(text, &[5]), [5, 6, 6, 6, 0xffff, 0xffff_0004_u32.cast_signed().into()]);
}

#[test]
fn changes_give_the_old_value() {
    for (op, new) in [("add", 11), ("sub", 9), ("and", 0), ("or", 11), ("xor", 11), ("xchg", 1)] {
        let text = format!(
            "(module (memory 1) (func (export \"f\") (param i32) (result i64 i64 i32)
              (i64.atomic.store offset=16 (local.get 0) (i64.const 10))
              (i64.atomic.rmw.{op} (i32.const 24) (i64.const 1))
              (i64.atomic.load offset=16 (local.get 0))
              (i32.atomic.load8_u offset=65528 (i32.const 0))))"
        );
        assert_eq!(run(&text, &[8]), [10, new, 0], "{op}");
    }
}

#[test]
fn alignment_is_checked_first() {
    let text = "(module (memory 1) (memory $wide i64 1)
        (func (export \"f\") (param i32) (result i32) (i32.atomic.rmw16.or_u offset=1 (local.get 0) (i32.const 1)))
        (func (export \"wide\") (param i64) (result i64)
          (i64.atomic.load $wide offset=0xffffffffffffffff (local.get 0)))
        (func (export \"wait\") (param i32) (result i32)
          (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const -1))))";
    let code = |address| try_run(text, &[address]).expect_err("a trap").code();
    assert_eq!(code(65536), Some(TrapCode::UnalignedAtomic));
    assert_eq!(code(65535), Some(TrapCode::MemoryOutOfBounds));
    let (mut store, instance) = crate::instance(text);
    let mut code = |name, argument| call(&mut store, instance, name, &[argument]).expect_err("a trap").code();
    assert_eq!(code("wide", Value::I64(0)), Some(TrapCode::UnalignedAtomic));
    assert_eq!(code("wide", Value::I64(1)), Some(TrapCode::MemoryOutOfBounds));
    assert_eq!(code("wait", Value::I32(65537)), Some(TrapCode::UnalignedAtomic));
    assert_eq!(code("wait", Value::I32(65536)), Some(TrapCode::ExpectedSharedMemory));
}

/// What another holder of the memory adds is there for every kind of access, without anything in between.
#[test]
fn a_memory_that_others_grow_is_looked_at_again() {
    let limits = Limits { min: 1, max: Some(3) };
    let memory = SharedMemory::new(MemoryType { limits, memory64: false, shared: true }).expect("a small memory");
    let mut store = Store::new();
    let imported = Extern::Memory(store.add_shared_memory(&memory));
    let grown = memory.clone();
    let ty = abi::types::FuncType::new([], []);
    let grow = Box::new(move |_: &mut Caller<'_>, _: &mut [Slot]| {
        grown.grow(1);
        Ok(())
    });
    let grow = store.host_func(ty, "grow".to_string(), grow);
    let text = r#"(module (import "" "memory" (memory 1 3 shared)) (import "" "grow" (func $grow))
        (func (export "f") (param i32) (result i32 i32 i64 i32)
          (call $grow)
          (i32.store16 offset=65535 (local.get 0) (i32.const 0x1234))
          (i32.load8_u offset=1 (local.get 0))
          (i32.atomic.load8_u (i32.const 65536))
          (i64x2.extract_lane 0 (v128.load offset=65534 (i32.const 0)))
          (memory.size)))"#;
    let module = module(text).expect("a valid module");
    let instance = store.instantiate(&module, &[imported, Extern::Func(grow)]).expect("an instance");
    let results = call(&mut store, instance, "f", &[Value::I32(0)]).expect("no trap");
    assert_eq!(results, [Value::I32(0), Value::I32(0x12), Value::I64(0x12_3400), Value::I32(2)]);
    let mut bytes = [0; 2];
    assert_eq!((memory.read(65535, &mut bytes), bytes), (Ok(()), [0x34, 0x12]));
}
