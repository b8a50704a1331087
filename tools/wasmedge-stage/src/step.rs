//! The single stages.

use crate::progress::Progress;
use crate::{failure, options};
use artifact::UnitId;
use clap::{Arg, ArgMatches, Command};
use console::codes::Failure;
use console::{Console, compile, input};
use driver::Step;

/// The subcommands.
pub fn commands() -> Vec<Command> {
    let stage = |name: &'static str, about: &'static str| {
        let build_dir = compile::build_dir().required(true).help("The directory with the stages' artifacts");
        Command::new(name).about(about).arg(build_dir).arg(compile::jobs()).args(Console::args())
    };
    let unit = |command: Command| {
        let help = "Only this unit: its number, or `module` for the wrappers between host and native code";
        command.arg(Arg::new("unit").long("unit").value_name("N").value_parser(parse_unit).help(help))
    };
    vec![
        stage("parse", "Takes a module into the build directory and decodes it; begins a compile")
            .arg(compile::file(
                "WASM",
                "The module, binary or (.wat) text [default: input.wasm in the build directory]",
            ))
            .args(compile::args()),
        stage("validate", "Validates the module and plans its units"),
        unit(stage("lower", "Lowers functions to LLVM IR")),
        unit(stage("verify", "Checks the lowered IR")),
        unit(stage("opt", "Optimizes the lowered IR").visible_alias("optimize")),
        unit(stage("emit", "Makes objects of the optimized IR").visible_alias("codegen")),
        stage("output", "Makes the file from the objects").arg(
            compile::file("OUT", "The file to write: a shared library if it ends in .so, else a universal wasm")
                .required(true),
        ),
    ]
}

/// Runs one of them.
pub fn run(stage: &str, matches: &ArgMatches) -> Result<(), Failure> {
    let dir = options::build_dir(matches).expect("clap requires it");
    let unit = || matches.get_one::<UnitId>("unit").copied();
    let begin = (stage == "parse").then(|| options::options(matches)).transpose()?;
    let file = begin.as_ref().and_then(|_| options::path(matches, "WASM"));
    let bytes = file.map(input::read).transpose()?;
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
        other => return Err(Failure::Plain(format!("there is no stage {other}"))),
    };
    let progress = Progress::new(Console::given(matches), false);
    driver::step(&dir, &step, options::jobs(matches), &progress).map_err(|error| failure(error, file))
}

fn parse_unit(text: &str) -> Result<UnitId, String> {
    match text {
        "module" => Ok(UnitId::Wrappers),
        number => number.parse().map(UnitId::Functions).map_err(|_| "neither a number nor `module`".to_string()),
    }
}
