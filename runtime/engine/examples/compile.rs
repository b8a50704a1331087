//! Compiles a module to native code in this process, and runs it.
//!
//! The compiler is a crate of its own, `driver`, which brings LLVM along. A program that only runs what was compiled before
//! (`wasmedge compile`) does without it.

use artifact::{Level, Options};
use driver::{Request, Silent};
use engine::{Linker, Mode, Module, Store};
use std::error::Error;

const FIBONACCI: &str = r#"(module
    (func $fib (export "fib") (param $n i32) (result i32)
        (if (result i32) (i32.lt_s (local.get $n) (i32.const 2))
            (then (local.get $n))
            (else (i32.add
                (call $fib (i32.sub (local.get $n) (i32.const 1)))
                (call $fib (i32.sub (local.get $n) (i32.const 2))))))))"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    // For the processor that this runs on; `true` would ask for code that any processor of its architecture runs.
    let mut options = Options::new(driver::host_target(false));
    options.level = Level::O2;
    let request = Request::new(options);
    let compiled = driver::compile(&wat::parse_str(FIBONACCI)?, &request, &Silent)?;

    // The file is the module with its native code beside it: to load at once, or to be written to disk and loaded by
    // `Module::from_file`, which maps the code from there. `Mode::Aot` makes it an error if the code cannot run here.
    let module = Module::from_bytes_in(compiled.file, Mode::Aot)?;
    assert!(module.is_native());

    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, &module)?;
    let fib = instance.typed_func::<i32, i32>(&store, "fib")?;
    let result = fib.call(&mut store, 30)?;
    println!("fib(30) = {result}");
    assert_eq!(result, 832_040);
    Ok(())
}
