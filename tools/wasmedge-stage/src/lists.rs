//! `--target help`, `--cpu help`, `--cpu-features help`: what there is to choose from.

use crate::{options, snapshot};
use clap::Command;
use console::codes::Failure;
use driver::{GENERIC, NATIVE, TRIPLES, Wanted};
use std::ffi::OsString;

/// What stands for a list in place of a name.
const HELP: &str = "help";
/// The commands that make code.
const COMMANDS: [&str; 3] = ["compile", "parse", "snapshot"];

/// Prints the list that a command line asks for, if it does. Whoever asks need not name files.
pub fn print(args: &[OsString]) -> Option<Result<(), Failure>> {
    // Most command lines need not be read twice.
    if !args.iter().any(|arg| arg.to_str().is_some_and(|arg| arg.ends_with(HELP))) {
        return None;
    }
    let relaxed = |command: Command| command.mut_args(|arg| arg.required(false));
    // What a command takes is known once it is built.
    let mut commands = crate::command();
    commands.build();
    let commands = COMMANDS.into_iter().fold(commands, |all, name| all.mut_subcommand(name, relaxed));
    let matches = commands.try_get_matches_from(args).ok()?;
    let (name, matches) = matches.subcommand()?;
    let wanted = match name {
        "snapshot" => snapshot::wanted(matches),
        name if COMMANDS.contains(&name) => options::wanted(matches),
        _ => return None,
    };
    let text = list(&wanted)?;
    Some(text.and_then(|text| console::print(text.as_bytes())))
}

fn list(wanted: &Wanted<'_>) -> Option<Result<String, Failure>> {
    if wanted.triple == Some(HELP) {
        return Some(Ok(targets()));
    }
    if wanted.cpu == Some(HELP) {
        return Some(cpus(wanted));
    }
    (wanted.features == Some(HELP)).then(|| features(wanted))
}

fn targets() -> String {
    let host = driver::host_triple();
    TRIPLES.iter().map(|&triple| line(triple, if triple == host { "this machine" } else { "" })).collect()
}

fn cpus(wanted: &Wanted<'_>) -> Result<String, Failure> {
    let names = driver::cpus(wanted).map_err(options::unknown)?;
    let host = driver::host_target(false).tune;
    let remark = |name| match name {
        GENERIC => "any of the architecture",
        NATIVE => host.as_str(),
        _ => "",
    };
    Ok(names.into_iter().map(|name| line(name, remark(name))).collect())
}

fn features(wanted: &Wanted<'_>) -> Result<String, Failure> {
    let features = driver::cpu_features(wanted).map_err(options::unknown)?;
    Ok(features.into_iter().map(|(name, on)| line(name, if on { "on" } else { "off" })).collect())
}

/// A name, and a remark in a column of its own.
fn line(name: &str, remark: &str) -> String {
    format!("{}\n", format!("{name:28}{remark}").trim_end())
}
