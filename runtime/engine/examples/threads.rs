//! Runs instances of one compiled module on many threads at once. Modules and linkers are shared; each thread has its own store.

use artifact::Options;
use driver::{Request, Silent};
use engine::{Caller, Linker, Mode, Module, Store};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

const THREADS: u32 = 8;
const INSTANCES: u32 = 25;

/// Counts the primes below a limit with a sieve in its memory, and tells the host of each.
const SIEVE: &str = r#"(module
    (import "host" "found" (func $found (param i32)))
    (memory 1)
    (func (export "primes") (param $limit i32) (result i32) (local $i i32) (local $j i32) (local $count i32)
        (local.set $i (i32.const 2))
        (loop $next
            (if (i32.eqz (i32.load8_u (local.get $i)))
                (then
                    (call $found (local.get $i))
                    (local.set $count (i32.add (local.get $count) (i32.const 1)))
                    (local.set $j (local.get $i))
                    (loop $multiples
                        (i32.store8 (local.get $j) (i32.const 1))
                        (local.set $j (i32.add (local.get $j) (local.get $i)))
                        (br_if $multiples (i32.lt_u (local.get $j) (local.get $limit))))))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (local.get $limit))))
        (local.get $count)))"#;

/// The largest prime that an instance of a store has found.
struct Largest(u32);

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let request = Request::new(Options::new(driver::host_target(false)));
    let compiled = driver::compile(&wat::parse_str(SIEVE)?, &request, &Silent)?;
    let module = Module::from_bytes_in(compiled.file, Mode::Aot)?;

    // What the closure captures is shared by all stores; what belongs to one is that store's state.
    let total = Arc::new(AtomicU64::new(0));
    let mut linker = Linker::new();
    let counter = total.clone();
    linker.func_wrap("host", "found", move |caller: &mut Caller<'_>, prime: u32| {
        counter.fetch_add(1, Ordering::Relaxed);
        caller.set_state(Largest(prime));
    });

    let work = |thread: u32| -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut store = Store::new();
        for instance in 0..INSTANCES {
            // Each has a memory of its own, or the second would find what the first has crossed out.
            let primes = linker.instantiate(&mut store, &module)?.typed_func::<u32, u32>(&store, "primes")?;
            let limit = 1_000 + 100 * ((thread + instance) % 2);
            let (count, largest) = if limit == 1_000 { (168, 997) } else { (184, 1_097) };
            assert_eq!(primes.call(&mut store, limit)?, count);
            assert_eq!(store.state::<Largest>().map(|largest| largest.0), Some(largest));
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
    .map_err(|error| error as Box<dyn Error>)?;

    let total = total.load(Ordering::Relaxed);
    println!("{} instances on {THREADS} threads found {total} primes", THREADS * INSTANCES);
    assert_eq!(total, u64::from(THREADS * INSTANCES / 2) * (168 + 184));
    Ok(())
}
