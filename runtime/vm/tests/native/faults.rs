//! Faults: of the guest, which are traps, and of the host, which are not.

use crate::image::{call, host, instance, instance_with, memory, module};
use abi::layout::PAGE_SIZE;
use abi::trap::TrapCode;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use vm::{Store, runtime_symbols};

#[test]
fn loads_past_the_end_trap() {
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["load", "clobber"], ""));
    let page = PAGE_SIZE as i64;
    assert_eq!(call(&mut store, instance, "load", &[page - 8]).unwrap(), 0);
    // The last reaches as far as an address and an offset can.
    for address in [page - 7, page, 3 * page, 1 << 32, (1 << 33) + page - 16] {
        for name in ["load", "clobber"] {
            let trap = call(&mut store, instance, name, &[address]).unwrap_err();
            assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
            assert_eq!(trap.frames.len(), 1);
            assert_eq!(trap.frames[0].name.as_deref(), Some(name));
        }
    }
    let memory = memory(&store, instance);
    assert_eq!(store.memory_grow(memory, 2), Some(1));
    assert_eq!(call(&mut store, instance, "load", &[3 * page - 8]).unwrap(), 0);
}

#[test]
fn a_fault_in_a_runtime_symbol_is_its_callers() {
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["copy"], "(data (i32.const 0) \"abcd\")"));
    let memcpy = runtime_symbols().address("memcpy").unwrap() as i64;
    assert_eq!(call(&mut store, instance, "copy", &[100, 0, 4, memcpy]).unwrap(), 0);
    assert_eq!(store.memory_data(memory(&store, instance)).unwrap()[100..104], *b"abcd");
    let trap = call(&mut store, instance, "copy", &[65000, 0, 4000, memcpy]).unwrap_err();
    assert_eq!(trap.code(), Some(TrapCode::MemoryOutOfBounds));
    assert_eq!(trap.frames[0].name.as_deref(), Some("copy"));
}

/// Runs a test of this program that ends its process.
fn run(test: &str) -> Output {
    let program = std::env::current_exe().expect("the test's own program");
    let arguments = ["--ignored", "--exact", "--test-threads", "1", test];
    Command::new(program).args(arguments).output().expect("the program runs")
}

fn dies_by_fault(test: &str) {
    let output = run(test);
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{:?} {text}", output.status);
}

#[test]
fn a_fault_of_a_host_function_is_no_trap() {
    dies_by_fault("faults::host_function_faults");
}

#[test]
#[ignore = "ends the process"]
fn host_function_faults() {
    let mut store = Store::new();
    let import = host(&mut store, |_, _| {
        // SAFETY: none: it is to fault.
        Ok(unsafe { std::ptr::without_provenance::<i64>(std::hint::black_box(8)).read_volatile() })
    });
    let instance = instance_with(&mut store, &module(&["call_import"], ""), import);
    let _ = call(&mut store, instance, "call_import", &[]);
}

#[test]
fn a_host_function_that_reads_past_a_memory_is_no_trap() {
    dies_by_fault("faults::host_function_reads_past_memory");
}

#[test]
#[ignore = "ends the process"]
fn host_function_reads_past_memory() {
    let mut store = Store::new();
    let import = host(&mut store, |caller, _| {
        let memory = caller.memory("memory").expect("the caller exports its memory");
        let bytes = caller.store().memory_data(memory).unwrap().as_ptr();
        // SAFETY: none: it is to fault.
        Ok(unsafe { bytes.wrapping_add(PAGE_SIZE as usize).read_volatile() }.into())
    });
    let instance = instance_with(&mut store, &module(&["call_import"], ""), import);
    let _ = call(&mut store, instance, "call_import", &[]);
}

#[test]
fn a_fault_of_guest_code_elsewhere_is_no_trap() {
    dies_by_fault("faults::guest_faults_elsewhere");
}

#[test]
#[ignore = "ends the process"]
fn guest_faults_elsewhere() {
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["wild"], ""));
    let _ = call(&mut store, instance, "wild", &[8]);
}

#[test]
fn a_signal_that_is_sent_is_no_trap() {
    dies_by_fault("faults::signal_is_sent");
}

#[test]
#[ignore = "ends the process"]
fn signal_is_sent() {
    let _store = Store::new();
    // SAFETY: sending a signal to oneself has no preconditions.
    unsafe { libc::raise(libc::SIGSEGV) };
}

#[test]
fn a_handler_that_was_there_before_gets_the_hosts_faults() {
    let status = run("faults::host_faults_with_a_handler").status;
    assert_eq!(status.code(), Some(42), "{status:?}");
}

#[test]
#[ignore = "ends the process"]
fn host_faults_with_a_handler() {
    extern "C" fn handler(signal: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the kernel's, passed on; leaving the process at once is async-signal-safe.
        unsafe {
            let address = (*info).si_addr().addr();
            libc::_exit(if (signal, address) == (libc::SIGSEGV, 8) { 42 } else { 43 });
        }
    }
    // SAFETY: the handler is of the kind that the flag says; zero is a valid value of every other field.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut()), 0);
    }
    let mut store = Store::new();
    let instance = instance(&mut store, &module(&["load", "wild"], ""));
    assert!(call(&mut store, instance, "load", &[65536]).is_err());
    let _ = call(&mut store, instance, "wild", &[8]);
}
