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
    /// Begins to look, as the switches of a command ask for, which reads one file and writes another.
    ///
    /// # Errors
    /// If there is no place for what is to be written, or something would be lost by it: better before the work than after it.
    pub fn new(matches: &ArgMatches, read: Option<&Path>, out: Option<&Path>) -> Result<Watch, Failure> {
        let timings = options::path(matches, "timings");
        let dump = matches.try_get_one("dump").is_ok_and(|dump| dump == Some(&true));
        let dumps: &[&str] = if dump { &["wasm.ll", "wasm-opt.ll"] } else { &[] };
        for path in out.into_iter().chain(timings) {
            files::check_place(path)?;
            if read.is_some_and(|read| files::same_place(path, read)) {
                return Err(files::unwritable(path, "it is the module to compile, which would be lost"));
            }
            if dumps.iter().any(|dump| files::same_place(path, Path::new(dump))) {
                return Err(files::unwritable(path, "the dump is written there"));
            }
            if options::build_dir(matches).is_some_and(|dir| dir.keeps(path)) {
                return Err(files::unwritable(path, "the build directory keeps something there"));
            }
        }
        if let (Some(out), Some(timings)) = (out, timings)
            && files::same_place(out, timings)
        {
            return Err(files::unwritable(timings, "OUT is written there"));
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
