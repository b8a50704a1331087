//! Compiles WebAssembly: `compile` end to end, the other subcommands one stage at a time over a build directory.
#![forbid(unsafe_code)]

mod compile;
mod input;
mod options;
mod progress;
mod step;

use clap::{Arg, ArgMatches, Command};
use console::{Console, Level};
use std::process::ExitCode;

/// Anything that ends a command, as a text for the user.
type Failure = String;

fn command() -> Command {
    Command::new("wasmedge-stage")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Compiles WebAssembly to native code, end to end or one stage at a time")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(compile::command())
        .subcommands(step::commands())
}

fn console_args() -> [Arg; 2] {
    [Level::arg(), Arg::new("quiet").long("quiet").num_args(0).help("Log errors only")]
}

fn console(matches: &ArgMatches) -> Console {
    Console::new(if matches.get_flag("quiet") { Level::Error } else { Level::given(matches) })
}

fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are not failures; everything else that keeps a command from running exits 1.
            let code = if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
            let _ = error.print();
            return code;
        }
    };
    let (name, matches) = matches.subcommand().expect("clap requires a subcommand");
    let console = console(matches);
    let result = match name {
        "compile" => compile::run(matches, console),
        stage => step::run(stage, matches, console),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.error(failure);
            ExitCode::FAILURE
        }
    }
}
