//! Limits on gas, and host functions that look at them, change them and call back.

use super::*;
use engine::Caller;
use std::sync::{Arc, Mutex};

/// A store with one instance that imports from a linker.
fn instance(linker: &Linker, module: &Module) -> (Store, Instance) {
    let mut store = Store::new();
    let instance = linker.instantiate(&mut store, module).expect("an instance");
    (store, instance)
}

/// What cannot be paid does not begin, whatever was done before stays, and nothing runs on what is left.
#[test]
fn a_program_that_runs_out_has_used_all() {
    let text = r#"(module (memory (export "memory") 1)
        (func (export "run") (local i32)
            (loop (i32.store8 (local.get 0) (i32.const 1)) (br_if 0 (local.tee 0 (i32.add (local.get 0) (i32.const 1))))))
        (func (export "free"))
        (func (export "nop") nop))"#;
    for engine in ENGINES {
        let (mut store, instance) = instance(&Linker::new(), &load(text, engine, &counts()));
        // Nine for each turn.
        store.set_gas_limit(9 * 10 + 8);
        let trap = call(&mut store, instance, "run").expect_err("it is limited");
        assert_eq!(trap.code(), Some(TrapCode::CostLimitExceeded), "{engine}");
        assert_eq!(trap.frames.len(), 1, "{engine}");
        assert_eq!(charged(&store), Charged { instructions: 90, gas: 98 }, "{engine}");
        assert_eq!(store.gas_left(), 0, "{engine}");
        let memory = instance.memory(&store, "memory").expect("it is exported");
        let ones = memory.data(&store).expect("it is not shared").iter().filter(|&&byte| byte == 1).count();
        assert_eq!(ones, 10, "{engine}");
        call(&mut store, instance, "free").expect("it costs nothing");
        call(&mut store, instance, "nop").expect_err("nothing is left");
        store.set_gas_limit(1);
        call(&mut store, instance, "nop").expect("it costs 1");
        assert_eq!(charged(&store), Charged { instructions: 91, gas: 1 }, "{engine}");
    }
}

/// Native code that has the counters in registers takes what a host function has set.
#[test]
fn a_host_function_sets_the_limit() {
    let text = r#"(module
        (import "host" "set" (func $set (param i64)))
        (tag $t)
        (func (export "more") (param i64) (result i32) (local i32)
            (loop (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 10))))
            (call $set (local.get 0))
            (loop (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 20))))
            (local.get 1))
        (func (export "turns") (param i64) (result i32) (local i32)
            (loop
                (if (i32.eq (local.get 1) (i32.const 5)) (then (call $set (local.get 0))))
                (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 10))))
            (local.get 1))
        (func (export "fails") (param i64) (result i32)
            (block
                (try_table (catch_all 0) (call $set (i64.sub (i64.const 0) (local.get 0))) nop))
            nop (i32.const 1)))"#;
    let mut linker = Linker::new();
    // Of a negative limit only the amount counts, and the function throws.
    linker.func_wrap("host", "set", |caller: &mut Caller<'_>, gas: i64| -> Result<(), HostError> {
        caller.set_gas_limit(gas.unsigned_abs());
        if gas >= 0 {
            return Ok(());
        }
        let tag = caller.state::<engine::Tag>().copied().expect("the test has set it");
        let exception = caller.new_exception(tag, &[]);
        Err(caller.thrown(exception).into())
    });
    for engine in ENGINES {
        let module = load(text, engine, &counts());
        // What is charged up to the host function, and what behind it.
        for (function, first, rest, result) in
            [("more", 10 * 8 + 2, 10 * 8 + 1, 20), ("turns", 5 * 12 + 7, 7 + 4 * 12 + 1, 10), ("fails", 6, 2, 1)]
        {
            for (limit, ends) in [(rest, true), (rest - 1, false)] {
                let (mut store, instance) = instance(&linker, &module);
                let title = format!("{engine}, {function}, {limit}");
                if function == "fails" {
                    let ty = FuncType::new(vec![], vec![]);
                    let tag = store.new_tag(&ty);
                    store.set_state(tag);
                }
                store.set_gas_limit(first);
                let run = instance.typed_func::<u64, i32>(&store, function).expect("a function");
                match run.call(&mut store, limit) {
                    Ok(value) => assert!(ends && value == result, "{title}: {value}"),
                    Err(trap) => {
                        assert!(!ends, "{title}: {trap}");
                        assert_eq!(trap.code(), Some(TrapCode::CostLimitExceeded), "{title}");
                    }
                }
                assert_eq!((store.gas_used(), store.gas_left()), (limit, 0), "{title}");
            }
        }
    }
}

/// Guest code, the host and guest code again, to a depth, in turns on two instances; the host notes each time what was charged.
#[test]
fn host_functions_call_back() {
    let text = r#"(module
        (import "host" "back" (func $back (param i32) (result i32)))
        (func (export "run") (param i32) (result i32)
            (if (result i32) (local.get 0)
                (then nop (i32.add (i32.const 1) (call $back (local.get 0))))
                (else (i32.const 100)))))"#;
    for (first, second) in PAIRS {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut linker = Linker::new();
        let noted = seen.clone();
        linker.func_wrap("host", "back", move |caller: &mut Caller<'_>, depth: i32| -> Result<i32, HostError> {
            noted.lock().expect("no panic").push(caller.gas_used());
            let instances = *caller.state::<[Instance; 2]>().expect("the test has set it");
            let next = instances[depth as usize % 2].typed_func::<i32, i32>(caller, "run")?;
            let result = next.call(caller, depth - 1);
            noted.lock().expect("no panic").push(caller.gas_used());
            Ok(result?)
        });
        let mut store = Store::new();
        let [first_instance, second_instance] = [first, second]
            .map(|engine| linker.instantiate(&mut store, &load(text, engine, &counts())).expect("an instance"));
        store.set_state([first_instance, second_instance]);
        let run = first_instance.typed_func::<i32, i32>(&store, "run").expect("a function");
        let title = format!("{first} and {second}");
        // 2, then 4 up to the call; 1 after it.
        assert_eq!(run.call(&mut store, 3).expect("no trap"), 103, "{title}");
        assert_eq!(charged(&store), both(3 * 7 + 3), "{title}");
        assert_eq!(*seen.lock().expect("no panic"), [6, 12, 18, 21, 22, 23], "{title}");
        store.set_gas_limit(20);
        let trap = run.call(&mut store, 3).expect_err("it is limited");
        assert_eq!(trap.code(), Some(TrapCode::CostLimitExceeded), "{title}");
        assert_eq!(store.gas_left(), 0, "{title}");
    }
}

/// A trap, or an exception, of guest code that a host function called, which it swallows or passes on.
#[test]
fn charges_stay_when_host_functions_swallow_traps() {
    let text = r#"(module
        (import "host" "try" (func $try (param i32) (result i32)))
        (tag $t)
        (func (export "0") nop unreachable)
        (func (export "1") nop nop (throw $t))
        (func (export "2") (loop (br 0)))
        (func (export "swallowed") (result i32)
            nop
            (call $try (i32.const 0))
            (i32.add (call $try (i32.const 1)))
            nop)
        (func (export "passed_on") (result i32)
            (block
                (try_table (catch $t 0)
                    (drop (call $try (i32.const 11)))
                    nop))
            nop (i32.const 9))
        (func (export "all_is_gone") (result i32)
            (drop (call $try (i32.const 2)))
            (i32.const 1)))"#;
    let mut linker = Linker::new();
    linker.func_wrap("host", "try", |caller: &mut Caller<'_>, which: i32| -> Result<i32, HostError> {
        let function = caller.func(&(which % 10).to_string()).expect("it is exported");
        match function.call(caller, &[]) {
            Err(engine::CallError::Trap(trap)) if which >= 10 => Err(trap.into()),
            Err(_) => Ok(5),
            Ok(_) => unreachable!("none of them returns"),
        }
    });
    for engine in ENGINES {
        let module = load(text, engine, &counts());
        let modules: &Modules<'_> = &[("it", &module)];
        let title = engine.to_string();
        is_charged_once(&title, modules, &linker, "swallowed", "[I32(10)]", 3 + 2 + 2 + 3 + 2);
        is_charged_once(&title, modules, &linker, "passed_on", "[I32(9)]", 4 + 3 + 2);
        let (end, charged) = run(modules, &linker, 1000, "all_is_gone");
        assert_eq!((end.as_str(), charged.gas), (TrapCode::CostLimitExceeded.message(), 1000), "{title}");
    }
}

/// Like `is_charged`, where too little ends the program wherever it is.
#[track_caller]
fn is_charged_once(title: &str, modules: &Modules<'_>, linker: &Linker, function: &str, ends: &str, count: u64) {
    for gas in [u64::MAX, count] {
        assert_eq!(run(modules, linker, gas, function), (ends.to_string(), both(count)), "{title}, `{function}`");
    }
    let (end, charged) = run(modules, linker, count - 1, function);
    assert_eq!(
        (end.as_str(), charged.gas),
        (TrapCode::CostLimitExceeded.message(), count - 1),
        "{title}, `{function}`"
    );
}
