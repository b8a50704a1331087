//! Code for aarch64 is right: it is run by an emulator (qemu), and does what the official suite asks for and what the interpreter does.
//!
//! The runtime is not built for aarch64 here. In its place stands a small host in C, which follows a script: a whole file of the suite,
//! with all its instances and calls, is one run. The script's author, [`machine`], knows contexts and containers through [`abi`] alone.
//!
//! What is left out or fails stands in `expectations.txt` with the reason, and what stands there must fail.
//! `SPEC_FILE=call cargo test aarch64` runs the files whose names begin with `call` only.

mod against;
mod header;
mod machine;
mod wast;

use crate::process::{self, Input};
use crate::spec::{Case, cases, on_all_cores};
use artifact::{Features, Level, Metering};
use driver::{Request, Wanted};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

const TRIPLE: &str = "aarch64-unknown-linux-gnu";

#[test]
fn unoptimized_function_by_function() {
    let mut request = request(Level::O0, "generic");
    request.options.unit_size = 0;
    suite(&request);
}

#[test]
fn optimized() {
    suite(&request(Level::O2, "generic"));
}

/// With all features that code may use.
#[test]
fn optimized_for_a_newer_processor() {
    let request = request(Level::O2, "neoverse-v1");
    assert_eq!(request.options.target.cpu_features.len(), abi::cpu::AARCH64.len());
    suite(&request);
}

/// A request for a universal file for a processor.
fn request(level: Level, cpu: &str) -> Request {
    let mut request = tests::request(level);
    let wanted = Wanted { triple: Some(TRIPLE), cpu: Some(cpu), features: None };
    request.options.target = wanted.target().expect("a known target");
    request
}

/// Compiles a module as a request says, which may use some proposals, with code that keeps track of some things.
fn compile(bytes: &[u8], request: &Request, features: &Features, metering: &Metering) -> Result<Vec<u8>, String> {
    let mut request = request.clone();
    request.options.features = features.clone();
    request.options.metering = metering.clone();
    let compiled = driver::compile(bytes, &request, &driver::Silent).map_err(|error| error.to_string())?;
    Ok(compiled.file)
}

/// The host, compiled once.
struct Host {
    folder: TempDir,
}

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("abi.h"), header::text()).expect("a temporary file can be written");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("aarch64/host.c");
    let mut command = Command::new("aarch64-linux-gnu-gcc");
    command.args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-static", "-pthread", "-I"]);
    command.arg(folder.path()).arg(source).arg("-o").arg(folder.path().join("host")).arg("-lm");
    let outcome = process::run(command, Input::Text(String::new())).expect("a compiler for aarch64 is installed");
    assert_eq!(outcome.code, Some(0), "{}", String::from_utf8_lossy(&outcome.stderr));
    Host { folder }
});

/// Has the host carry out a script. Gives the lines that it prints, and why it ended early if it did.
fn carry_out(machine: &machine::Machine) -> (Vec<String>, Option<String>) {
    let mut command = Command::new("qemu-aarch64-static");
    let host: PathBuf = HOST.folder.path().join("host");
    command.args(["-cpu", "max"]).arg(host).arg(machine.path());
    match process::run(command, Input::Text(String::new())) {
        Err(error) => (Vec::new(), Some(error)),
        Ok(outcome) => {
            let lines = String::from_utf8_lossy(&outcome.stdout).lines().map(str::to_string).collect();
            let error = (outcome.code != Some(0)).then(|| {
                format!("the host ended: {:?}, {}", outcome.code, String::from_utf8_lossy(&outcome.stderr).trim())
            });
            (lines, error)
        }
    }
}

/// What became of a file.
struct Report {
    file: String,
    /// How many assertions hold.
    passed: usize,
    /// What failed, by line.
    failures: BTreeMap<usize, String>,
}

fn suite(request: &Request) {
    let only = std::env::var("SPEC_FILE").ok();
    let mut cases = cases();
    cases.retain(|case| only.as_ref().is_none_or(|only| case.name.starts_with(only)));
    // The longest first, so that no thread is left with a long one at the end.
    cases.sort_by_key(|case| std::cmp::Reverse(case.file.raw().len()));
    let reports = run_all(&cases, request);
    let passed: usize = reports.iter().map(|report| report.passed).sum();
    let failed: usize = reports.iter().map(|report| report.failures.len()).sum();
    let level = request.options.level;
    println!("aarch64, level {level}: {} files, {passed} assertions hold, {failed} fail", reports.len());

    let (files, mut places) = expectations();
    let mut surprises = String::new();
    for Report { file, failures, .. } in &reports {
        if files.contains(file) {
            if failures.is_empty() {
                surprises.push_str(&format!("{file} — passes, though it is listed as failing\n"));
            }
            continue;
        }
        for (line, reason) in failures {
            if !places.remove(&(file.clone(), *line)) {
                surprises.push_str(&format!("{file}:{line} — {reason}\n"));
            }
        }
        let left = places.iter().filter(|(listed, _)| listed == file);
        left.for_each(|(_, line)| surprises.push_str(&format!("{file}:{line} — passes, though it is listed\n")));
    }
    assert!(surprises.is_empty(), "aarch64, level {level}:\n{surprises}");
    assert!(only.is_some() || passed > 50_000, "the suite has more assertions than {passed}");
}

fn run_all(cases: &[Case<'_>], request: &Request) -> Vec<Report> {
    let mut reports = on_all_cores(cases, |case| wast::run(case, request));
    reports.sort_by(|a, b| a.file.cmp(&b.file));
    reports
}

/// The files of which something fails that ends them, and the single directives.
///
/// # Panics
/// If a line is not of the form `file — reason` or `file:line — reason`.
fn expectations() -> (BTreeSet<String>, BTreeSet<(String, usize)>) {
    let (mut files, mut places) = (BTreeSet::new(), BTreeSet::new());
    let lines = include_str!("aarch64/expectations.txt").lines();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let split = line.split_once(" — ").filter(|(_, reason)| !reason.trim().is_empty());
        let (place, _) = split.unwrap_or_else(|| panic!("expectations.txt: `{line}`"));
        match place.split_once(':') {
            None => files.insert(place.to_string()),
            Some((file, number)) => {
                let number = number.parse().unwrap_or_else(|_| panic!("expectations.txt: `{line}`"));
                places.insert((file.to_string(), number))
            }
        };
    }
    (files, places)
}
