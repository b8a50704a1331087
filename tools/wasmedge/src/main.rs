//! Runs WebAssembly. Holds no LLVM: `wasmedge compile` hands over to `wasmedge-stage`.
#![forbid(unsafe_code)]

mod arguments;
mod compile;
mod instantiate;
mod link;
mod load;
mod parse;
mod report;
mod run;
mod sections;
mod session;
mod validate;
mod values;

use clap::ArgMatches;
use console::Console;
use report::End;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().collect();
    // Its command line is the sibling's to read.
    if args.get(1).is_some_and(|arg| arg == "compile") {
        return compile::hand_over(&args[1..]);
    }
    // What follows the file of `run` is the program's.
    if args.get(1).is_some_and(|arg| ["parse", "validate", "instantiate"].iter().any(|command| arg == command)) {
        args = console::docs::help_first(args);
    }
    let matches = match arguments::matches(&args) {
        Ok(matches) => matches,
        Err(error) => return console::usage::end(error),
    };
    if let Some(error) = arguments::misplaced_command(&matches) {
        return console::usage::end(error);
    }
    let (name, matches) = matches.subcommand().unwrap_or(("run", &matches));
    let (console, result) = match name {
        "completions" | "man" => {
            let printed = console::docs::run(matches, arguments::command());
            (Console::default(), printed.map_err(End::from))
        }
        name => (Console::given(matches), command(name, matches)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(end) => report::end(console, end),
    }
}

fn command(name: &str, matches: &ArgMatches) -> Result<(), End> {
    match name {
        "parse" => Ok(parse::run(arguments::file(matches))?),
        "validate" => Ok(validate::run(matches)?),
        "instantiate" => instantiate::run(matches),
        _ => run::run(matches),
    }
}
