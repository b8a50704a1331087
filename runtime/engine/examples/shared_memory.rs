//! Lets instances on several threads work on one memory. A store is one thread's at a time, so each has its own; the memory
//! belongs to all of them.

use engine::{Feature, Features, Limits, Linker, Loading, MemoryType, Module, SharedMemory, Store};
use std::error::Error;
use std::thread;

const THREADS: u32 = 4;
const TURNS: u32 = 1_000;

const COUNTER: &str = r#"(module
    (import "host" "memory" (memory 1 1 shared))
    (func (export "count") (param $turns i32)
        (loop $next
            (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
            (br_if $next (local.tee $turns (i32.sub (local.get $turns) (i32.const 1)))))))"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut features = Features::default();
    features.0.insert(Feature::Threads);
    let module = Module::from_text_in(COUNTER, Loading { features, ..Loading::default() })?;

    let ty = MemoryType { limits: Limits { min: 1, max: Some(1) }, memory64: false, shared: true };
    let memory = SharedMemory::new(ty)?;
    let mut linker = Linker::new();
    linker.define_shared_memory("host", "memory", &memory);

    let work = || -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut store = Store::new();
        let count = linker.instantiate(&mut store, &module)?.typed_func::<u32, ()>(&store, "count")?;
        Ok(count.call(&mut store, TURNS)?)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })
    .map_err(|error| error as Box<dyn Error>)?;

    let mut bytes = [0; 4];
    memory.read(0, &mut bytes)?;
    let count = u32::from_le_bytes(bytes);
    println!("{THREADS} threads have counted to {count}");
    assert_eq!(count, THREADS * TURNS);
    Ok(())
}
