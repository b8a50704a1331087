//! Units on their way through MLIR: nothing is lost that code needs, and passes of `mlir-opt` keep what programs do.
//!
//! `cli/transcripts/mlir.md` shows the commands.

use artifact::{BuildDir, Feature, Level, Options, Stage};
use driver::{Container, Request, Silent};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The stages whose units can be MLIR.
pub const STAGES: [Stage; 2] = [Stage::Lower, Stage::Optimize];

#[test]
fn nothing_is_lost_without_a_pass() {
    for name in crate::modules::names() {
        let (features, metering) = (crate::modules::features(&name), crate::modules::metering(&name));
        let options = Options { features, metering, ..tests::request(Level::O2).options };
        for stage in STAGES {
            let folder = TempDir::new().expect("a temporary folder");
            let dir = build(folder.path(), &crate::modules::binary(&name), &options);
            let before = texts(&dir, stage);
            assert_eq!(driver::to_mlir(&dir, stage, None, 1), Ok(Vec::new()), "{name}");
            // Changed as text only, so that they are taken back at all.
            for path in files(&dir, stage, "mlir") {
                std::fs::write(&path, std::fs::read_to_string(&path).expect("MLIR is text") + "\n")
                    .expect("it is there");
            }
            assert_eq!(driver::from_mlir(&dir, stage, None, 1), Ok(Vec::new()), "{name}");
            let after = texts(&dir, stage);
            assert_eq!(before.len(), after.len());
            for ((path, before), after) in before.iter().zip(after.values()) {
                let [was, is] = [before, after].map(|text| meaning(text, stage));
                let differing: BTreeSet<_> =
                    was.keys().chain(is.keys()).filter(|line| was.get(*line) != is.get(*line)).collect();
                assert!(differing.is_empty(), "{name}, {}: {differing:#?}", path.display());
                assert_ne!(before, after, "{name}: it was not taken back");
            }
        }
    }
}

/// What is not changed is not touched: going on from there gives the same bytes.
#[test]
fn what_was_not_changed_is_left_alone() {
    let folder = TempDir::new().expect("a temporary folder");
    let options = Options { unit_size: 0, ..tests::request(Level::O2).options };
    let dir = build(folder.path(), &crate::modules::binary("call"), &options);
    let before = texts(&dir, Stage::Lower);
    driver::to_mlir(&dir, Stage::Lower, None, 2).expect("the units are in order");
    driver::from_mlir(&dir, Stage::Lower, None, 2).expect("nothing was changed");
    assert_eq!(before, texts(&dir, Stage::Lower));
}

#[test]
fn programs_do_the_same_after_passes() {
    for (program, proposals) in
        [("numbers", &[][..]), ("jsontool", &[]), ("dispatch", &[Feature::TailCall]), ("throw", &[Feature::Exceptions])]
    {
        let mut options = tests::request(Level::O2).options;
        options.features.0.extend(proposals);
        for stage in STAGES {
            let file = compile(&crate::programs::wasm(program), &options, stage).expect("passes give what is valid");
            crate::programs::check_file(program, &file, Level::O2);
        }
    }
}

/// Compiles a module, with passes of MLIR's over all units of a stage.
///
/// # Errors
/// What comes back is refused.
pub fn compile(bytes: &[u8], options: &Options, stage: Stage) -> Result<Vec<u8>, String> {
    let folder = TempDir::new().expect("a temporary folder");
    let dir = build(folder.path(), bytes, options);
    driver::to_mlir(&dir, stage, None, 1).map_err(|error| error.to_string())?;
    for path in files(&dir, stage, "mlir") {
        let mut passes = Command::new(format!("mlir-opt-{}", llvm::version().split('.').next().expect("a version")));
        // It reads its input while it writes: to another file.
        let changed = path.with_extension("changed");
        passes.args(["--canonicalize", "--cse"]).arg(&path).arg("-o").arg(&changed);
        let output = passes.output().unwrap_or_else(|error| panic!("{passes:?}: {error} (`make setup` installs it)"));
        assert!(output.status.success(), "{passes:?}: {}", String::from_utf8_lossy(&output.stderr));
        std::fs::rename(&changed, &path).expect("it was written");
    }
    driver::from_mlir(&dir, stage, None, 1).map_err(|error| error.to_string())?;
    let out = folder.path().join("out.wasm");
    driver::update(&dir, Some((&out, Container::Universal)), 1, &Silent).map_err(|error| error.to_string())?;
    Ok(std::fs::read(out).expect("it was written"))
}

fn build(folder: &Path, bytes: &[u8], options: &Options) -> BuildDir {
    let dir = BuildDir::new(folder.join("build"));
    let build_dir = Some(dir.clone());
    let request = Request { jobs: 1, build_dir, ..Request::new(options.clone()) };
    driver::compile(bytes, &request, &Silent).unwrap_or_else(|error| panic!("{error}"));
    dir
}

/// A stage's files of a kind, sorted.
fn files(dir: &BuildDir, stage: Stage, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.path().join(stage.name())).expect("the stage has a folder");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    files
}

fn texts(dir: &BuildDir, stage: Stage) -> BTreeMap<PathBuf, String> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("IR is text");
        (path, text)
    };
    files(dir, stage, "ll").into_iter().map(read).collect()
}

/// A module's lines without what means nothing: the numbers and names of values, blocks, attributes and metadata, the order of phis'
/// operands; each with how often it is there. Of optimized ones also without what `driver` says is lost.
fn meaning(text: &str, stage: Stage) -> BTreeMap<String, usize> {
    let numbered = |sign: char, between: &str| -> BTreeMap<&str, &str> {
        text.lines()
            .filter_map(|line| line.strip_prefix("attributes ").unwrap_or(line).split_once(between))
            .filter(|(name, _)| name.starts_with(sign))
            .collect()
    };
    let (attributes, metadata) = (numbered('#', " = "), numbered('!', " = "));
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        let is_code = line.starts_with(' ') && !line.trim_start().starts_with("uselistorder");
        let is_symbol =
            ["define", "declare", "@", "target", "source_filename"].iter().any(|start| line.starts_with(start));
        let of_llvm = stage == Stage::Optimize && line.starts_with("declare") && line.contains("@llvm.");
        if !(is_code || is_symbol) || of_llvm {
            continue;
        }
        let line = replaced(line, '#', &|name| {
            let words: BTreeSet<&str> = attributes.get(name).copied().unwrap_or_default().split_whitespace().collect();
            format!("{words:?}")
        });
        let line = replaced(&line, '!', &|name| expanded(name, &metadata, 4));
        let mut line = replaced(&line, '%', &|_| "%".to_string());
        if let Some((result, operands)) = line.split_once('[').filter(|(result, _)| result.contains(" phi ")) {
            let mut operands: Vec<&str> = operands.split('[').map(|part| part.trim_matches([',', ' '])).collect();
            operands.sort();
            line = format!("{result}{operands:?}");
        }
        if stage == Stage::Optimize {
            line = line.replace("samesign ", "");
            if line.contains(" = select ") {
                line = line.split(", !prof").next().unwrap_or_default().to_string();
            }
            for fact in ["captures(", "initializes(", "range("] {
                line = without(&line, fact);
            }
            if is_code {
                // A call's attributes: it gains those about memory.
                line = line.split(" {\"memory").next().unwrap_or_default().replace(" {}", "");
                line = line.split(" {").next().unwrap_or_default().to_string();
            }
        }
        *lines.entry(line.trim_end().to_string()).or_default() += 1;
    }
    lines
}

/// A line with each name that begins with a sign replaced.
fn replaced(line: &str, sign: char, by: &dyn Fn(&str) -> String) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(sign) {
        let (before, from) = rest.split_at(at);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let len = from[1..].find(|c| !is_name(c)).unwrap_or(from.len() - 1) + 1;
        // `!prof` and `!{` are no numbers, nor is a lone sign.
        let named = len > 1 && (sign == '%' || from[1..len].chars().all(|c| c.is_ascii_digit()));
        result += before;
        result += &if named { by(&from[..len]) } else { from[..len].to_string() };
        rest = &from[len..];
    }
    result + rest
}

/// Metadata with its operands in place, so deep.
fn expanded(name: &str, metadata: &BTreeMap<&str, &str>, depth: u32) -> String {
    match metadata.get(name) {
        Some(node) if depth > 0 => replaced(node, '!', &|name| expanded(name, metadata, depth - 1)),
        _ => "!".to_string(),
    }
}

/// A line without the words that begin so, up to their closing parenthesis.
fn without(line: &str, word: &str) -> String {
    let mut line = line.to_string();
    while let Some(start) = line.find(word) {
        let mut depth = 0;
        let end = line[start..].find(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ')' && depth == 0
        });
        let end = start + end.expect("parentheses are closed") + 1;
        line.replace_range(start..end, "");
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
