//! The two kinds of output, and what becomes of them when they are damaged, altered or not for this machine.
//!
//! Whatever happens to a file, loading it never crashes: it gives the module that was compiled, or an error that says why not.

mod altered;
mod damage;
mod facts;

use artifact::Level;
use driver::{Container, Request, Silent};
use engine::{Linker, Mode, Module, Store, Value};

/// Something of everything: recursion, a memory with data, a table, a global, a float constant, a call of the runtime.
pub const SAMPLE: &str = r#"
    (module
      (memory (export "memory") 1 2)
      (data (i32.const 8) "\2a\00\00\00")
      (table 2 funcref)
      (elem (i32.const 0) $fib $answer)
      (global $calls (mut i32) (i32.const 0))
      (type $unary (func (param i32) (result i32)))
      (func $fib (export "fib") (type $unary)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
          (then (local.get 0))
          (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                         (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func $answer (export "answer") (type $unary) (i32.load (local.get 0)))
      (func (export "indirect") (param i32 i32) (result i32)
        (call_indirect (type $unary) (local.get 0) (local.get 1)))
      (func (export "grow") (result i32) (memory.grow (i32.const 1)))
      (func (export "half") (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5))))"#;

/// A compiled sample.
fn compiled(container: Container) -> Vec<u8> {
    compile(&tests::wat(SAMPLE), &Request { container, ..tests::request(Level::O2) })
}

fn compile(bytes: &[u8], request: &Request) -> Vec<u8> {
    driver::compile(bytes, request, &Silent).expect("the sample compiles").file
}

/// Loads a file and runs what is in it. A file that loads must do what the sample does.
///
/// # Errors
/// The loader's text.
fn load(file: &[u8]) -> Result<(), String> {
    let module = Module::from_bytes_in(file.to_vec(), Mode::Aot).map_err(|error| error.to_string())?;
    assert!(module.is_native() && module.warning().is_none());
    run(&module);
    Ok(())
}

/// Does what the sample does.
pub fn run(module: &Module) {
    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, module).expect("the sample needs no imports");
    let mut call = |name: &str, arguments: &[Value]| {
        let function = engine::function(&store, instance, name).expect("an export of the sample");
        store.call(function, arguments).expect("the sample does not trap")
    };
    assert_eq!(call("fib", &[Value::I32(10)]), [Value::I32(55)]);
    assert_eq!(call("answer", &[Value::I32(8)]), [Value::I32(42)]);
    assert_eq!(call("indirect", &[Value::I32(8), Value::I32(1)]), [Value::I32(42)]);
    assert_eq!(call("grow", &[]), [Value::I32(1)]);
    assert_eq!(call("half", &[Value::F64(3f64.to_bits())]), [Value::F64(1.5f64.to_bits())]);
}
