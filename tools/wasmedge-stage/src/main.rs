//! Compiles WebAssembly: end to end, or one stage at a time over a build directory.
#![forbid(unsafe_code)]

mod compile;
mod files;
mod lists;
mod mlir;
mod options;
mod progress;
mod running;
mod snapshot;
mod step;
mod watch;

use artifact::{BuildDir, Error, Kind, Stage};
use clap::Command;
use console::Console;
use console::codes::{Code, Failure, Place};
use std::path::Path;
use std::process::ExitCode;

/// LLVM allocates much and often.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EXAMPLES: &str = "\
Examples:
  wasmedge-stage compile app.wasm app_aot.wasm
          All stages, end to end
  wasmedge-stage parse --build-dir build app.wasm
  wasmedge-stage validate --build-dir build
  wasmedge-stage lower --build-dir build
          The first three stages: build/lower/ holds the LLVM IR then, to read or to edit
  wasmedge-stage run --build-dir build app_aot.wasm
          What is left to do: the other stages, or those that an edit makes necessary again

Exit codes:
  0    Done
  1    Something is wrong: standard error says what and where";

fn command() -> Command {
    Command::new("wasmedge-stage")
        .version(console::VERSION)
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(console::version_arg())
        .about("Compiles WebAssembly to native code, end to end or one stage at a time")
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(console::compile::command())
        .subcommands(step::commands())
        .subcommands(mlir::commands())
        .subcommand(snapshot::command())
        .subcommands(console::docs::commands())
}

fn main() -> ExitCode {
    let args = console::docs::help_first(std::env::args_os().collect());
    if let Some(printed) = lists::print(&args) {
        return end(Console::default(), printed);
    }
    let matches = match command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return console::usage::end(error),
    };
    let (name, matches) = matches.subcommand().expect("clap requires a subcommand");
    let (console, result) = match name {
        "completions" | "man" => (Console::default(), console::docs::run(matches, command())),
        "makefile" => (Console::default(), step::makefile()),
        "compile" => (Console::given(matches), compile::run(matches)),
        "to-mlir" | "from-mlir" => (Console::given(matches), mlir::run(name, matches)),
        "snapshot" => (Console::given(matches), snapshot::run(matches)),
        stage => (Console::given(matches), step::run(stage, matches)),
    };
    end(console, result)
}

fn end(console: Console, result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.error(failure);
            ExitCode::FAILURE
        }
    }
}

/// What a user is told of a stage's error. What is wrong with the module itself has a code, as when the module is loaded to be run.
fn failure(error: Error, file: Option<&Path>) -> Failure {
    if let Some(dir) = not_begun(&error) {
        let message = format!("no compile was begun in {}: run the stage `{}` first", dir.display(), Stage::Parse);
        return Failure::Plain(message);
    }
    let otherwise = match error.kind {
        Kind::Malformed => Code::Grammar,
        Kind::Invalid => Code::Invalid,
        Kind::Unsupported => Code::Unsupported,
        Kind::Limit => Code::TooLarge,
        Kind::Link | Kind::Llvm | Kind::Io | Kind::Bug => return Failure::Plain(in_file(file, &error)),
    };
    // An error in a file is about an artifact.
    if !matches!(error.stage, Stage::Parse | Stage::Validate) || error.place.path.is_some() {
        return Failure::Plain(in_file(file, &error));
    }
    let function = error.place.function.map(|index| (index.0, error.place.name.as_deref()));
    let place = Place { function, offset: error.place.offset };
    let (code, message) = Code::of(&error.message, otherwise);
    Failure::new(code, in_file(file, &format!("{message}{place}")))
}

/// The build directory that an error is about, if there is nothing to go on with: it says nothing about a stage then.
fn not_begun(error: &Error) -> Option<&Path> {
    let path = error.place.path.as_deref()?;
    let dir = path.parent()?;
    (error.kind == Kind::Io && BuildDir::new(dir).manifest() == path && !path.exists()).then_some(dir)
}

fn in_file(file: Option<&Path>, message: &dyn std::fmt::Display) -> String {
    match file {
        Some(file) => format!("{}: {message}", file.display()),
        None => message.to_string(),
    }
}
