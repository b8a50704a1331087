//! Log lines as all tools print them: `[2026-01-31 23:59:59.999] [info] compile start`, in local time, to standard error. And the
//! switches that several tools take.
#![forbid(unsafe_code)]

pub mod features;
pub mod metering;

use clap::{Arg, ArgMatches};
use std::fmt::Display;
use std::io::Write;

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Off,
    /// Why something failed.
    Error,
    /// What is not as it should be, but does not stop the work.
    Warning,
    /// What the tool does.
    Info,
}

impl Level {
    /// Every level by its name, as `--log-level` takes it and lines show it.
    pub const ALL: &'static [(&'static str, Level)] =
        &[("off", Level::Off), ("error", Level::Error), ("warning", Level::Warning), ("info", Level::Info)];

    fn from_name(name: &str) -> Option<Level> {
        Level::ALL.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
    }

    /// `--log-level`, as all tools take it.
    pub fn arg() -> Arg {
        let names: Vec<_> = Level::ALL.iter().map(|(name, _)| *name).collect();
        let arg = Arg::new("log-level").long("log-level").value_name("LEVEL").help("How much to log");
        arg.value_parser(names).default_value("info")
    }

    /// The value of [`Level::arg`] on a command line.
    ///
    /// # Panics
    /// If the command does not have that argument.
    pub fn given(matches: &ArgMatches) -> Level {
        let name = matches.get_one::<String>("log-level").expect("the argument has a default");
        Level::from_name(name).expect("clap allows only the levels that there are")
    }

    fn name(self) -> &'static str {
        Level::ALL.iter().find(|(_, level)| *level == self).expect("every level is in the list").0
    }
}

/// Prints log lines up to a level.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    level: Level,
}

impl Console {
    /// A console that prints lines up to a level.
    pub fn new(level: Level) -> Console {
        Console { level }
    }

    /// Logs why something failed.
    pub fn error(&self, message: impl Display) {
        self.line(Level::Error, message);
    }

    /// Logs what is not as it should be.
    pub fn warning(&self, message: impl Display) {
        self.line(Level::Warning, message);
    }

    /// Logs what the tool does.
    pub fn info(&self, message: impl Display) {
        self.line(Level::Info, message);
    }

    fn line(&self, level: Level, message: impl Display) {
        if level > self.level {
            return;
        }
        let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "[{now}] [{}] {message}", level.name());
    }
}
