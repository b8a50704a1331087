//! The single stages, and what is done with a build directory as a whole.

use crate::watch::Watch;
use crate::{failure, options};
use artifact::{BuildDir, UnitId};
use clap::builder::ValueHint;
use clap::{Arg, ArgMatches, Command, value_parser};
use console::codes::Failure;
use console::{Console, compile, input};
use driver::{Observer, Step};
use std::path::PathBuf;

/// The subcommands.
pub fn commands() -> Vec<Command> {
    let stage = |name: &'static str, about: &'static str| {
        let build_dir = compile::build_dir().required(true).help("The directory with the stages' artifacts");
        Command::new(name).about(about).args([build_dir, compile::jobs(), compile::timings()]).args(Console::args())
    };
    let unit = |command: Command| {
        let help = "Only this unit: its number, or `module` for the wrappers between host and native code";
        command.arg(Arg::new("unit").long("unit").value_name("N").value_parser(parse_unit).help(help))
    };
    let whole = |name: &'static str, about: &'static str| {
        let build_dir = compile::build_dir().required(true).help("The directory with the stages' artifacts");
        Command::new(name).about(about).arg(build_dir).args(Console::args())
    };
    let dir = |name: &'static str| {
        let arg = Arg::new(name).required(true).value_parser(value_parser!(PathBuf)).value_hint(ValueHint::DirPath);
        arg.help("A build directory")
    };
    let out = "The file to write: a shared library if it ends in .so, else a universal wasm";
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
        stage("output", "Makes the file from the objects").arg(compile::file("OUT", out).required(true)),
        stage("run", "Runs the stages, from `validate` on, whose artifacts are stale or missing")
            .arg(compile::file("OUT", out)),
        whole("status", "Prints which artifacts are current, edited by hand, stale or missing"),
        whole("clean", "Removes the artifacts and the manifest, and nothing else"),
        Command::new("diff")
            .about("Prints the first artifact, in the order of the stages, that differs; exits 1 if one does")
            .args([dir("DIR1"), dir("DIR2")])
            .args(Console::args()),
    ]
}

/// Runs one of them.
pub fn run(stage: &str, matches: &ArgMatches) -> Result<(), Failure> {
    if stage == "diff" {
        return diff(matches);
    }
    let dir = options::build_dir(matches).expect("clap requires it");
    match stage {
        "status" => return status(&dir),
        "clean" => return driver::clean(&dir).map_err(|error| failure(error, None)),
        _ => {}
    }
    let path = |name| matches.try_get_one::<PathBuf>(name).ok().flatten().map(PathBuf::as_path);
    let [file, out] = ["WASM", "OUT"].map(path);
    let watch = Watch::new(matches, &[file, out].into_iter().flatten().collect::<Vec<_>>())?;
    watch.during(|observer| work(stage, matches, &dir, observer))
}

/// Runs what has something to make.
fn work(stage: &str, matches: &ArgMatches, dir: &BuildDir, observer: &dyn Observer) -> Result<(), Failure> {
    let jobs = options::jobs(matches);
    if stage == "run" {
        let out = options::path(matches, "OUT").map(|path| (path, options::container(path)));
        return driver::update(dir, out, jobs, observer).map_err(|error| failure(error, None));
    }
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
    driver::step(dir, &step, jobs, observer).map_err(|error| failure(error, file))
}

fn status(dir: &BuildDir) -> Result<(), Failure> {
    let found = driver::status(dir).map_err(|error| failure(error, None))?;
    let line = |status: &driver::Status| {
        let path = status.path.strip_prefix(dir.path()).unwrap_or(&status.path);
        format!("{:8}{}\n", status.state.to_string(), path.display())
    };
    console::print(found.iter().map(line).collect::<String>().as_bytes())
}

fn diff(matches: &ArgMatches) -> Result<(), Failure> {
    let [left, right] =
        ["DIR1", "DIR2"].map(|name| BuildDir::new(options::path(matches, name).expect("clap requires it")));
    match driver::difference(&left, &right).map_err(|error| failure(error, None))? {
        None => Ok(()),
        Some(name) => {
            let [left, right] = [left, right].map(|dir| dir.path().join(&name).display().to_string());
            Err(Failure::Plain(format!("{left} and {right} differ")))
        }
    }
}

fn parse_unit(text: &str) -> Result<UnitId, String> {
    match text {
        "module" => Ok(UnitId::Wrappers),
        number => number.parse().map(UnitId::Functions).map_err(|_| "neither a number nor `module`".to_string()),
    }
}
