//! Measures what a call between host and native code costs, in both directions: run it with `--release`.

use artifact::Options;
use driver::{Request, Silent};
use engine::{Func, FuncType, Linker, Mode, Module, Store, ValType, Value};
use std::error::Error;
use std::time::Instant;

const CALLS: u32 = if cfg!(debug_assertions) { 1_000 } else { 20_000_000 };

const MODULE: &str = r#"(module
    (import "host" "typed" (func $typed (param i32) (result i32)))
    (import "host" "slots" (func $slots (param i32) (result i32)))
    (func (export "nop"))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "nothing") (param $turns i32)
        (loop $next (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1))))))
    (func (export "call_typed") (param $turns i32)
        (loop $next (br_if $next (local.tee $turns (call $typed (local.get $turns))))))
    (func (export "call_slots") (param $turns i32)
        (loop $next (br_if $next (local.tee $turns (call $slots (local.get $turns)))))))"#;

/// Prints how long each of [`CALLS`] calls takes that `calls` makes.
fn measure(what: &str, calls: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    calls()?;
    println!("{what:40} {:6.1} ns", start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    Ok(())
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let request = Request { jobs: 1, ..Request::new(Options::new(driver::host_target(false))) };
    let compiled = driver::compile(&wat::parse_str(MODULE)?, &request, &Silent)?;
    let module = Module::from_bytes_in(compiled.file, Mode::Aot)?;

    let mut linker = Linker::new();
    linker.func_wrap("host", "typed", |turns: i32| turns - 1);
    let ty = FuncType::new([ValType::I32], [ValType::I32]);
    linker.func_new("host", "slots", ty, |_, slots| {
        let turns = slots[0].i32();
        slots[0].set_i32(turns - 1);
        Ok(())
    });
    let mut store = Store::new();
    let instance = linker.instantiate(&mut store, &module)?;

    let nop = instance.typed_func::<(), ()>(&store, "nop")?;
    measure("host to guest, no values: typed", || (0..CALLS).try_for_each(|_| Ok(nop.call(&mut store, ())?)))?;
    let call = |store: &mut Store, func: Func, arguments: &[Value]| func.call(store, arguments).map(drop);
    measure("host to guest, no values: `Value`s", || {
        (0..CALLS).try_for_each(|_| Ok(call(&mut store, nop.func(), &[])?))
    })?;
    let add = instance.typed_func::<(u32, u32), u32>(&store, "add")?;
    measure("host to guest, two and one: typed", || {
        (0..CALLS).try_for_each(|i| match add.call(&mut store, (i, 1))? == i + 1 {
            true => Ok(()),
            false => Err("a wrong sum".into()),
        })
    })?;
    measure("host to guest, two and one: `Value`s", || {
        (0..CALLS).try_for_each(|i| Ok(call(&mut store, add.func(), &[Value::I32(i as i32), Value::I32(1)])?))
    })?;

    for (what, name) in [
        ("a loop without calls", "nothing"),
        ("guest to host, one and one: typed", "call_typed"),
        ("guest to host, one and one: slots", "call_slots"),
    ] {
        let function = instance.typed_func::<u32, ()>(&store, name)?;
        measure(what, || Ok(function.call(&mut store, CALLS)?))?;
    }
    Ok(())
}
