//! Running commands that may hang.

use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Nothing that is tested takes nearly as long; what does not end is stopped.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// What a command reads from standard input.
pub enum Input {
    Text(String),
    File(File),
}

/// What a command leaves to see.
pub struct Outcome {
    /// None if a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs a command.
///
/// # Errors
/// If it cannot be run, or does not end.
pub fn run(mut command: Command, input: Input) -> Result<Outcome, String> {
    let program = command.get_program().to_owned();
    let io = |error: std::io::Error| format!("{}: {error}", program.display());
    // Files take what it prints, so that it never waits for us to read.
    let outputs = TempDir::new().map_err(io)?;
    let [stdout, stderr] = ["stdout", "stderr"].map(|name| outputs.path().join(name));
    let [stdout_file, stderr_file] = [File::create(&stdout).map_err(io)?, File::create(&stderr).map_err(io)?];
    let (stdin, text) = match input {
        Input::Text(text) => (Stdio::piped(), text),
        Input::File(file) => (file.into(), String::new()),
    };
    let mut child = command.stdin(stdin).stdout(stdout_file).stderr(stderr_file).spawn().map_err(io)?;
    if let Some(mut pipe) = child.stdin.take() {
        // It may end without having read everything. The thread ends with it, for it holds the other end.
        std::thread::spawn(move || pipe.write_all(text.as_bytes()));
    }
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(io)? {
            break status;
        }
        if begin.elapsed() > TIME_LIMIT {
            child.kill().and_then(|()| child.wait()).map_err(io)?;
            return Err(format!("{command:?} is not done after {} seconds", TIME_LIMIT.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Ok(Outcome { code: status.code(), stdout: fs::read(stdout).map_err(io)?, stderr: fs::read(stderr).map_err(io)? })
}
