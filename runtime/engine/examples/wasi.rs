//! Runs a program that uses WASI: what it sees of the system is what it is given.

use engine::{Linker, Module, Store, WasiBuilder, WasiExit, WasiOutput, WasiPipe};
use std::error::Error;

/// Prints its arguments, each behind the other, and ends with the number of them as its exit code.
const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        ;; How many there are at 0, their length at 4; the pointers to them from 64 on, the bytes from 256.
        (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
        (drop (call $args_get (i32.const 64) (i32.const 256)))
        ;; One piece of memory to write.
        (i32.store (i32.const 16) (i32.const 256))
        (i32.store (i32.const 20) (i32.load (i32.const 4)))
        (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
        (call $proc_exit (i32.load (i32.const 0)))))"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let output = WasiPipe::new();
    let mut builder = WasiBuilder::new();
    builder.args(["program", "one", "two"]).env("LANG", "C").stdout(WasiOutput::Pipe(output.clone()));
    // Folders are given one by one: builder.preopen_dir(Path::new("files"), "/data", true)?

    let mut linker = Linker::new();
    engine::add_wasi(&mut linker, builder.build());
    let mut store = Store::new();
    let instance = linker.instantiate(&mut store, &Module::from_text(PROGRAM)?)?;

    let start = instance.typed_func::<(), ()>(&store, "_start")?;
    let code = match start.call(&mut store, ()) {
        Ok(()) => 0,
        // The program ended by itself. Everything else is a trap.
        Err(trap) => match trap.downcast_ref::<WasiExit>() {
            Some(&WasiExit(code)) => code,
            None => return Err(trap.into()),
        },
    };
    let text = String::from_utf8(output.contents())?.replace('\0', " ");
    println!("the program wrote {text:?} and ended with {code}");
    assert_eq!((text.as_str(), code), ("program one two ", 3));
    Ok(())
}
