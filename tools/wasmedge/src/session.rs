//! A store with limits, and what is told of it in the end.

use crate::arguments::Linking;
use crate::report;
use console::Console;
use console::codes::{Code, Failure};
use engine::{Ability, Config, InterruptHandle, Store, TrapCode, WasiInterrupt};
use std::process;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// How long a program that shall stop may go on with something that cannot be interrupted, such as reading from a disk.
const GRACE: Duration = Duration::from_millis(500);

/// The lines around the statistics.
const TITLE: &str = "====================  Statistics  ====================";
const END: &str = "=======================   End   ======================";

/// A store with the limits of a command line.
pub struct Session {
    /// What holds all instances.
    pub store: Store,
    /// What ends calls of WASI that wait, if there is a limit on time.
    pub interrupt: Option<WasiInterrupt>,
    statistics: Statistics,
    console: Console,
    watch: Option<Watch>,
}

/// What is told in the end.
#[derive(Clone, Copy)]
struct Statistics {
    time: bool,
    instructions: bool,
    gas: bool,
}

impl Session {
    /// Makes a store. A limit on time begins to count.
    ///
    /// # Errors
    /// If the system has no thread or descriptor left to watch the time.
    pub fn begin(linking: &Linking, console: Console) -> Result<Session, Failure> {
        let metering = &linking.loading.metering;
        let abilities = [
            (Ability::CountGas, metering.gas.is_some()),
            (Ability::CountInstructions, metering.instructions),
            (Ability::BeInterrupted, metering.interruptible),
        ];
        let mut store = Store::with_config(Config {
            memory_page_limit: linking.memory_page_limit,
            required: abilities.into_iter().filter(|&(_, required)| required).map(|(ability, _)| ability).collect(),
            measure_time: linking.measures_time,
            ..Config::default()
        });
        if let Some(gas) = linking.gas_limit {
            store.set_gas_limit(gas);
        }
        let begin = |limit| Watch::begin(limit, store.interrupt_handle(), console);
        let watch = linking
            .time_limit
            .map(begin)
            .transpose()
            .map_err(|error| Failure::new(Code::System, format!("cannot open what a time limit needs: {error}")))?;
        let (interrupt, watch) = watch.unzip();
        let statistics = Statistics {
            time: linking.measures_time,
            instructions: metering.instructions,
            gas: metering.gas.is_some() && linking.tells_gas,
        };
        Ok(Session { store, interrupt, statistics, console, watch })
    }

    /// Ends the limit on time: the program has ended, and what is printed of it takes as long as its readers do.
    pub fn end(&self) {
        if let Some(watch) = &self.watch {
            watch.end();
        }
    }

    /// Logs the statistics that were asked for, if the program has run.
    pub fn tell<T>(&mut self, result: &Result<T, report::End>) {
        let Statistics { time, instructions, gas } = self.statistics;
        if !(time || instructions || gas) || matches!(result, Err(report::End::Failure(_))) {
            return;
        }
        let times = self.store.times();
        let executed = self.store.instruction_count();
        self.console.info(TITLE);
        if let Some(times) = times {
            self.console.info(format_args!(" Total execution time: {} ns", (times.wasm + times.host).as_nanos()));
            self.console.info(format_args!(" Wasm instructions execution time: {} ns", times.wasm.as_nanos()));
            self.console.info(format_args!(" Host functions execution time: {} ns", times.host.as_nanos()));
        }
        if instructions {
            self.console.info(format_args!(" Executed wasm instructions count: {executed}"));
        }
        if gas {
            self.console.info(format_args!(" Gas costs: {}", self.store.gas_used()));
        }
        if let Some(times) = times.filter(|times| instructions && !times.wasm.is_zero()) {
            let rate = executed as f64 / times.wasm.as_secs_f64();
            self.console.info(format_args!(" Instructions per second: {rate:.0}"));
        }
        self.console.info(END);
    }
}

const UNPOISONED: &str = "nobody panics with the lock";

/// A thread that stops a store's code after a time.
struct Watch {
    /// Whether the code has ended by itself. Who holds the lock decides it: the thread keeps it while it ends the process.
    ended: Arc<(Mutex<bool>, Condvar)>,
}

impl Watch {
    /// Begins to count. Also gives what ends calls of WASI that wait.
    fn begin(limit: Duration, code: InterruptHandle, console: Console) -> std::io::Result<(WasiInterrupt, Watch)> {
        let wasi = WasiInterrupt::new()?;
        let raised = wasi.clone();
        let watch = Watch { ended: Arc::default() };
        let shared = Arc::clone(&watch.ended);
        thread::Builder::new().name("time limit".to_string()).spawn(move || {
            let (ended, changed) = &*shared;
            let wait = |ended, time| {
                let waited = changed.wait_timeout_while(ended, time, |ended: &mut bool| !*ended);
                waited.expect(UNPOISONED).0
            };
            let ended = wait(ended.lock().expect(UNPOISONED), limit);
            if *ended {
                return;
            }
            code.interrupt();
            raised.raise();
            let ended = wait(ended, GRACE);
            if !*ended {
                let reason = TrapCode::Interrupted;
                console.error(format_args!("execution failed: {reason}, Code: {:#05x}", reason.code()));
                process::exit(report::TRAPPED.into());
            }
        })?;
        Ok((wasi, watch))
    }

    /// Ends it.
    fn end(&self) {
        let (ended, changed) = &*self.ended;
        *ended.lock().expect(UNPOISONED) = true;
        changed.notify_one();
    }
}
