//! What a user sees of a compile: a log line as each phase begins, and on a terminal a bar over the units, and below it what has been
//! taking long.

use crate::running::Running;
use artifact::{Stage, UnitId};
use console::Console;
use driver::{Function, Notice, Observer, Outcome, Planned, Task};
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};
use terminal::Term;

/// How often it is drawn, whatever happens.
const TICK: Duration = Duration::from_millis(100);

/// Shows how far a compile is.
pub struct Progress {
    console: Console,
    bar: ProgressBar,
    /// Kept only if it is shown.
    running: Option<Arc<Running>>,
}

impl Progress {
    /// A display that logs to a console; with `bar`, it also draws if standard error is a terminal.
    pub fn new(console: Console, bar: bool) -> Progress {
        if !bar || !std::io::stderr().is_terminal() {
            return Progress { console, bar: ProgressBar::hidden(), running: None };
        }
        let width = || Term::stderr().size().1.into();
        let progress = Progress::drawn(console, ProgressDrawTarget::stderr(), width);
        progress.bar.enable_steady_tick(TICK);
        progress
    }

    /// A display on a terminal, which is so wide.
    fn drawn(console: Console, target: ProgressDrawTarget, width: fn() -> usize) -> Progress {
        let running = Arc::<Running>::default();
        let lines = running.clone();
        let style = ProgressStyle::with_template("{bar:30} {units}{elapsed}{left}{running}");
        let style = style.expect("the template is well-formed");
        let style = style.with_key("units", units).with_key("left", left);
        let style = style.with_key("running", move |_: &ProgressState, out: &mut dyn Write| {
            for line in lines.lines(Instant::now(), width()) {
                let _ = write!(out, "\n{line}");
            }
        });
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        Progress { console, bar, running: Some(running) }
    }

    /// Logs a line above the bar.
    pub fn info(&self, message: &str) {
        self.bar.suspend(|| self.console.info(message));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// How many units are done, once it is known how many there are.
fn units(state: &ProgressState, out: &mut dyn Write) {
    if let Some(all) = state.len() {
        let _ = write!(out, "{}/{all} units, ", state.pos());
    }
}

/// How long it will take, once there is something to go by.
fn left(state: &ProgressState, out: &mut dyn Write) {
    let left = state.eta();
    if state.pos() > 0 && left >= Duration::from_secs(1) {
        let _ = write!(out, ", about {:#} left", HumanDuration(left));
    }
}

impl Observer for Progress {
    fn begins(&self, stage: Stage) {
        match stage {
            // Reading and lowering are what `compile start` announces.
            Stage::Parse | Stage::Validate | Stage::Lower => {}
            Stage::Verify | Stage::Optimize | Stage::Codegen | Stage::Output => self.info(&format!("{stage} start")),
        }
    }

    fn planned(&self, units: &[Planned<'_>], last: Stage) {
        if let Some(running) = &self.running {
            running.planned(units, last);
            self.bar.set_length(units.len() as u64);
        }
    }

    fn started(&self, task: Task, unit: Option<UnitId>) {
        if let Some(running) = &self.running {
            running.started(task, unit);
        }
    }

    fn lowering(&self, function: Option<&Function<'_>>) {
        if let Some(running) = &self.running {
            running.lowering(function);
        }
    }

    fn finished(&self, task: Task, unit: Option<UnitId>, _: Outcome) {
        if self.running.as_ref().is_some_and(|running| running.finished(task, unit)) {
            self.bar.inc(1);
        }
    }

    fn noticed(&self, notice: &Notice<'_>) {
        let warn = |message: String| self.bar.suspend(|| self.console.warning(message));
        match notice {
            Notice::Unoptimized(function) => self.info(&format!("{function} is too large to be optimized")),
            Notice::Edited(path) => self.info(&format!("{} was edited, and is used as it is", path.display())),
            Notice::SetAside(path, place) => warn(format!(
                "{} was edited, and is made again: the edit is kept as {}",
                path.display(),
                place.display()
            )),
            Notice::Damaged(path) => warn(format!("{} is damaged, and is made again", path.display())),
            Notice::NotCached(folder, error) => {
                warn(format!("the cache {} cannot be written to: {error}", folder.display()));
            }
            Notice::Waiting(path) => self.info(&format!("waiting for another compile in {}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    #[test]
    fn a_bar_and_what_takes_long_are_drawn_and_taken_away() {
        let terminal = InMemoryTerm::new(10, 60);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let progress = Progress::drawn(Console::new(console::Level::Off), target, || 60);
        let drawn = || {
            progress.bar.tick();
            terminal.contents()
        };
        let stage = Task::Stage(Stage::Optimize);
        progress.started(Task::Stage(Stage::Parse), None);
        assert!(!drawn().contains("units"), "{}", terminal.contents());
        progress.finished(Task::Stage(Stage::Parse), None, Outcome::Made(None));
        let units = [0, 1].map(UnitId::Functions);
        let plan = units.map(|unit| Planned { unit, functions: 0, bytes: 0, largest: None });
        progress.planned(&plan, Stage::Optimize);
        assert!(drawn().contains(" 0/2 units, 0s"), "{}", terminal.contents());
        for unit in units {
            progress.started(stage, Some(unit));
            std::thread::sleep(Duration::from_millis(600));
            let shown = drawn();
            let lines: Vec<&str> = shown.lines().collect();
            assert_eq!(lines.len(), 2, "{shown}");
            assert!(lines[1].starts_with(&format!("  optimize       {unit}    0.")), "{shown}");
            progress.finished(stage, Some(unit), Outcome::Made(None));
            let shown = drawn();
            assert_eq!(shown.lines().count(), 1, "{shown}");
        }
        assert!(drawn().contains(" 2/2 units, 1s"), "{}", terminal.contents());
        progress.finish();
        assert_eq!(terminal.contents(), "");
    }
}
