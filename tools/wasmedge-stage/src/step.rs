//! The single stages, and what is done with a build directory as a whole.

use crate::watch::Watch;
use crate::{failure, options};
use artifact::{BuildDir, Error, Stage, UnitId};
use clap::builder::ValueHint;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use console::codes::Failure;
use console::{Console, compile, input};
use driver::{Located, Making, Observer, Step};
use std::path::{Path, PathBuf};

/// What Makefiles include.
const MAKEFILE: &str = include_str!("../wasmedge.mk");

/// The subcommands.
pub fn commands() -> Vec<Command> {
    let stage = |name: &'static str, about: &'static str| {
        let build_dir = compile::build_dir().required(true).help("The directory with the stages' artifacts");
        Command::new(name).about(about).args([build_dir, compile::jobs(), compile::timings()]).args(Console::args())
    };
    let unit = |command: Command| {
        let help = "Only the unit that holds this function: its index, or a name of the name section or of an export";
        let function = Arg::new("function").long("function").value_name("N|NAME").help(help).conflicts_with("unit");
        command.args([unit_arg(), function])
    };
    let needed = |command: Command| {
        let help = "Leave what is current or was edited as it is, but for the time stamps of units, by which make goes";
        command.arg(Arg::new("needed").long("needed").action(ArgAction::SetTrue).help(help))
    };
    let whole = |name: &'static str, about: &'static str| {
        let build_dir = compile::build_dir().required(true).help("The directory with the stages' artifacts");
        Command::new(name).about(about).arg(build_dir).args(Console::args())
    };
    let dir = |name: &'static str| {
        let arg = Arg::new(name).required(true).value_parser(value_parser!(PathBuf)).value_hint(ValueHint::DirPath);
        arg.help("A build directory")
    };
    let out = "The file to write: a shared library if it ends in .so, .dylib or .dll, as the target has it; else a universal wasm";
    vec![
        needed(stage("parse", "Takes a module into the build directory and decodes it; begins a compile"))
            .arg(compile::file(
                "WASM",
                "The module, binary or (.wat) text [default: input.wasm in the build directory]",
            ))
            .args(compile::args()),
        needed(stage("validate", "Validates the module and plans its units")),
        needed(unit(stage("lower", "Lowers functions to LLVM IR"))),
        needed(unit(stage("verify", "Checks the lowered IR"))),
        needed(unit(stage("opt", "Optimizes the lowered IR").visible_alias("optimize"))),
        needed(unit(stage("emit", "Makes objects of the optimized IR").visible_alias("codegen"))),
        stage("output", "Makes the file from the objects").arg(compile::file("OUT", out).required(true)),
        stage("run", "Runs the stages, from `validate` on, whose artifacts are stale or missing")
            .arg(compile::file("OUT", out)),
        whole("status", "Prints which artifacts are current, edited by hand, damaged, stale or missing"),
        Command::new("makefile")
            .about("Prints what a Makefile includes to compile modules with make; it says how to use it"),
        whole("clean", "Removes the artifacts and the manifest, and nothing else"),
        Command::new("diff")
            .about("Prints the first artifact, in the order of the stages, that differs; exits 1 if one does")
            .args([dir("DIR1"), dir("DIR2")])
            .args(Console::args()),
    ]
}

/// `--unit`.
pub fn unit_arg() -> Arg {
    let help = "Only this unit: its number, or `module` for the wrappers between host and native code";
    Arg::new("unit").long("unit").value_name("N").value_parser(parse_unit).help(help)
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
    let watch = Watch::new(matches, file, out)?;
    watch.during(|observer| work(stage, matches, &dir, observer))
}

/// Runs what has something to make.
fn work(stage: &str, matches: &ArgMatches, dir: &BuildDir, observer: &dyn Observer) -> Result<(), Failure> {
    let jobs = options::jobs(matches);
    if stage == "run" {
        let out = options::path(matches, "OUT").map(|path| (path, options::container(path)));
        return driver::update(dir, out, jobs, observer).map_err(|error| failed(error, dir, None));
    }
    let unit = |stage| match matches.get_one::<String>("function") {
        Some(function) => located(dir, stage, function, Console::given(matches)).map(Some),
        None => Ok(matches.get_one::<UnitId>("unit").copied()),
    };
    let begin = (stage == "parse").then(|| options::options(matches)).transpose()?;
    let file = begin.as_ref().and_then(|_| options::path(matches, "WASM"));
    if begin.is_some() && file.is_none() && !dir.input().exists() {
        return Err(Failure::Plain(format!("there is no {}: name a module", dir.input().display())));
    }
    let bytes = file.map(input::read).transpose()?;
    let step = match stage {
        "parse" => Step::Parse { bytes: bytes.as_deref(), options: begin.as_ref().expect("made for this stage") },
        "validate" => Step::Validate,
        "lower" => Step::Lower(unit(Stage::Lower)?),
        "verify" => Step::Verify(unit(Stage::Verify)?),
        "opt" => Step::Optimize(unit(Stage::Optimize)?),
        "emit" => Step::Codegen(unit(Stage::Codegen)?),
        "output" => {
            let path = options::path(matches, "OUT").expect("clap requires it");
            Step::Output { path, container: options::container(path) }
        }
        other => return Err(Failure::Plain(format!("there is no stage {other}"))),
    };
    let making = match matches.try_get_one("needed") {
        Ok(Some(true)) => Making::Needed,
        // `output` cannot tell whether its file is current.
        _ => Making::Always,
    };
    driver::step(dir, &step, making, jobs, observer).map_err(|error| failed(error, dir, file))
}

/// The failure of a stage whose module is this file, or lies in the build directory.
fn failed(error: Error, dir: &BuildDir, file: Option<&Path>) -> Failure {
    let is_about_module = matches!(error.stage, Stage::Parse | Stage::Validate) || error.place.function.is_some();
    let input = (is_about_module && error.place.path.is_none()).then(|| dir.input());
    failure(error, file.or(input.as_deref()))
}

/// Prints what Makefiles include.
pub fn makefile() -> Result<(), Failure> {
    console::print(MAKEFILE.as_bytes())
}

/// The unit that holds a function, after saying so.
fn located(dir: &BuildDir, stage: Stage, function: &str, console: Console) -> Result<UnitId, Failure> {
    let found = driver::locate(dir, stage, function).map_err(|error| failure(error, None))?;
    let Located { function, name, unit, symbol } = found;
    let name = name.map(|name| format!(" `{name}`")).unwrap_or_default();
    // As the artifact has it.
    let sigil = if matches!(stage, Stage::Lower | Stage::Optimize) { "@" } else { "" };
    let path = dir.unit(stage, unit);
    let path = path.strip_prefix(dir.path()).unwrap_or(&path);
    console.info(format!("function {function}{name} is {sigil}{symbol} of {}", path.display()));
    Ok(unit)
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
