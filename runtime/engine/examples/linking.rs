//! Links two modules: one exports a memory and a function, the other imports them.

use engine::{Linker, Module, Store};
use std::error::Error;

/// Hands out pieces of its memory.
const ALLOCATOR: &str = r#"(module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 16))
    (func (export "allocate") (param $size i32) (result i32)
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (local.get $size)))))"#;

/// Squares of the numbers below a limit, in a piece of the other module's memory.
const SQUARES: &str = r#"(module
    (import "allocator" "memory" (memory 1))
    (import "allocator" "allocate" (func $allocate (param i32) (result i32)))
    (func (export "squares") (param $count i32) (result i32) (local $start i32) (local $i i32)
        (local.set $start (call $allocate (i32.mul (local.get $count) (i32.const 4))))
        (block $done
            (loop $next
                (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
                (i32.store
                    (i32.add (local.get $start) (i32.mul (local.get $i) (i32.const 4)))
                    (i32.mul (local.get $i) (local.get $i)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br $next)))
        (local.get $start)))"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let squares = Module::from_text(SQUARES)?;
    for (module, name, ty) in squares.imports() {
        println!("{module}.{name}: {ty}");
    }

    let mut store = Store::new();
    let mut linker = Linker::new();
    let error = linker.instantiate(&mut store, &squares).expect_err("nothing is defined");
    assert_eq!(error.to_string(), r#"unknown import: "allocator" "memory""#);

    // An instance's exports under a name. The linker knows items of the store from here on, and is good for no other.
    let allocator = linker.instantiate(&mut store, &Module::from_text(ALLOCATOR)?)?;
    linker.define_instance(&store, "allocator", allocator);
    let instance = linker.instantiate(&mut store, &squares)?;

    let squares = instance.typed_func::<u32, u32>(&store, "squares")?;
    let (first, second) = (squares.call(&mut store, 4)?, squares.call(&mut store, 3)?);
    assert_eq!((first, second), (16, 32));

    let memory = allocator.memory(&store, "memory").ok_or("no memory")?;
    let bytes = memory.read_vec(&store, first.into(), 28)?;
    let numbers: Vec<u32> = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    println!("{numbers:?}");
    assert_eq!(numbers, [0, 1, 4, 9, 0, 1, 4]);
    Ok(())
}
