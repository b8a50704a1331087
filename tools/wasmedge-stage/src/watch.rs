//! What looks at a compile: the display, and what measures it if that was asked for.

use crate::progress::Progress;
use crate::{files, options};
use clap::ArgMatches;
use console::Console;
use console::codes::Failure;
use driver::{Observer, Timings};
use std::path::{Path, PathBuf};

/// Looks at the work of one command.
pub struct Watch {
    /// The display.
    pub progress: Progress,
    timings: Option<(PathBuf, Timings)>,
}

impl Watch {
    /// Begins to look, as the switches of a command ask for.
    ///
    /// # Errors
    /// If there is no place for what is measured: better before the work than after it. It must not be one of the files that the
    /// command reads and writes.
    pub fn new(matches: &ArgMatches, others: &[&Path]) -> Result<Watch, Failure> {
        let timings = options::path(matches, "timings");
        if let Some(path) = timings {
            files::check_place(path)?;
            let other = others.iter().find(|other| files::same_place(path, other));
            if let Some(other) = other {
                return Err(files::unwritable(path, &format!("it is {}, which would be lost", other.display())));
            }
        }
        Ok(Watch {
            progress: Progress::new(Console::given(matches), !matches.get_flag("quiet")),
            timings: timings.map(|path| (path.to_owned(), Timings::new())),
        })
    }

    /// Does the work; then takes the display away, and writes what was measured, also of work that failed.
    ///
    /// # Errors
    /// Those of the work; else, if what was measured cannot be written.
    pub fn during<T>(&self, work: impl FnOnce(&dyn Observer) -> Result<T, Failure>) -> Result<T, Failure> {
        let result = match &self.timings {
            Some((_, timings)) => work(&(&self.progress, timings)),
            None => work(&self.progress),
        };
        self.progress.finish();
        let Some((path, timings)) = &self.timings else { return result };
        let written = files::write(path, timings.report(result.is_ok()).as_bytes());
        result.and_then(|done| written.map(|()| done))
    }
}
