//! What all tools do alike: log lines (`[2026-01-31 23:59:59.999] [info] compile start`, in local time, to standard error), errors
//! and their codes, reading modules, the switches that several tools take, completions and manual pages.
#![forbid(unsafe_code)]

pub mod codes;
pub mod compile;
pub mod docs;
pub mod features;
pub mod input;
pub mod metering;
pub mod usage;

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ArgMatches};
use codes::Failure;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// What `--version` says behind a tool's name.
pub const VERSION: &str = concat!("version ", env!("CARGO_PKG_VERSION"));

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

    /// Names that other tools have for levels which are here part of another.
    const ALIASES: &'static [(&'static str, Level)] =
        &[("trace", Level::Info), ("debug", Level::Info), ("warn", Level::Warning), ("fatal", Level::Error)];

    fn from_name(name: &str) -> Option<Level> {
        Level::ALL.iter().chain(Level::ALIASES).find(|(known, _)| *known == name).map(|(_, level)| *level)
    }

    /// The values of `--log-level`.
    fn values() -> Vec<PossibleValue> {
        let aliases = |of| Level::ALIASES.iter().filter(move |(_, level)| *level == of).map(|(name, _)| *name);
        Level::ALL.iter().map(|&(name, level)| PossibleValue::new(name).aliases(aliases(level))).collect()
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

impl Default for Console {
    fn default() -> Console {
        Console::new(Level::Info)
    }
}

impl Console {
    /// A console that prints lines up to a level.
    pub fn new(level: Level) -> Console {
        Console { level }
    }

    /// `--log-level` and `--quiet`, as all tools take them.
    pub fn args() -> [Arg; 2] {
        let level =
            Arg::new("log-level").long("log-level").value_name("LEVEL").help("How much to log to standard error");
        let quiet = Arg::new("quiet").long("quiet").action(ArgAction::SetTrue).help("Log errors only");
        [level.value_parser(Level::values()).default_value("info"), quiet.conflicts_with("log-level")]
    }

    /// What the switches of [`Console::args`] ask for.
    ///
    /// # Panics
    /// If the command does not have them.
    pub fn given(matches: &ArgMatches) -> Console {
        let name = matches.get_one::<String>("log-level").expect("the argument has a default");
        let level = Level::from_name(name).expect("clap allows only the levels that there are");
        Console::new(if matches.get_flag("quiet") { Level::Error } else { level })
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
        let now = Timestamp::now().to_zoned(zone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "[{now}] [{}] {message}", level.name());
    }
}

/// The local time zone. If only the system's own setting counts, that file alone is read: looked up by its name, all zones that the
/// system knows would be listed first, which takes longer than it takes to load most programs.
fn zone() -> TimeZone {
    let own = if std::env::var_os("TZ").is_none() { std::fs::read("/etc/localtime").ok() } else { None };
    own.and_then(|rules| TimeZone::tzif("local", &rules).ok()).unwrap_or_else(TimeZone::system)
}

/// `-v` and `--version`, as all tools take them.
pub fn version_arg() -> Arg {
    Arg::new("version").short('v').long("version").action(ArgAction::Version).help("Print the version")
}

/// Prints results to standard output. Who has stopped reading, as `head` does, is not told any more.
///
/// # Errors
/// If they cannot be written.
pub fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    printed(out.write_all(text).and_then(|()| out.flush()))
}

/// What became of text on its way to standard output.
fn printed(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Plain(format!("cannot write to standard output: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
