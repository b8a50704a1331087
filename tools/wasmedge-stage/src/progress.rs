//! What a user sees of a compile: a log line as each phase begins, and on a terminal a bar over the units.

use artifact::{Stage, UnitId};
use console::Console;
use driver::{Notice, Observer, Outcome, Task};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Shows how far a compile is.
pub struct Progress {
    console: Console,
    bar: ProgressBar,
}

impl Progress {
    /// A display that logs to a console; with `bar`, it also draws a bar if standard error is a terminal.
    pub fn new(console: Console, bar: bool) -> Progress {
        let style = "{bar:30} {pos}/{len} units, {elapsed}";
        let style = ProgressStyle::with_template(style).expect("the template is well-formed");
        let shown = bar && std::io::stderr().is_terminal();
        Progress {
            console,
            bar: if shown { ProgressBar::no_length().with_style(style) } else { ProgressBar::hidden() },
        }
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

impl Observer for Progress {
    fn begins(&self, stage: Stage) {
        match stage {
            // Reading and lowering are what `compile start` announces.
            Stage::Parse | Stage::Validate | Stage::Lower => {}
            Stage::Verify | Stage::Optimize | Stage::Codegen | Stage::Output => self.info(&format!("{stage} start")),
        }
    }

    fn planned(&self, units: usize) {
        self.bar.set_length(units as u64);
    }

    fn started(&self, _: Task, _: Option<UnitId>) {}

    fn finished(&self, task: Task, _: Option<UnitId>, _: Outcome) {
        if task == Task::Stage(Stage::Codegen) {
            self.bar.inc(1);
        }
    }

    fn noticed(&self, notice: &Notice<'_>) {
        let warn = |message: String| self.bar.suspend(|| self.console.warning(message));
        match notice {
            Notice::Unoptimized(function) => self.info(&format!("{function} is too large to be optimized")),
            Notice::Edited(path) => self.info(&format!("{} was edited, and is used as it is", path.display())),
            Notice::Damaged(path) => warn(format!("{} is damaged, and is made again", path.display())),
            Notice::NotCached(folder, error) => {
                warn(format!("the cache {} cannot be written to: {error}", folder.display()));
            }
            Notice::Waiting(path) => self.info(&format!("waiting for another compile in {}", path.display())),
        }
    }
}
