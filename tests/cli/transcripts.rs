//! Sessions as a user sees them: `transcripts/NAME.md`, one for each option and each kind of error.
//!
//! A transcript is a page for people. Its blocks of kind `console` are run, line by line, by a shell in a folder of their own that
//! holds the `.wat` files from beside the transcripts:
//!
//! - `$ COMMAND` is a line for the shell;
//! - what follows is what it printed to standard output;
//! - lines with `! ` before them are what it printed to standard error;
//! - `? CODE` is what it exited with, if not 0.
//!
//! Spaces at the end of a line, which nobody sees, do not count. `[TIME]` stands for a time, `[VERSION]` for the tools' version,
//! `[..]` for anything on a line, and a line `...` for any lines.
//!
//! To add one, write its text and the commands, then let `SNAPSHOTS=overwrite cargo test -p tests -- cli::transcripts` fill in the
//! rest, and look at the difference.

use crate::process::{self, Input};
use console::codes::Code;
use engine::TrapCode;
use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::{Assert, Data, Redactions};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

tested! {
    allow_net arguments cache compile compile_errors completions cpu cpu_features dir env gas_limit generic_binary help imports
    instantiate loading log make man memory_page_limit metering mlir module optimize parameters parse proposals reactor run
    run_mode snapshot stages stale statistics target time_limit timings traps usage validate version
}

/// The shape of a time at the beginning of a log line.
const TIME: &str = "[0000-00-00 00:00:00.000]";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cli/transcripts")
}

/// Files of the transcripts' folder that have an extension, sorted.
fn files(extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the transcripts are there");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a transcript, and compares what is seen with what it says.
fn check(name: &str) {
    let path = folder().join(name).with_extension("md");
    let [place, home] = [(); 2].map(|()| TempDir::new().expect("a temporary folder"));
    for file in files("wat") {
        let name = file.file_name().expect("it is a file");
        std::fs::copy(&file, place.path().join(name)).expect("a small file can be copied");
    }
    let actual = replay(&read(&path), place.path(), home.path());
    let mut redactions = Redactions::new();
    redactions.insert("[VERSION]", env!("CARGO_PKG_VERSION")).expect("a placeholder is in brackets");
    let assert = Assert::new().action_env(DEFAULT_ACTION_ENV).redact_with(redactions).normalize_paths(false);
    assert.eq(actual, Data::read_from(&path, None));
}

/// The transcript with what is seen now.
fn replay(transcript: &str, place: &Path, home: &Path) -> String {
    let mut page = String::new();
    let mut running = false;
    for line in transcript.lines() {
        match line {
            "```console" => running = true,
            "```" => running = false,
            _ if running => {
                // Everything else in a block is what was seen earlier.
                if let Some(command) = line.strip_prefix("$ ") {
                    page += &format!("{line}\n{}", seen(command, place, home));
                }
                continue;
            }
            _ => {}
        }
        page += &format!("{line}\n");
    }
    page
}

/// What a command prints and exits with.
fn seen(line: &str, place: &Path, home: &Path) -> String {
    let [tool, _] = ["wasmedge", "wasmedge-stage"].map(tests::tool);
    let tools = tool.parent().expect("a tool lies in a folder");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", line]).current_dir(place).env_clear();
    command
        .env("PATH", format!("{}:/usr/bin:/bin", tools.display()))
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("HOME", home);
    let outcome = process::run(command, Input::Text(String::new())).unwrap_or_else(|error| panic!("{line}: {error}"));
    let text = |bytes| String::from_utf8(bytes).expect("tools print UTF-8");
    let mut seen = String::new();
    for line in text(outcome.stdout).lines() {
        assert!(!["$ ", "! ", "? ", "```"].iter().any(|mark| line.starts_with(mark)), "`{line}` looks like a mark");
        seen += timeless(line).trim_end();
        seen += "\n";
    }
    for line in text(outcome.stderr).lines() {
        seen += format!("! {}", timeless(line)).trim_end();
        seen += "\n";
    }
    match outcome.code {
        Some(0) => {}
        Some(code) => seen += &format!("? {code}\n"),
        None => seen += "? ended by a signal\n",
    }
    seen
}

/// A log line without the time, which differs from run to run.
fn timeless(line: &str) -> String {
    let shape: String = line.chars().take(TIME.len()).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape == TIME {
        true => format!("[TIME]{}", &line[TIME.len()..]),
        false => line.to_string(),
    }
}

/// All commands of all transcripts.
fn commands() -> Vec<String> {
    let pages = files("md").into_iter().map(|path| read(&path));
    pages
        .flat_map(|page| {
            page.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_string).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_transcript_is_run() {
    let names: Vec<String> =
        files("md").iter().map(|path| path.file_stem().expect("it is a file").to_string_lossy().into_owned()).collect();
    assert_eq!(names, TESTED);
}

#[test]
fn every_option_has_a_transcript() {
    let commands = commands();
    for command in ["run", "compile", "parse", "validate", "instantiate", "completions", "man"] {
        let help = Command::new(tests::tool("wasmedge")).args([command, "--help"]).output().expect("the tool is built");
        let help = String::from_utf8(help.stdout).expect("tools print UTF-8");
        let words =
            help.lines().map(str::trim_start).filter(|line| line.starts_with('-')).flat_map(str::split_whitespace);
        let options: BTreeSet<&str> = words
            .map(|word| word.trim_end_matches(','))
            .filter(|word| word.starts_with("--") && word.len() > 2)
            .collect();
        assert!(options.contains("--help"), "{help}");
        for option in options {
            let used = |line: &String| line.contains("wasmedge") && line.split_whitespace().any(|word| word == option);
            assert!(commands.iter().any(used), "no transcript uses {option} of {command}");
        }
    }
}

#[test]
fn every_code_has_a_transcript() {
    let pages: String = files("md").into_iter().map(|path| read(&path)).collect();
    for code in Code::all() {
        let number = format!("Code: {:#05x}", code.number());
        assert!(pages.contains(&number), "no transcript shows {code:?}, {number}");
    }
    for code in TrapCode::ALL {
        let number = format!("Code: {:#05x}", code.code());
        assert!(pages.contains(&number), "no transcript shows {code:?}, {number}");
    }
}
