//! Stops a guest from another thread, here after some time.

use artifact::Options;
use driver::{Request, Silent};
use engine::{Linker, Loading, Metering, Mode, Module, Store, TrapCode};
use std::error::Error;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

const GUEST: &str = r#"(module
    (func $endless (export "endless") (loop $again (br $again)))
    (func (export "one") (result i32) (i32.const 1)))"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    // Only code that was made so looks whether it shall stop.
    let metering = Metering { interruptible: true, ..Metering::default() };
    let mut options = Options::new(driver::host_target(false));
    options.metering = metering.clone();
    let request = Request::new(options);
    let compiled = driver::compile(&wat::parse_str(GUEST)?, &request, &Silent)?;
    run(&Module::from_bytes_in(compiled.file, Mode::Aot)?)?;
    run(&Module::from_text_in(GUEST, Loading { metering, ..Loading::default() })?)
}

fn run(module: &Module) -> Result<(), Box<dyn Error>> {
    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, module)?;
    let endless = instance.typed_func::<(), ()>(&store, "endless")?;

    // A handle may go to any thread, and be used at any time.
    let handle = store.interrupt_handle();
    let (finished, wait) = channel::<()>();
    let watchdog = thread::spawn(move || {
        // Ends early when the sender is dropped.
        if wait.recv_timeout(Duration::from_millis(50)) == Err(RecvTimeoutError::Timeout) {
            handle.interrupt();
        }
    });
    let trap = endless.call(&mut store, ()).expect_err("it ends in no other way");
    drop(finished);
    watchdog.join().map_err(|_| "the watchdog panicked")?;
    println!("{trap}, in {}", trap.frames[0].name.as_deref().unwrap_or("a function"));
    assert_eq!(trap.code(), Some(TrapCode::Interrupted));

    // The interrupt is over with the call that it has ended.
    assert_eq!(instance.typed_func::<(), u32>(&store, "one")?.call(&mut store, ())?, 1);
    Ok(())
}
