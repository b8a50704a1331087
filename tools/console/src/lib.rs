//! Log lines as all tools print them: `[2026-01-31 23:59:59.999] [info] compile start`, in local time, to standard error.
#![forbid(unsafe_code)]

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

    /// The level of a name.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
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
