//! The time that code takes, and host functions: never both at once, and neither while nothing runs.

use super::*;
use engine::{Caller, Config, Times};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(5);

const TEXT: &str = r#"(module
    (import "host" "nap" (func $nap (param i32)))
    (tag $t)
    (func (export "returns") (call $nap (i32.const 0)))
    (func (export "traps") (call $nap (i32.const 0)) unreachable)
    (func (export "throws") (call $nap (i32.const 0)) (throw $t))
    (func (export "nested") (call $nap (i32.const 1)))
    (func (export "swallowed") (call $nap (i32.const 2)))
    (func (export "fails") (call $nap (i32.const 3)))
    (func (export "panics") (call $nap (i32.const 4)))
    (func (export "caught") (call $nap (i32.const 5))))"#;

/// A linker whose function naps once and then does one thing or another.
fn linker() -> Linker {
    let mut linker = Linker::new();
    linker.func_wrap("host", "nap", |caller: &mut Caller<'_>, then: i32| -> Result<(), HostError> {
        let before = times(caller);
        thread::sleep(NAP);
        let after = times(caller);
        assert!(after.host >= before.host + NAP, "what runs counts");
        assert_eq!(after.wasm, before.wasm, "what called it does not run");
        let inner = |name: &str| caller.func(name).expect("it is exported");
        match then {
            0 => Ok(()),
            1 => inner("returns").call(caller, &[]).map(|_| ()).map_err(Into::into),
            2 => inner("traps").call(caller, &[]).map_or(Ok(()), |_| unreachable!("it traps")),
            3 => Err("it fails".into()),
            4 => panic!("on purpose"),
            _ => {
                let inner = inner("panics");
                catch_unwind(AssertUnwindSafe(|| inner.call(caller, &[]).map(|_| ()))).expect_err("it panics");
                Ok(())
            }
        }
    });
    linker
}

fn times(store: &mut Store) -> Times {
    store.times().expect("the store measures time")
}

/// However a call ends, all that runs belongs to one of the two, and nothing to either once it has ended.
#[test]
fn every_end_stops_the_clock() {
    for engine in ENGINES {
        let module = load(TEXT, engine, &Metering::default());
        for (function, naps) in [
            ("returns", 1),
            ("traps", 1),
            ("throws", 1),
            ("nested", 2),
            ("swallowed", 2),
            ("fails", 1),
            ("panics", 1),
            ("caught", 2),
        ] {
            let mut store = Store::with_config(Config { measure_time: true, ..Config::default() });
            let instance = linker().instantiate(&mut store, &module).expect("an instance");
            assert_eq!(times(&mut store), Times::default(), "nothing has run");
            let start = Instant::now();
            let end = catch_unwind(AssertUnwindSafe(|| call(&mut store, instance, function)));
            assert_eq!(end.is_err(), function == "panics", "{engine}, {function}");
            let taken = times(&mut store);
            let passed = start.elapsed();
            assert!(taken.host >= NAP * naps, "{engine}, {function}: {taken:?}");
            assert!(taken.host + taken.wasm <= passed, "{engine}, {function}: {taken:?} of {passed:?}");
            thread::sleep(NAP);
            assert_eq!(times(&mut store), taken, "{engine}, {function}");
        }
    }
}

#[test]
fn time_is_measured_only_where_asked_for() {
    assert_eq!(Store::new().times(), None);
}
