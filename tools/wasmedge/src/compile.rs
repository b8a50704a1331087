//! `wasmedge compile`: hands over to `wasmedge-stage compile`, beside this program or else on the path.

use console::{Console, Level};
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

const SIBLING: &str = "wasmedge-stage";

/// Becomes `wasmedge-stage` with these arguments; returns only if it cannot be started.
pub fn hand_over(args: &[OsString]) -> ExitCode {
    let beside = std::env::current_exe().ok().map(|path| path.with_file_name(SIBLING)).filter(|path| path.exists());
    let program = beside.unwrap_or_else(|| SIBLING.into());
    // By the name under which it was called: usage and help show it.
    let error = Command::new(&program).arg0("wasmedge").args(args).exec();
    let message =
        format!("cannot start {} (it is installed beside wasmedge, or on the path): {error}", program.display());
    Console::new(Level::Error).error(message);
    ExitCode::FAILURE
}
