//! What is no command line, and what only asks for help.

use crate::{Console, printed};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use std::process::ExitCode;

/// Options that other runtimes with this command line have, and what to do without them.
const ELSEWHERE: &[(&str, &str)] = &[
    ("--allow-af-unix", "sockets in the file system are not supported; --allow-net allows those of the network"),
    ("--coredump-on-trap", "what a trap is reported with names the functions that were running"),
    ("--disable-gc", "garbage collection is not supported, so leave this out"),
    ("--enable-component", "components are not supported"),
    ("--enable-gc", "garbage collection is not supported"),
    ("--enable-jit", "compile the module first: wasmedge compile"),
    ("--forbidden-plugin", "there are no plugins, so leave this out"),
];

/// Prints why the command line was not taken, or the help or version that it asks for; gives what to exit with.
pub fn end(error: clap::Error) -> ExitCode {
    let error = explained(error);
    let shown = error.print();
    // Help and version are not failures; everything else that keeps a command from running exits 1.
    if error.use_stderr() {
        return ExitCode::FAILURE;
    }
    match printed(shown) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Console::default().error(failure);
            ExitCode::FAILURE
        }
    }
}

/// The error, with a tip if it is about an option that is known from elsewhere.
fn explained(mut error: clap::Error) -> clap::Error {
    let option = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) => option.split('=').next().unwrap_or_default(),
        _ => return error,
    };
    if let Some((_, tip)) = ELSEWHERE.iter().find(|(known, _)| *known == option) {
        // What is similar to it is not what was meant, neither as a tip nor in the usage.
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::Usage);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(*tip)]));
    }
    error
}
