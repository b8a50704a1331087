//! Calls between host and guest, and ways to end them.

use crate::image::{self, call, call_func, func, host, instance, instance_with, memory, module};
use abi::trap::TrapCode;
use abi::types::{FuncType, ValType};
use std::error::Error;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use vm::{Config, Store, Trap, TrapReason, Value};

#[derive(Debug, PartialEq)]
struct Exit(i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}", self.0)
    }
}

impl Error for Exit {}

fn names(trap: &Trap) -> Vec<&str> {
    trap.frames.iter().map(|frame| frame.name.as_deref().unwrap_or("?")).collect()
}

#[test]
fn arguments_and_results_cross() {
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["add"], ""));
    assert_eq!(call(&mut store, instance, "add", &[40, 2]).unwrap(), 42);
    assert_eq!(call(&mut store, instance, "add", &[i64::MAX, 1]).unwrap(), i64::MIN);
}

#[test]
fn the_host_is_called_and_knows_its_caller() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, arguments| {
        let memory = caller.memory("memory").expect("the caller exports its memory");
        caller.store().memory_data_mut(memory).unwrap()[arguments[0] as usize] = arguments[1] as u8;
        Ok(arguments.iter().sum())
    });
    let module = module(&["call_import"], "");
    let [first, second] = [(); 2].map(|()| instance_with(&mut store, &module, import));
    assert_eq!(call(&mut store, second, "call_import", &[10, 20, 30, 40, 50]).unwrap(), 151);
    let byte = |instance| store.memory_data(memory(&store, instance)).unwrap()[10];
    assert_eq!((byte(first), byte(second)), (0, 20));
}

#[test]
fn the_host_calls_host_functions_itself() {
    let mut store = Store::new();
    let sum = host(&mut store, |caller, arguments| {
        assert!(caller.instance().is_none());
        Ok(arguments.iter().sum())
    });
    assert_eq!(call_func(&mut store, sum, &[1, 2, 3, 4, 5]).unwrap(), 15);
    assert_eq!(*store.func_type(sum), image::five());
}

#[test]
fn a_host_function_in_a_table_gets_its_code_later() {
    let mut store = Store::new();
    let double = host(&mut store, |caller, arguments| {
        assert!(caller.instance().is_none());
        Ok(2 * arguments[0])
    });
    let instance = instance(&mut store, &module(&["call_table"], ""));
    let late = host(&mut store, |_, arguments| Ok(3 * arguments[0]));
    let table = image::table(&store, instance);
    store.table_set(table, 1, Value::FuncRef(Some(double))).unwrap();
    store.table_set(table, 2, Value::FuncRef(Some(late))).unwrap();
    assert_eq!(call(&mut store, instance, "call_table", &[1]).unwrap(), 2);
    assert_eq!(call(&mut store, instance, "call_table", &[2]).unwrap(), 6);
}

#[test]
fn calls_nest() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, arguments| {
        let instance = caller.instance().expect("called by an instance");
        match arguments[0] {
            0 => Ok(0),
            n => Ok(call(caller.store(), instance, "call_import", &[n - 1])?),
        }
    });
    let instance = instance_with(&mut store, &module(&["call_import"], ""), import);
    assert_eq!(call(&mut store, instance, "call_import", &[20]).unwrap(), 21);
}

#[test]
fn a_trap_ends_the_innermost_call_only() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, _| {
        let instance = caller.instance().expect("called by an instance");
        let trap = call(caller.store(), instance, "call_load", &[1 << 32]).unwrap_err();
        assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
        assert_eq!(names(&trap), ["load", "call_load"]);
        let trap = call(caller.store(), instance, "trap", &[0x404]).unwrap_err();
        assert_eq!(trap.code(), Some(TrapCode::IntegerDivideByZero));
        assert_eq!(names(&trap), ["trap"]);
        Ok(5)
    });
    let module = module(&["load", "call_load", "call_import", "trap"], "");
    let instance = instance_with(&mut store, &module, import);
    assert_eq!(call(&mut store, instance, "call_import", &[]).unwrap(), 6);
}

#[test]
fn a_trap_that_a_host_function_passes_on_stays_that_trap() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, arguments| {
        let instance = caller.instance().expect("called by an instance");
        Ok(call(caller.store(), instance, "trap", &arguments)?)
    });
    let instance = instance_with(&mut store, &module(&["call_import", "trap"], ""), import);
    let trap = call(&mut store, instance, "call_import", &[0x405]).unwrap_err();
    assert_eq!(trap.code(), Some(TrapCode::IntegerOverflow));
    assert_eq!(names(&trap), ["trap", "call_import"]);
}

#[test]
fn every_trap_code_arrives() {
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["trap"], ""));
    for &code in TrapCode::ALL {
        let trap = call(&mut store, instance, "trap", &[code.code().into()]).unwrap_err();
        assert_eq!(trap.code(), Some(code));
        assert_eq!(trap.to_string(), code.message());
        let [frame] = &trap.frames[..] else { panic!("frames are {:?}", trap.frames) };
        let declarations = frame.module.declarations();
        assert_eq!(frame.function.0, 1);
        assert_eq!(frame.offset, declarations.bodies[0].start);
        assert_eq!(frame.module.name(), Some("test"));
    }
}

#[test]
fn a_host_error_arrives_as_it_was() {
    let mut store = Store::new();
    let import = host(&mut store, |_, arguments| Err(Box::new(Exit(arguments[0] as i32))));
    let instance = instance_with(&mut store, &module(&["call_import"], ""), import);
    let trap = call(&mut store, instance, "call_import", &[3]).unwrap_err();
    assert_eq!(names(&trap), ["call_import"]);
    let TrapReason::Host(error) = trap.reason else { panic!("a host error is none of the guest's traps") };
    assert_eq!(*error.downcast::<Exit>().unwrap(), Exit(3));
}

#[test]
fn a_panic_goes_through_guest_code_and_leaves_the_store_usable() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, arguments| match arguments[0] {
        0 => panic!("at the bottom"),
        n => {
            let instance = caller.instance().expect("called by an instance");
            Ok(call(caller.store(), instance, "call_import", &[n - 1])?)
        }
    });
    let instance = instance_with(&mut store, &module(&["call_import", "add"], ""), import);
    let result = panic::catch_unwind(AssertUnwindSafe(|| call(&mut store, instance, "call_import", &[3])));
    assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "at the bottom");
    assert_eq!(call(&mut store, instance, "add", &[1, 2]).unwrap(), 3);
}

#[test]
fn recursion_ends_in_a_trap_and_can_be_repeated() {
    let mut store = Store::with_config(Config { stack_size: 256 << 10, ..Config::default() });
    let instance = instance(&mut store, &module(&["recurse", "depth"], ""));
    for _ in 0..3 {
        let trap = call(&mut store, instance, "recurse", &[]).unwrap_err();
        assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted));
        assert!(!trap.frames.is_empty() && names(&trap).iter().all(|&name| name == "recurse"));
        // Sixteen bytes of linkage and thirty-two of its own each.
        let frames = trap.frames.len() + trap.omitted;
        assert_eq!(frames, (256usize << 10).div_ceil(48));
        assert_eq!(call(&mut store, instance, "depth", &[10_000]).unwrap(), 10_000);
    }
}

#[test]
fn recursion_through_the_host_ends_in_a_trap() {
    let mut store = Store::with_config(Config { stack_size: 64 << 20, ..Config::default() });
    let import = host(&mut store, |caller, _| {
        let instance = caller.instance().expect("called by an instance");
        Ok(call(caller.store(), instance, "call_import", &[])?)
    });
    let instance = instance_with(&mut store, &module(&["call_import"], ""), import);
    let trap = call(&mut store, instance, "call_import", &[]).unwrap_err();
    assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted));
    assert!(trap.frames.len() > 10);
}

#[test]
fn a_store_moves_between_threads() {
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["recurse", "load", "add"], ""));
    for _ in 0..3 {
        let thread = std::thread::spawn(move || {
            let trap = call(&mut store, instance, "recurse", &[]).unwrap_err();
            assert_eq!(trap.code(), Some(TrapCode::CallStackExhausted));
            let trap = call(&mut store, instance, "load", &[65536]).unwrap_err();
            assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
            store
        });
        store = thread.join().unwrap();
        assert_eq!(call(&mut store, instance, "add", &[1, 2]).unwrap(), 3);
    }
}

#[test]
fn a_nested_call_may_run_on_another_thread() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, _| {
        let instance = caller.instance().expect("called by an instance");
        let store = caller.store();
        let trap = std::thread::scope(|scope| {
            scope.spawn(|| call(store, instance, "load", &[65536]).unwrap_err()).join().expect("no panic")
        });
        assert_eq!(names(&trap), ["load"]);
        Ok(call(store, instance, "load", &[0])?)
    });
    let instance = instance_with(&mut store, &module(&["call_import", "load"], ""), import);
    assert_eq!(call(&mut store, instance, "call_import", &[]).unwrap(), 1);
}

#[test]
fn stores_nest_in_each_other() {
    let mut inner = Store::new();
    let inner_instance = instance(&mut inner, &module(&["load"], ""));
    let inner = std::sync::Mutex::new(inner);
    let mut store = Store::new();
    let import = host(&mut store, move |_, arguments| {
        let mut inner = inner.lock().expect("no panic");
        let trap = call(&mut inner, inner_instance, "load", &arguments).unwrap_err();
        assert_eq!(names(&trap), ["load"]);
        Ok(1)
    });
    let instance = instance_with(&mut store, &module(&["call_import", "load"], ""), import);
    assert_eq!(call(&mut store, instance, "call_import", &[65536]).unwrap(), 2);
    let trap = call(&mut store, instance, "load", &[65536]).unwrap_err();
    assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
}

#[test]
fn a_store_that_is_swapped_away_and_dropped_while_it_runs_stays() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, _| {
        drop(std::mem::take(caller.store()));
        Ok(8)
    });
    let instance = instance_with(&mut store, &module(&["call_import"], ""), import);
    assert_eq!(call(&mut store, instance, "call_import", &[]).unwrap(), 9);
    let mut store = Store::new();
    let import = host(&mut store, |caller, arguments| {
        drop(std::mem::take(caller.store()));
        Ok(arguments[0])
    });
    assert_eq!(call_func(&mut store, import, &[7]).unwrap(), 7);
}

/// Whoever has it could use it, on another thread, while its code goes on. The test runs itself once more for that.
#[test]
fn a_store_that_is_swapped_away_and_kept_while_it_runs_ends_the_process() {
    const INNER: &str = "RUN_WITH_A_KEPT_STORE";
    if std::env::var_os(INNER).is_some() {
        let mut store = Store::new();
        let (kept, keep) = std::sync::mpsc::channel();
        let import = host(&mut store, move |caller, _| {
            kept.send(std::mem::take(caller.store())).expect("somebody listens");
            Ok(8)
        });
        let instance = instance_with(&mut store, &module(&["call_import"], ""), import);
        let other = std::thread::spawn(move || keep.recv());
        let _ = call(&mut store, instance, "call_import", &[]);
        drop(other.join());
        return;
    }
    let test = "calls::a_store_that_is_swapped_away_and_kept_while_it_runs_ends_the_process";
    let mut command = std::process::Command::new(std::env::current_exe().expect("a test knows its own path"));
    let output = command.args(["--exact", test, "--nocapture"]).env(INNER, "").output().expect("the test runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");
    assert!(told.contains("a host function has kept the store that runs it"), "{told}");
}

/// To use another store for a while is fine, and so is to run the one that was swapped away.
#[test]
fn a_store_that_is_swapped_away_for_a_while_runs_on() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, arguments| {
        let mut own = std::mem::take(caller.store());
        let sum = host(&mut own, |_, arguments| Ok(arguments[0] + 1));
        let result = call_func(&mut own, sum, &[arguments[0]]);
        *caller.store() = own;
        result.map_err(Into::into)
    });
    assert_eq!(call_func(&mut store, import, &[7]).unwrap(), 8);
}

#[test]
#[should_panic(expected = "a handle is used with the store that it belongs to")]
fn a_handle_of_another_store_is_refused() {
    let mut store = Store::new();
    let sum = host(&mut store, |_, arguments| Ok(arguments[0]));
    let _ = call_func(&mut Store::new(), sum, &[]);
}

#[test]
#[should_panic(expected = "host function forger returns no funcref")]
fn a_forged_reference_is_refused() {
    let mut store = Store::new();
    let ty = FuncType::new([], [ValType::FUNCREF]);
    let forge: vm::HostFn = Box::new(|_, slots| {
        slots[0].set_i64(0x1000);
        Ok(())
    });
    let forger = store.host_func(ty, "forger".to_string(), forge);
    let _ = store.call(forger, &[]);
}

#[test]
fn references_cross() {
    let mut store = Store::new();
    let swap: vm::HostFn = Box::new(|_, slots| {
        slots.swap(0, 1);
        Ok(())
    });
    let swap = store.host_func(
        FuncType::new([ValType::FUNCREF, ValType::EXTERNREF], [ValType::EXTERNREF, ValType::FUNCREF]),
        "swap".to_string(),
        swap,
    );
    let instance = instance(&mut store, &module(&["add"], ""));
    let object = store.new_externref(Box::new("object"));
    for func in [func(&store, instance, "add"), swap] {
        let values = [Value::FuncRef(Some(func)), Value::ExternRef(Some(object))];
        assert_eq!(store.call(swap, &values).unwrap(), [values[1], values[0]]);
    }
    assert_eq!(store.externref_data(object).downcast_ref(), Some(&"object"));
    let nulls = [Value::FuncRef(None), Value::ExternRef(None)];
    assert_eq!(store.call(swap, &nulls).unwrap(), [nulls[1], nulls[0]]);
}

#[test]
fn a_reexported_host_function_knows_its_new_caller() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, _| {
        let memory = caller.memory("memory").expect("the caller exports its memory");
        Ok(caller.store().memory_data(memory).unwrap()[0].into())
    });
    let first = instance_with(&mut store, &module(&["call_import"], "(export \"again\" (func $import))"), import);
    let again = func(&store, first, "again");
    let second = instance_with(&mut store, &module(&["call_import"], "(data (i32.const 0) \"\\09\")"), again);
    assert_eq!(call(&mut store, first, "call_import", &[]).unwrap(), 1);
    assert_eq!(call(&mut store, second, "call_import", &[]).unwrap(), 10);
}

#[test]
fn what_may_go_to_other_threads_can() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<Store>();
    send::<Trap>();
    sync::<Trap>();
    send::<vm::Module>();
    sync::<vm::Module>();
    send::<Value>();
    sync::<Value>();
}
