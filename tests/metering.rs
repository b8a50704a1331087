//! What code is charged ([`abi::metering`]): exact counts for each rule, the same natively at every level and interpreted. Every
//! instruction costs 1 where a test gives no table, so that gas and instructions agree.

mod across;
mod interrupts;
mod limits;
mod rules;
mod times;
mod traps;

use artifact::{Features, Level};
use engine::{CostTable, FuncType, HostError, Instance, Linker, Metering, Module, Store, Trap, TrapCode, Value};
use tests::Way::{self, Interpreted, Native};

const ENGINES: [Way; 4] = [Native(Level::O0), Native(Level::O2), Native(Level::O3), Interpreted];

/// Ways to run two modules.
const PAIRS: [(Way, Way); 5] = [
    (Native(Level::O0), Native(Level::O2)),
    (Native(Level::O3), Native(Level::O0)),
    (Native(Level::O2), Interpreted),
    (Interpreted, Native(Level::O2)),
    (Interpreted, Interpreted),
];

/// All that can be kept track of, each instruction at a cost of 1.
fn everything() -> Metering {
    Metering { instructions: true, gas: Some(CostTable::default()), interruptible: true }
}

/// Only counts.
fn counts() -> Metering {
    Metering { interruptible: false, ..everything() }
}

fn load(text: &str, way: Way, metering: &Metering) -> Module {
    way.load_text(text, Features::all(), metering)
}

/// What a store's code was charged.
fn charged(store: &Store) -> Charged {
    Charged { instructions: store.instruction_count(), gas: store.gas_used() }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Charged {
    instructions: u64,
    gas: u64,
}

/// The charge where each instruction costs 1.
fn both(count: u64) -> Charged {
    Charged { instructions: count, gas: count }
}

/// How a call ends: its results, or why there are none.
fn ending(result: Result<Vec<Value>, Trap>) -> String {
    match result {
        Ok(values) => format!("{values:?}"),
        Err(trap) => trap.to_string(),
    }
}

/// The modules of a test, with their engines and names: each can import from those before it, and from `host`.
type Modules<'m> = [(&'m str, &'m Module)];

/// Instantiates modules in a store with a limit on gas, and calls `run` of the last. Gives how that ended and what it was charged.
fn run(modules: &Modules<'_>, linker: &Linker, gas: u64, function: &str) -> (String, Charged) {
    let mut linker = linker.clone();
    let mut store = Store::new();
    store.set_gas_limit(gas);
    let mut last = None;
    for (name, module) in modules {
        match linker.instantiate(&mut store, module) {
            Ok(instance) => {
                linker.define_instance(&store, name, instance);
                last = Some(instance);
            }
            Err(engine::InstantiateError::Trap(trap)) => return (trap.to_string(), charged(&store)),
            Err(error) => panic!("{error}"),
        }
    }
    let instance = last.expect("there is a module");
    let result = call(&mut store, instance, function);
    (ending(result), charged(&store))
}

fn call(store: &mut Store, instance: Instance, function: &str) -> Result<Vec<Value>, Trap> {
    let function = instance.func(store, function).unwrap_or_else(|| panic!("no function {function}"));
    store.call(function, &[])
}

/// Runs modules without a limit, then with just as much gas as they need, then with a little less.
#[track_caller]
fn is_charged(title: &str, modules: &Modules<'_>, linker: &Linker, function: &str, ends: &str, count: u64) {
    let title = format!("{title}, `{function}`");
    assert_eq!(run(modules, linker, u64::MAX, function), (ends.to_string(), both(count)), "{title}");
    assert_eq!(run(modules, linker, count, function), (ends.to_string(), both(count)), "{title}, limited");
    let Some(less) = count.checked_sub(1) else { return };
    let (end, charged) = run(modules, linker, less, function);
    assert_eq!(end, TrapCode::CostLimitExceeded.to_string(), "{title}, with too little");
    assert_eq!(charged.gas, less, "{title}: what was left is gone");
    assert!(charged.instructions <= less, "{title}: what did not run is not counted");
}

/// The same for the exported functions of one module, by each engine, with and without looking for interrupts.
#[track_caller]
fn are_charged(text: &str, expected: &[(&str, &str, u64)]) {
    for engine in ENGINES {
        for metering in [counts(), everything()] {
            let module = load(text, engine, &metering);
            let title = format!("{engine}, interruptible: {}", metering.interruptible);
            for &(function, ends, count) in expected {
                is_charged(&title, &[("it", &module)], &Linker::new(), function, ends, count);
            }
        }
    }
}
