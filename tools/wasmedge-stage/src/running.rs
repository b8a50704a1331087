//! What the threads of a compile are at, for a display.

use artifact::{Stage, UnitId};
use driver::{Function, Planned, Task};
use indicatif::HumanBytes;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};
use std::thread::ThreadId;
use std::time::{Duration, Instant};
use terminal::truncate_str;

/// What takes less is not worth a line.
const LONG: Duration = Duration::from_millis(500);
/// How many lines there are at most, on however many cores.
const LINES: usize = 4;

/// The tasks that run.
#[derive(Default)]
pub struct Running {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tasks: HashMap<ThreadId, Current>,
    units: HashMap<UnitId, String>,
    last: Option<Stage>,
}

/// What a thread is at.
struct Current {
    task: Task,
    unit: Option<UnitId>,
    since: Instant,
    /// What is being lowered.
    function: Option<String>,
}

impl Running {
    /// These units are going to be worked on, up to a stage.
    pub fn planned(&self, units: &[Planned<'_>], last: Stage) {
        let mut state = self.state();
        state.units = units.iter().map(|planned| (planned.unit, describe(planned))).collect();
        state.last = Some(last);
    }

    /// The thread begins a task.
    pub fn started(&self, task: Task, unit: Option<UnitId>) {
        let current = Current { task, unit, since: Instant::now(), function: None };
        self.state().tasks.insert(std::thread::current().id(), current);
    }

    /// The thread comes to a function.
    pub fn lowering(&self, function: Option<&Function<'_>>) {
        if let Some(current) = self.state().tasks.get_mut(&std::thread::current().id()) {
            current.function = function.map(name);
        }
    }

    /// The thread is done with its task. Whether that was the last one of its unit.
    pub fn finished(&self, task: Task, unit: Option<UnitId>) -> bool {
        let mut state = self.state();
        state.tasks.remove(&std::thread::current().id());
        unit.is_some() && state.last.is_some_and(|last| task == Task::Stage(last))
    }

    /// A line for each of the tasks that have taken longest, if they take long, for a terminal of some width.
    pub fn lines(&self, now: Instant, width: usize) -> Vec<String> {
        let state = self.state();
        let mut long: Vec<&Current> =
            state.tasks.values().filter(|current| now.saturating_duration_since(current.since) >= LONG).collect();
        long.sort_by_key(|current| (current.since, current.unit));
        let line = |current: &&Current| {
            let unit = current.unit.map(|unit| unit.to_string()).unwrap_or_default();
            let seconds = (now - current.since).as_secs_f64();
            let known = || current.unit.and_then(|unit| state.units.get(&unit)).map(String::as_str);
            let what = current.function.as_deref().or_else(known).unwrap_or_default();
            let line = format!("  {:14} {unit:9} {seconds:6.1} s  {what}", current.task.to_string());
            truncate_str(line.trim_end(), width, "…").into_owned()
        };
        long.iter().take(LINES).map(line).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics while it says what it is at")
    }
}

fn describe(planned: &Planned<'_>) -> String {
    let Some(largest) = &planned.largest else { return "wrappers between host and native code".to_string() };
    // The name comes early: narrow terminals cut the line.
    let of = if planned.functions > 1 { format!("largest of {}: ", planned.functions) } else { String::new() };
    format!("{of}{}, {}", name(largest), HumanBytes(largest.bytes))
}

/// A function as a terminal can show it: a module may name it as it likes.
fn name(function: &Function<'_>) -> String {
    function.to_string().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use driver::FuncIdx;

    fn function(name: &str) -> Function<'_> {
        Function { index: FuncIdx(7), name: Some(name), bytes: 2048 }
    }

    #[test]
    fn what_takes_long_is_shown() {
        let running = Running::default();
        let largest = Some(function("main"));
        let unit = UnitId::Functions(3);
        running.planned(&[Planned { unit, functions: 12, bytes: 65536, largest }], Stage::Codegen);
        running.started(Task::Stage(Stage::Optimize), Some(unit));
        let now = Instant::now();
        assert_eq!(running.lines(now, 80), [""; 0]);
        let later = now + Duration::from_secs(2);
        let line = "  optimize       unit-0003    2.0 s  largest of 12: function 7 `main`, 2.00 KiB";
        assert_eq!(running.lines(later, 120), [line]);
        assert_eq!(running.lines(later, 40), ["  optimize       unit-0003    2.0 s  la…"]);
        assert!(!running.finished(Task::Stage(Stage::Optimize), Some(unit)));
        assert_eq!(running.lines(later, 80), [""; 0]);
        assert!(running.finished(Task::Stage(Stage::Codegen), Some(unit)));
        assert!(!running.finished(Task::Stage(Stage::Codegen), None));
    }

    #[test]
    fn names_do_not_reach_the_terminal_as_they_are() {
        let running = Running::default();
        running.started(Task::Stage(Stage::Lower), Some(UnitId::Functions(0)));
        running.lowering(Some(&function("\u{1b}[2Jgrün\n")));
        let lines = running.lines(Instant::now() + LONG, 80);
        assert_eq!(lines, ["  lower          unit-0000    0.5 s  function 7 `\\u{1b}[2Jgrün\\n`"]);
    }

    #[test]
    fn of_many_those_that_began_first_are_shown() {
        let running = Running::default();
        for unit in 0..10 {
            std::thread::scope(|scope| {
                scope.spawn(|| running.started(Task::Stage(Stage::Codegen), Some(UnitId::Functions(unit))));
            });
        }
        let lines = running.lines(Instant::now() + LONG, 80);
        let units: Vec<&str> = lines.iter().filter_map(|line| line.split_whitespace().nth(1)).collect();
        assert_eq!(units, ["unit-0000", "unit-0001", "unit-0002", "unit-0003"]);
    }
}
