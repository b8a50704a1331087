//! The single stages.

use crate::progress::Progress;
use crate::{Failure, console_args, input, options};
use artifact::UnitId;
use clap::{Arg, ArgMatches, Command};
use console::Console;
use driver::Step;

/// The subcommands.
pub fn commands() -> Vec<Command> {
    let stage = |name: &'static str, about: &'static str| {
        let build_dir = options::build_dir_arg().required(true).help("The directory with the stages' artifacts");
        Command::new(name).about(about).arg(build_dir).arg(options::jobs_arg()).args(console_args())
    };
    let unit = |command: Command| {
        let help = "Only this unit: its number, or `module` for the wrappers between host and native code";
        command.arg(Arg::new("unit").long("unit").value_name("N").value_parser(parse_unit).help(help))
    };
    vec![
        stage("parse", "Takes a module into the build directory and decodes it; begins a compile")
            .arg(options::path_arg(
                "WASM",
                "The module, binary or (.wat) text [default: input.wasm in the build directory]",
            ))
            .args(options::args()),
        stage("validate", "Validates the module and plans its units"),
        unit(stage("lower", "Lowers functions to LLVM IR")),
        unit(stage("verify", "Checks the lowered IR")),
        unit(stage("opt", "Optimizes the lowered IR")),
        unit(stage("emit", "Makes objects of the optimized IR")),
        stage("output", "Makes the file from the objects").arg(
            options::path_arg("OUT", "The file to write: a shared library if it ends in .so, else a universal wasm")
                .required(true),
        ),
    ]
}

/// Runs one of them.
pub fn run(stage: &str, matches: &ArgMatches, console: Console) -> Result<(), Failure> {
    let dir = options::build_dir(matches).expect("clap requires it");
    let unit = || matches.get_one::<UnitId>("unit").copied();
    let begin = (stage == "parse").then(|| options::options(matches)).transpose()?;
    let bytes = match &begin {
        Some(_) => options::path(matches, "WASM").map(input::read).transpose()?,
        None => None,
    };
    let step = match stage {
        "parse" => Step::Parse { bytes: bytes.as_deref(), options: begin.as_ref().expect("made for this stage") },
        "validate" => Step::Validate,
        "lower" => Step::Lower(unit()),
        "verify" => Step::Verify(unit()),
        "opt" => Step::Optimize(unit()),
        "emit" => Step::Codegen(unit()),
        "output" => {
            let path = options::path(matches, "OUT").expect("clap requires it");
            Step::Output { path, container: options::container(path) }
        }
        other => return Err(format!("there is no stage {other}")),
    };
    let progress = Progress::new(console, false);
    driver::step(&dir, &step, options::jobs(matches), &progress).map_err(|error| error.to_string())
}

fn parse_unit(text: &str) -> Result<UnitId, String> {
    match text {
        "module" => Ok(UnitId::Wrappers),
        number => number.parse().map(UnitId::Functions).map_err(|_| "neither a number nor `module`".to_string()),
    }
}
