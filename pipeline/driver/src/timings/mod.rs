//! Measuring a compile: what its tasks took, in time and in memory.
//!
//! # What is measured
//!
//! - Time on the wall, and processor time. A task of a unit is done by one thread, whose processor time counts; a task of the whole
//!   module has the process to itself and may use all threads, so there the time of the process counts.
//! - Resident memory, of the whole process: tasks that overlap share it. It is looked at as tasks begin and end, together with the
//!   most that the process ever had. A task's peak is the system's figure if that rose meanwhile; else it is the most that
//!   was seen while the task ran, on any thread.
//!
//! Looking takes some microseconds, outside of the time of any task.

mod memory;
mod report;

use crate::observer::{Function, Notice, Observer, Outcome, Planned, Task};
use artifact::{Stage, UnitId};
use memory::Memory;
use rustix::time::{ClockId, clock_gettime};
use std::collections::BTreeMap;
use std::ops::Sub;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How many of what takes long are listed.
const LONGEST: usize = 10;

/// Measures a compile.
pub struct Timings {
    begun: Instant,
    /// The processor time that the process had taken before.
    before: Duration,
    memory: Memory,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What each thread is at, by its number.
    workers: Vec<Option<Begun>>,
    events: Vec<Event>,
    units: BTreeMap<UnitId, Unit>,
    /// Those that took the longest to lower, the longest first.
    lowered: Vec<Lowered>,
}

/// A task that has begun.
struct Begun {
    at: Times,
    /// The most that the process had ever had resident.
    high: u64,
    /// The most that has been seen since.
    seen: u64,
    /// What is being lowered, and the processor time when that began.
    lowering: Option<(Lowered, Duration)>,
}

/// A task that is done.
struct Event {
    task: Task,
    unit: Option<UnitId>,
    outcome: Outcome,
    worker: usize,
    /// On the wall, since measuring began.
    start: Duration,
    took: Times,
    /// Resident memory at its end, in bytes.
    resident: u64,
    /// The most that there was while it ran.
    peak: u64,
}

/// A function that has been lowered.
struct Lowered {
    index: u32,
    name: Option<String>,
    bytes: u64,
    cpu: Duration,
}

/// What is known of a unit before work on it begins.
struct Unit {
    functions: u32,
    bytes: u64,
    largest: Option<Lowered>,
}

/// A moment by two clocks, or the time between two moments.
#[derive(Clone, Copy, Default)]
struct Times {
    wall: Duration,
    cpu: Duration,
}

impl Sub for Times {
    type Output = Times;

    fn sub(self, earlier: Times) -> Times {
        Times { wall: self.wall.saturating_sub(earlier.wall), cpu: self.cpu.saturating_sub(earlier.cpu) }
    }
}

impl Lowered {
    fn of(function: &Function<'_>) -> Lowered {
        let name = function.name.map(str::to_string);
        Lowered { index: function.index.0, name, bytes: function.bytes, cpu: Duration::ZERO }
    }
}

impl Default for Timings {
    fn default() -> Timings {
        Timings::new()
    }
}

impl Timings {
    /// Begins to measure.
    pub fn new() -> Timings {
        Timings {
            begun: Instant::now(),
            before: clock(ClockId::ProcessCPUTime),
            memory: Memory::new(),
            state: Mutex::default(),
        }
    }

    /// What has been measured: JSON that is a Chrome trace as well, for chrome://tracing and Perfetto. `done` says whether the
    /// compile has come to its end.
    pub fn report(&self, done: bool) -> String {
        let total = Times { wall: self.begun.elapsed(), cpu: clock(ClockId::ProcessCPUTime) - self.before };
        report::report(&self.state(), done, total, self.memory.look().high)
    }

    /// The time for a task.
    fn now(&self, unit: Option<UnitId>) -> Times {
        let clock_of = if unit.is_some() { ClockId::ThreadCPUTime } else { ClockId::ProcessCPUTime };
        Times { wall: self.begun.elapsed(), cpu: clock(clock_of) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it adds what it measured")
    }
}

impl State {
    fn worker(&mut self) -> (usize, &mut Option<Begun>) {
        let number = rayon::current_thread_index().unwrap_or_default();
        if self.workers.len() <= number {
            self.workers.resize_with(number + 1, || None);
        }
        (number, &mut self.workers[number])
    }

    /// Tells all that run how much memory there is.
    fn see(&mut self, resident: u64) {
        for begun in self.workers.iter_mut().flatten() {
            begun.seen = begun.seen.max(resident);
        }
    }

    fn lowered(&mut self, function: Lowered) {
        let place = self.lowered.partition_point(|other| other.cpu >= function.cpu);
        if place < LONGEST {
            self.lowered.insert(place, function);
            self.lowered.truncate(LONGEST);
        }
    }
}

impl Observer for Timings {
    fn begins(&self, _: Stage) {}

    fn planned(&self, units: &[Planned<'_>], _: Stage) {
        let unit = |planned: &Planned<'_>| Unit {
            functions: planned.functions,
            bytes: planned.bytes,
            largest: planned.largest.as_ref().map(Lowered::of),
        };
        self.state().units.extend(units.iter().map(|planned| (planned.unit, unit(planned))));
    }

    fn started(&self, _: Task, unit: Option<UnitId>) {
        let memory = self.memory.look();
        let mut state = self.state();
        state.see(memory.resident);
        let (_, worker) = state.worker();
        *worker = Some(Begun { at: self.now(unit), high: memory.high, seen: memory.resident, lowering: None });
    }

    fn lowering(&self, function: Option<&Function<'_>>) {
        let now = clock(ClockId::ThreadCPUTime);
        let mut state = self.state();
        let Some(begun) = state.worker().1 else { return };
        let next = function.map(|function| (Lowered::of(function), now));
        if let Some((function, since)) = std::mem::replace(&mut begun.lowering, next) {
            state.lowered(Lowered { cpu: now.saturating_sub(since), ..function });
        }
    }

    fn finished(&self, task: Task, unit: Option<UnitId>, outcome: Outcome) {
        let now = self.now(unit);
        let memory = self.memory.look();
        let mut state = self.state();
        state.see(memory.resident);
        let (worker, begun) = state.worker();
        let Some(begun) = begun.take() else { return };
        let peak = if memory.high > begun.high { memory.high } else { begun.seen };
        state.events.push(Event {
            task,
            unit,
            outcome,
            worker,
            start: begun.at.wall,
            took: now - begun.at,
            resident: memory.resident,
            peak,
        });
    }

    fn noticed(&self, _: &Notice<'_>) {}
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_take_longest_are_listed() {
        let mut state = State::default();
        for number in 0..40 {
            // In no order, and each time twice.
            let (index, cpu) = (number, Duration::from_millis(u64::from(number * 7 % 20)));
            state.lowered(Lowered { index, name: None, bytes: 0, cpu });
        }
        let listed: Vec<_> = state.lowered.iter().map(|function| function.cpu.as_millis()).collect();
        assert_eq!(listed, [19, 19, 18, 18, 17, 17, 16, 16, 15, 15]);
    }
}
