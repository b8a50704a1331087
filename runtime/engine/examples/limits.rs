//! Limits what a guest may use: gas, memory and stack. Both engines count alike, to the last unit.

use artifact::Options;
use driver::{Request, Silent};
use engine::{Ability, Config, CostTable, InstantiateError, Linker, Loading, Metering, Mode, Module, Store, TrapCode};
use std::error::Error;

const GUEST: &str = r#"(module
    (memory 1)
    (func (export "work") (param $turns i32) (result i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (local.get $turns)))
            (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))
        (local.get $sum))
    (func (export "grow") (param $pages i32) (result i32) (memory.grow (local.get $pages)))
    (func $nest (export "nest") (param $depth i32) (result i32)
        (if (result i32) (local.get $depth)
            (then (i32.add (call $nest (i32.sub (local.get $depth) (i32.const 1))) (i32.const 1)))
            (else (i32.const 0)))))"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    // Only code that was made to count does. What an instruction costs is a table's matter.
    let metering = Metering { instructions: true, gas: Some(CostTable::default()), ..Metering::default() };
    let mut options = Options::new(driver::host_target(false));
    options.metering = metering.clone();
    let request = Request::new(options);
    let compiled = driver::compile(&wat::parse_str(GUEST)?, &request, &Silent)?;
    let native = Module::from_bytes_in(compiled.file, Mode::Aot)?;
    let interpreted = Module::from_text_in(GUEST, Loading { metering, ..Loading::default() })?;

    let [native, interpreted] = [native, interpreted].map(|module| measure(&module));
    let (native, interpreted) = (native?, interpreted?);
    println!("100 turns cost {native} units of gas");
    assert_eq!(native, interpreted);
    Ok(())
}

/// Gives the gas that 100 turns cost.
fn measure(module: &Module) -> Result<u64, Box<dyn Error>> {
    let config = Config {
        stack_size: 256 << 10,
        memory_page_limit: Some(3),
        required: vec![Ability::CountGas],
        ..Config::default()
    };
    let mut store = Store::with_config(config);
    let linker = Linker::new();

    // A module whose code does not count is kept out.
    let error = linker.instantiate(&mut store, &Module::from_text(GUEST)?).expect_err("it counts no gas");
    assert!(matches!(error, InstantiateError::Unable(Ability::CountGas)), "{error}");

    let instance = linker.instantiate(&mut store, module)?;
    let work = instance.typed_func::<u32, u32>(&store, "work")?;
    assert_eq!(work.call(&mut store, 100)?, 5_050);
    let gas = store.gas_used();
    assert_eq!(store.instruction_count(), gas, "each instruction costs 1 by the default table");

    // Just enough, then one too few: no more is ever spent than the limit allows.
    store.set_gas_limit(gas);
    assert_eq!((work.call(&mut store, 100)?, store.gas_left()), (5_050, 0));
    store.set_gas_limit(gas - 1);
    let trap = work.call(&mut store, 100).expect_err("the gas does not last");
    assert_eq!(trap.code(), Some(TrapCode::CostLimitExceeded));
    assert_eq!(store.gas_used(), gas - 1, "a program that runs out of gas has used all of it");
    store.set_gas_limit(u64::MAX);

    // Growing past the limit fails as it does at a memory's own maximum.
    let grow = instance.typed_func::<u32, i32>(&store, "grow")?;
    assert_eq!((grow.call(&mut store, 2)?, grow.call(&mut store, 1)?), (1, -1));

    // So does running out of stack; the instance can be used further.
    let nest = instance.typed_func::<u32, u32>(&store, "nest")?;
    let trap = nest.call(&mut store, u32::MAX).expect_err("the stack is small");
    assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted));
    assert_eq!(nest.call(&mut store, 10)?, 10);
    Ok(gas)
}
