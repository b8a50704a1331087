//! Runs a program and tells what it took.

use serde::{Deserialize, Serialize};
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// What a process took, its threads and the children it waited for included.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub status: ExitStatus,
    /// Processor time in the program.
    pub user: Duration,
    /// Processor time in the system on its behalf.
    pub system: Duration,
    /// From before it was started until it had ended.
    pub wall: Duration,
    /// The most memory that was resident at a time.
    pub peak_bytes: u64,
}

impl Usage {
    /// All its processor time.
    pub fn cpu(&self) -> Duration {
        self.user + self.system
    }
}

/// Runs a program to its end.
///
/// # Errors
/// If it cannot be started. How it ends is not looked at.
pub fn run(command: &mut Command) -> io::Result<Usage> {
    let start = Instant::now();
    let used = command.spawn()?.wait4()?;
    Ok(Usage {
        status: used.status,
        user: used.rusage.utime,
        system: used.rusage.stime,
        wall: start.elapsed(),
        peak_bytes: used.rusage.maxrss,
    })
}

/// Runs a program that is to succeed.
///
/// # Errors
/// If it cannot be started, or fails.
pub fn succeed(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

/// A tool from beside this program.
///
/// # Errors
/// If it is not there.
pub fn beside(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let tool = std::env::current_exe()?.with_file_name(name);
    if tool.exists() { Ok(tool) } else { Err(format!("{} is not there; build it first", tool.display()).into()) }
}

/// The machine and the compilers that figures come from.
#[derive(Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub clang: String,
    /// None if it is not installed.
    pub wasmtime: Option<String>,
}

impl Machine {
    /// This one.
    pub fn this() -> Machine {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|pair| pair.1);
        Machine {
            processor: model.unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            clang: version("clang-22").unwrap_or_else(|| "not there".to_owned()),
            wasmtime: version("wasmtime"),
        }
    }
}

/// The first line of what a program says of its version; none if it is not there.
pub fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}
