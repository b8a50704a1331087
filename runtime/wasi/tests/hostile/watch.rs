//! A program under watch: calls that wait are interrupted, and what a call does to memory is seen.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasi::{Builder, End, Function, Input, Interrupt, Memory, Output, Pipe};

use crate::common::Guest;
use crate::world::World;

/// How long a call may wait.
const PATIENCE: Duration = Duration::from_millis(10);

/// Interrupts a call that takes long.
pub struct Watch {
    interrupt: Interrupt,
    /// Counts the calls: odd while one is under way. Held to raise the interrupt, which so never comes after the call.
    calls: Arc<Mutex<u64>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub fn new() -> Self {
        let interrupt = Interrupt::new().unwrap();
        let calls = Arc::new(Mutex::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (interrupt, calls, over) = (interrupt.clone(), calls.clone(), over.clone());
            move || {
                let mut last = 0;
                while !over.load(Ordering::SeqCst) {
                    thread::sleep(PATIENCE);
                    let now = calls.lock().unwrap();
                    if *now % 2 == 1 && *now == last {
                        interrupt.raise();
                    }
                    last = *now;
                }
            }
        });
        Watch { interrupt, calls, over, thread: Some(thread) }
    }

    /// A guest in a world, which cannot wait for ever: its folders have the descriptors 3 and 4.
    pub fn guest(&self, world: &World, net: bool) -> Guest {
        let stdout = Pipe::new();
        let mut builder = Builder::new();
        builder.args(["program", "one"]).env("KEY", "value").interrupt(self.interrupt.clone()).allow_net(net);
        builder.stdin(Input::Bytes(b"input".to_vec()));
        builder.stdout(Output::Pipe(stdout.clone())).stderr(Output::Pipe(stdout.clone()));
        builder.preopen_dir(&world.path("inside"), "/", false).unwrap();
        builder.preopen_dir(&world.path("frozen"), "/frozen", true).unwrap();
        Guest { context: builder.build(), memory: vec![0; 0x2_0000], stdout }
    }

    /// Makes a call in the guest's memory, and returns what it returns, once it is sure that nothing was written outside of `writable`.
    pub fn call(
        &self,
        guest: &mut Guest,
        function: &Function,
        args: &[u64],
        writable: &[Range<u64>],
    ) -> Result<u64, End> {
        let _report = Report { function, args };
        let before = guest.memory.clone();
        let mut memory = std::mem::take(&mut guest.memory);
        let result = self.run(guest, &mut Memory::new(&mut memory), function, args);
        guest.memory = memory;
        assert_eq!(before.len(), guest.memory.len());
        if before != guest.memory {
            for (at, (old, new)) in before.iter().zip(&guest.memory).enumerate() {
                let at = at as u64;
                assert!(old == new || writable.iter().any(|range| range.contains(&at)), "wrote to {at:#x}");
            }
        }
        result
    }
}

impl Watch {
    /// Makes a call in a memory of its own.
    pub fn call_in(
        &self,
        guest: &mut Guest,
        memory: &mut Memory<'_>,
        function: &Function,
        args: &[u64],
    ) -> Result<u64, End> {
        let _report = Report { function, args };
        self.run(guest, memory, function, args)
    }

    fn run(&self, guest: &mut Guest, memory: &mut Memory<'_>, function: &Function, args: &[u64]) -> Result<u64, End> {
        *self.calls.lock().unwrap() += 1;
        let result = (function.call)(&mut guest.context, memory, args);
        *self.calls.lock().unwrap() += 1;
        self.interrupt.clear();
        if let Ok(errno) = result {
            assert!(errno <= 87, "{errno} is no error number");
        }
        result
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Tells which call it was that failed.
struct Report<'r> {
    function: &'r Function,
    args: &'r [u64],
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the call was {}{:x?}", self.function.name, self.args);
        }
    }
}
