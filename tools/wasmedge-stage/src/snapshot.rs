//! `wasmedge-stage snapshot`: the text artifacts of modules, kept as files beside their sources, so that a change to either shows.
//!
//! They are made for one fixed target, so that they are the same on every machine.

use crate::progress::Progress;
use crate::{failure, options};
use artifact::{BuildDir, Options, Stage};
use clap::builder::ValueHint;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use console::codes::Failure;
use console::{Console, compile, input};
use driver::{GENERIC, Request, Wanted};
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The stages whose artifacts are text.
const STAGES: [Stage; 5] = [Stage::Parse, Stage::Validate, Stage::Lower, Stage::Verify, Stage::Optimize];
/// The target unless told otherwise.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// How many lines of a difference are shown.
const LINES: usize = 60;

const EXAMPLES: &str = "\
Examples:
  wasmedge-stage snapshot app.wasm --unit-size 0
          Writes snapshots/app/lower/unit-0000.ll and so on, a unit for each function
  wasmedge-stage snapshot app.wasm --unit-size 0 --check
          Says what would change, and exits 1 if anything does

Exit codes:
  0    The snapshots are current, or were renewed
  1    They are not current (--check), or something is wrong";

/// The subcommand.
pub fn command() -> Command {
    let files = compile::file("FILE", "The modules, binary or (.wat) text").required(true).num_args(1..);
    let dir = Arg::new("dir").long("dir").value_name("DIR").default_value("snapshots").value_hint(ValueHint::DirPath);
    let check = Arg::new("check").long("check").action(ArgAction::SetTrue);
    Command::new("snapshot")
        .about("Keeps the text artifacts of modules as files to commit, DIR/MODULE/STAGE/FILE, for plain x86-64 unless told otherwise")
        .arg(files.action(ArgAction::Append))
        .arg(dir.value_parser(value_parser!(PathBuf)).help("The directory of the snapshots"))
        .arg(check.help("Write nothing, but compare: print what differs, and exit 1 if anything does"))
        .args(compile::args())
        .mut_arg("target", |arg| {
            arg.help(format!("Make code for this architecture and system: `help` lists them [default: {TRIPLE}]"))
        })
        .mut_arg("cpu", |arg| {
            let help = "Make code for this processor and later ones: `help` lists them [default: any of the architecture]";
            arg.help(help)
        })
        .next_help_heading("Messages and work")
        .arg(compile::jobs())
        .args(Console::args())
        .after_help(EXAMPLES)
}

/// What stands for a file in a snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    New,
    Changed,
    Removed,
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Change::New => "new",
            Change::Changed => "changed",
            Change::Removed => "removed",
        }
    }
}

/// Runs it.
pub fn run(matches: &ArgMatches) -> Result<(), Failure> {
    let dir = options::path(matches, "dir").expect("the argument has a default");
    let mut modules = BTreeMap::new();
    for file in matches.get_many::<PathBuf>("FILE").expect("clap requires it") {
        let name = file.file_stem().ok_or_else(|| Failure::Plain(format!("{} is no file", file.display())))?;
        if let Some(other) = modules.insert(name.to_owned(), file) {
            let (file, other) = (file.display(), other.display());
            return Err(Failure::Plain(format!("{other} and {file} would have the same snapshots")));
        }
    }
    let options = options::options_for(matches, &wanted(matches))?;
    let mut changes = Vec::new();
    for (name, file) in modules {
        let folder = dir.join(name);
        let made = artifacts(matches, file, &options)?;
        let made = made.into_iter().map(|(name, text)| (folder.join(name), text)).collect();
        changes.extend(compare(&folder, made)?);
    }
    let listed = changes.iter().map(|(path, change, _)| format!("{:8}{}\n", change.word(), path.display()));
    console::print(listed.collect::<String>().as_bytes())?;
    if !matches.get_flag("check") {
        return changes.iter().try_for_each(|(path, _, text)| renew(path, text.as_deref()));
    }
    if changes.is_empty() {
        return Ok(());
    }
    if let Some((path, _, Some(text))) = changes.iter().find(|(_, change, _)| *change == Change::Changed) {
        console::print(difference(path, &read(path)?.unwrap_or_default(), text).as_bytes())?;
    }
    Err(Failure::Plain(format!(
        "the snapshots are not current: {} differ; without --check, they are renewed",
        changes.len()
    )))
}

/// The target that is asked for; else a plain 64-bit PC, whatever this runs on.
pub fn wanted(matches: &ArgMatches) -> Wanted<'_> {
    let wanted = options::wanted(matches);
    Wanted { triple: wanted.triple.or(Some(TRIPLE)), cpu: wanted.cpu.or(Some(GENERIC)), ..wanted }
}

/// The text artifacts of a module, by their paths in a build directory.
fn artifacts(matches: &ArgMatches, file: &Path, options: &Options) -> Result<BTreeMap<PathBuf, String>, Failure> {
    let scratch = tempfile::tempdir().map_err(|error| Failure::Plain(format!("no temporary folder: {error}")))?;
    let dir = BuildDir::new(scratch.path());
    let request =
        Request { jobs: options::jobs(matches), build_dir: Some(dir.clone()), ..Request::new(options.clone()) };
    let progress = Progress::new(Console::new(console::Level::Error), false);
    let bytes = input::read(file)?;
    driver::compile(&bytes, &request, &progress).map_err(|error| failure(error, Some(file)))?;
    let mut found = BTreeMap::new();
    for stage in STAGES {
        for path in files(&dir.path().join(stage.name()))? {
            let text = read(&path)?.expect("it was just listed");
            found.insert(path.strip_prefix(dir.path()).expect("it lies there").to_owned(), text);
        }
    }
    Ok(found)
}

/// What differs between a module's snapshots and what was made now, by path: new and changed ones with the text made.
fn compare(folder: &Path, made: BTreeMap<PathBuf, String>) -> Result<Vec<(PathBuf, Change, Option<String>)>, Failure> {
    let mut paths: BTreeSet<PathBuf> = made.keys().cloned().collect();
    for stage in STAGES {
        paths.extend(files(&folder.join(stage.name()))?.into_iter().filter(|path| is_artifact(path)));
    }
    let mut changes = Vec::new();
    for path in paths {
        let change = match (read(&path)?, made.get(&path)) {
            (Some(old), Some(new)) if old == *new => continue,
            (Some(_), Some(_)) => Change::Changed,
            (None, _) => Change::New,
            (Some(_), None) => Change::Removed,
        };
        let text = made.get(&path).cloned();
        changes.push((path, change, text));
    }
    Ok(changes)
}

/// Whether a file has the name of an artifact: others in a snapshot's folders are the user's own.
fn is_artifact(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".ll").or_else(|| name.strip_suffix(".json"));
    let unit = stem.and_then(|stem| stem.strip_prefix("unit-"));
    matches!(stem, Some("module" | "plan")) || unit.is_some_and(|unit| unit.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Writes a snapshot, or removes one that has no text any more.
fn renew(path: &Path, text: Option<&str>) -> Result<(), Failure> {
    let renewed = match text {
        Some(text) => {
            let folder = path.parent().expect("a snapshot lies in a folder");
            std::fs::create_dir_all(folder).and_then(|()| artifact::write_atomically(path, text.as_bytes()))
        }
        None => std::fs::remove_file(path),
    };
    renewed.map_err(|error| Failure::Plain(format!("cannot renew {}: {error}", path.display())))
}

/// The first lines that differ, in unified form.
fn difference(path: &Path, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let name = path.display().to_string();
    let text = diff.unified_diff().header(&name, &format!("{name} (now)")).to_string();
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines[..lines.len().min(LINES)].join("\n");
    match lines.len() > LINES {
        true => format!("{shown}\n({} more lines)\n", lines.len() - LINES),
        false => format!("{shown}\n"),
    }
}

/// The files in a folder; none if it is not there.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| Failure::Plain(format!("cannot read {}: {error}", folder.display()));
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => {
            let paths = entries.map_err(unreadable)?.map(|entry| Ok(entry.map_err(unreadable)?.path()));
            paths.filter(|path| path.as_ref().is_ok_and(|path| path.is_file()) || path.is_err()).collect()
        }
    }
}

/// A file's text; none if it is not there.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        // One that is no text any more differs from every text.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) => Err(Failure::Plain(format!("cannot read {}: {error}", path.display()))),
    }
}
