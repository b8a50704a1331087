//! Measures speed. Each subcommand is a section that measures one thing, and prints a table or, with `--json`, the numbers.
//!
//! Nothing here decides whether a test passes: times depend on the machine and on what else it does. To compare engines fairly they
//! run by turns, in one process, and what counts is processor time and the median.
#![forbid(unsafe_code)]

mod compile;
mod interpreter;
mod metering;
mod process;
mod programs;
mod running;
mod startup;
mod text;
mod timing;

use clap::{Parser, Subcommand};
use serde::Serialize;
use std::error::Error;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Measures speed, beside other engines")]
struct Arguments {
    #[command(subcommand)]
    section: Section,
}

#[derive(Subcommand)]
enum Section {
    /// How fast modules are compiled, beside LLVM's tools and wasmtime
    Compile(compile::Options),
    /// Programs in the interpreter, beside wasmi
    Interpreter(interpreter::Options),
    /// What it costs native code to count and to be interruptible
    Metering(metering::Options),
    /// Compiled programs, beside their native builds and other engines
    Running(running::Options),
    /// What it takes until a program runs
    Startup(startup::Options),
    /// How much of a compile goes into IR as text
    Text(text::Options),
}

fn main() -> ExitCode {
    match Arguments::parse().section {
        Section::Compile(options) => compile::main(&options),
        Section::Interpreter(options) => interpreter::main(&options),
        Section::Metering(options) => metering::main(&options),
        Section::Running(options) => running::main(&options),
        Section::Startup(options) => startup::main(&options),
        Section::Text(options) => text::main(&options),
    }
}

/// Shows what a section has measured, as JSON or as its own table.
fn show<Row: Serialize>(rows: Result<Vec<Row>, Box<dyn Error>>, json: bool, table: fn(&[Row])) -> ExitCode {
    match rows {
        Ok(rows) if json => println!("{}", serde_json::to_string_pretty(&rows).expect("numbers can be written")),
        Ok(rows) => table(&rows),
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
