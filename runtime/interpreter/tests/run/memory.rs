//! Accesses at the ends of memories, with offsets near and far.

use crate::{run, try_run};
use abi::trap::TrapCode;

fn load(offset: u64, memory: u32) -> String {
    format!(
        "(module (memory $a 2) (memory $b 1)
           (data (memory $a) (i32.const 131068) \"abcd\") (data (memory $b) (i32.const 65532) \"efgh\")
           (func (export \"f\") (param i32) (result i32) (i32.load {memory} offset={offset} (local.get 0))))"
    )
}

#[test]
fn offsets_and_memories_are_told_apart() {
    let a = i64::from(i32::from_le_bytes(*b"abcd"));
    let b = i64::from(i32::from_le_bytes(*b"efgh"));
    for offset in [0, 1, 65535, 65536, 131068] {
        assert_eq!(run(&load(offset, 0), &[131068 - offset as i32]), [a], "{offset}");
        let trap = try_run(&load(offset, 0), &[131069 - offset as i32]).expect_err("out of bounds");
        assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
    }
    assert_eq!(run(&load(65530, 1), &[2]), [b]);
    assert_eq!(run(&load(0, 1), &[65532]), [b]);
    for (offset, memory, address) in [(0, 1, 65533), (0xffff_ffff, 0, 0), (0xffff_ffff, 0, -1), (0, 0, -1), (8, 0, -4)]
    {
        let trap = try_run(&load(offset, memory), &[address]).expect_err("out of bounds");
        assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
    }
}

#[test]
fn a_memory_that_grows_is_seen_at_once() {
    let text = "(module (memory 1 2)
        (func $grow (result i32) (memory.grow (i32.const 1)))
        (func (export \"f\") (param i32) (result i32 i32 i32 i32)
          (call $grow)
          (i32.store8 (i32.const 131071) (local.get 0))
          (i32.load8_s (i32.const 131071))
          (memory.grow (i32.const 1))
          (memory.size)))";
    assert_eq!(run(text, &[0x80]), [1, -128, -1, 2]);
}

#[test]
fn a_store_that_is_out_of_bounds_writes_nothing() {
    let text =
        "(module (memory (export \"m\") 1) (func (export \"f\") (param i32) (i64.store (local.get 0) (i64.const -1))))";
    let (mut store, instance) = crate::instance(text);
    let trap = crate::call(&mut store, instance, "f", &[vm::Value::I32(65529)]).expect_err("out of bounds");
    assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
    let Some(vm::Extern::Memory(memory)) = store.export(instance, "m") else { panic!("no memory") };
    assert!(store.memory_data(memory).expect("it is not shared").iter().all(|&byte| byte == 0));
}

#[test]
fn bulk_operations_take_their_operands_in_order() {
    let text = "(module (memory 1) (data $d \"0123456789\")
        (func (export \"f\") (param i32) (result i32 i32 i32)
          (memory.init $d (i32.const 4) (i32.const 2) (local.get 0))
          (memory.copy (i32.const 100) (i32.const 5) (i32.const 2))
          (memory.fill (i32.const 102) (i32.const 7) (i32.const 1))
          (data.drop $d)
          (i32.load8_u (i32.const 4)) (i32.load8_u (i32.const 101)) (i32.load8_u (i32.const 102))))";
    assert_eq!(run(text, &[5]), [b'2'.into(), b'4'.into(), 7]);
    assert_eq!(try_run(text, &[9]).expect_err("a short segment").code(), Some(TrapCode::MemoryOutOfBounds));
}

/// Addresses are whole, whether they are locals, constants or results.
#[test]
fn wide_memories_have_64_bit_addresses() {
    let text = "(module (memory $wide i64 1 2) (memory $narrow 1) (data $d \"0123456789\")
        (func (export \"f\") (param i32) (result i64 i64 i32 i32 i32)
          (local $at i64)
          (local.set $at (i64.extend_i32_u (local.get 0)))
          (memory.grow $wide (i64.const 1))
          (memory.grow $wide (i64.const 0x100000000))
          (memory.init $wide $d (i64.add (local.get $at) (i64.const 1)) (i32.const 2) (i32.const 5))
          (memory.fill $wide (i64.const 102) (i32.const 7) (i64.const 1))
          (memory.copy $narrow $wide (local.get 0) (local.get $at) (i32.const 4))
          (i32.load8_u $wide (i64.const 102))
          (i32.load8_u $narrow offset=1 (local.get 0))
          (i32.load16_u $wide offset=2 (local.get $at))))";
    let pair = i64::from(u16::from_le_bytes(*b"34"));
    assert_eq!(run(text, &[1000]), [1, -1, 7, b'2'.into(), pair]);
    for access in [
        "(drop (i64.load (i64.const 0x100000000)))",
        "(drop (i64.load offset=0xffffffffffffffff (i64.const 8)))",
        "(i32.store8 (i64.const -1) (i32.const 0))",
        "(drop (v128.load offset=0x100000000 (i64.const 0)))",
        "(memory.fill (i64.const 0) (i32.const 0) (i64.const 0x100000000))",
        "(memory.copy (i64.const 0) (i64.const 0x100000000) (i64.const 1))",
        "(memory.init 0 (i64.const 0x100000000) (i32.const 0) (i32.const 1))",
    ] {
        let text = format!("(module (memory i64 1) (data \"a\") (func (export \"f\") {access}))");
        let trap = try_run(&text, &[]).expect_err(access);
        assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds), "{access}");
    }
}
