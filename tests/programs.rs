//! Real programs: compiled by us, and interpreted, they do what their native builds do (`programs/README.md`).
//!
//! `HEAVY=1` runs all the cases that take about a second natively, too, and compiles large modules with optimization.

mod case;
mod counts;
mod tree;

use crate::process::{self, Input, Outcome};
use artifact::{Feature, Level};
use case::{Case, Step};
use driver::Silent;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// What the runner exits with when a program traps.
const TRAPPED: i32 = 134;
/// Heavy cases that always run: each keeps another part of the runtime busy.
const ALWAYS: &[&str] = &["compress-heavy", "mix-heavy", "sqlite-memory-heavy"];

tested! {
    args atomics bignum calls compress coremark dispatch esbuild exitcode fannkuch fdtd fft files filter gemm hashes
    jacobi jsontool jumps lua machine mandel memory mix nbody numbers objects parser python queens quickjs raytrace
    scan sha256 sieve simd sorts spectral sqlite stdin throw trap trees wasi_files wasi_net wasi_poll words
}

#[test]
fn every_program_is_tested() {
    for case in Case::all() {
        assert!(TESTED.contains(&case.program.as_str()), "{}: no test runs `{}`", case.name, case.program);
    }
}

/// The bytes of a program's wasm build.
pub fn wasm(program: &str) -> Vec<u8> {
    let path = built().join("wasm").join(program).with_extension("wasm");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folder with the programs' builds, brought up to date once per run of the tests.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/programs");
        let mut make = Command::new("make");
        make.args(["--silent", "-j2", "-C"]).arg(sources()).arg(format!("OUT={}", out.display()));
        // When make runs the tests, this is a make of its own.
        let output =
            make.env_remove("MAKEFLAGS").output().unwrap_or_else(|error| panic!("make cannot be run: {error}"));
        let help = "the programs cannot be built; `make setup` installs what that takes (clang for wasm32-wasi)";
        assert!(output.status.success(), "{help}:\n{}", String::from_utf8_lossy(&output.stderr));
        out
    })
}

/// A file or folder that a case names: one of those beside the programs' sources, or below `OUT/`, of what was built.
fn named(name: &str) -> PathBuf {
    name.strip_prefix("OUT/").map_or_else(|| sources().join(name), |name| built().join(name))
}

/// The folder with the programs' sources and data.
fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("programs")
}

/// How we run a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Compiled(Level),
    Interpreted,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Compiled(level) => write!(f, "compiled by us ({level:?})"),
            Way::Interpreted => f.write_str("interpreted"),
        }
    }
}

/// The proposal beyond edition 2 that a program uses.
fn feature(program: &str) -> Option<Feature> {
    match program {
        "atomics" => Some(Feature::Threads),
        "bignum" => Some(Feature::WideArithmetic),
        "dispatch" => Some(Feature::TailCall),
        "jumps" | "lua" | "throw" => Some(Feature::Exceptions),
        _ => None,
    }
}

/// The levels that a program is compiled at: more than one where optimization moves what is hard to keep right, none where it
/// takes minutes.
fn levels(program: &str, heavy: bool) -> &'static [Level] {
    match program {
        "jumps" | "lua" | "throw" => &[Level::O0, Level::O2, Level::O3],
        "esbuild" | "python" if !heavy => &[Level::O0],
        _ => &[Level::O2],
    }
}

/// Runs all cases of a program and panics with what went wrong.
fn check(program: &str) {
    let heavy = std::env::var_os("HEAVY").is_some();
    let folder = TempDir::new().expect("a temporary folder");
    let wasm = wasm(program);
    let compiled = levels(program, heavy).iter().map(|&level| {
        let file = folder.path().join(format!("{program}-{level:?}.wasm"));
        let mut request = tests::request(level);
        request.options.features.0.extend(feature(program));
        let made = driver::compile(&wasm, &request, &Silent).unwrap_or_else(|error| panic!("{program}: {error}"));
        fs::write(&file, made.file).expect("the compiled program is written");
        (Way::Compiled(level), file)
    });
    let mut ways: Vec<(Way, PathBuf)> = compiled.collect();
    ways.push((Way::Interpreted, ways[0].1.clone()));
    let cases = Case::all().into_iter().filter(|case| case.program == program);
    let cases = cases.filter(|case| heavy || !case.heavy || ALWAYS.contains(&case.name.as_str()));
    let mut failures = Vec::new();
    for case in cases {
        for (way, file) in &ways {
            if *way == Way::Interpreted && case.heavy {
                continue;
            }
            if let Err(failure) = compare(&case, *way, file) {
                failures.push(format!("{}: {failure}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}

/// Runs the cases of a program that take no time, compiled to this file, and panics with what went wrong.
pub fn check_file(program: &str, file: &[u8], level: Level) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("program.wasm");
    fs::write(&path, file).expect("the compiled program is written");
    let cases = Case::all().into_iter().filter(|case| case.program == program && !case.heavy);
    let compared =
        cases.map(|case| compare(&case, Way::Compiled(level), &path).map_err(|what| format!("{}: {what}", case.name)));
    let results: Vec<Result<(), String>> = compared.collect();
    assert!(!results.is_empty(), "{program} has no cases");
    results.into_iter().collect::<Result<(), _>>().unwrap_or_else(|failure| panic!("{failure}"));
}

/// Runs a case by us, and natively if it does not say what must come of it, each in a scratch directory of its own.
fn compare(case: &Case, way: Way, file: &Path) -> Result<(), String> {
    let ours = scratch(case);
    let native = scratch(case);
    for (index, step) in case.steps().iter().enumerate() {
        let in_step = |message: String| if index == 0 { message } else { format!("step {index}: {message}") };
        let our = run(our_command(case, step, way, file, ours.path(), &[]), step).map_err(in_step)?;
        let stderr = String::from_utf8_lossy(&our.stderr);
        let code = if case.trap.is_some() { TRAPPED } else { step.exit };
        if our.code != Some(code) {
            let code = our.code.map_or("no exit code (a signal)".to_string(), |code| code.to_string());
            return Err(in_step(format!("exit code {}, but {code} {way}; standard error:\n{stderr}", step.exit)));
        }
        let expected = match (&case.trap, &step.expected) {
            (Some(text), _) if stderr.contains(text) => case.stdout.clone().unwrap_or_default().into_bytes(),
            (Some(text), _) => return Err(in_step(format!("{way}, the message lacks `{text}`:\n{stderr}"))),
            (None, Some(name)) => {
                fs::read(named(name)).unwrap_or_else(|error| panic!("{}: {name}: {error}", case.name))
            }
            (None, None) => {
                let native = run(native_command(case, step, native.path()), step).map_err(in_step)?;
                if native.code != Some(step.exit) {
                    return Err(in_step(format!("the native build exits with {:?}, not {}", native.code, step.exit)));
                }
                native.stdout
            }
        };
        if let Some(difference) = differing_line(&expected, &our.stdout) {
            return Err(in_step(format!("standard output differs {way}: {difference}\nstandard error:\n{stderr}")));
        }
    }
    if case.trap.is_none() {
        let [native, ours] = [&native, &ours].map(|folder| tree::read(folder.path()).expect("a scratch directory"));
        if let Some(difference) = tree::difference(&native, &ours) {
            return Err(format!("{way}: {difference}"));
        }
    }
    Ok(())
}

fn scratch(case: &Case) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, source) in &case.files {
        let copied = tree::copy(&named(source), &folder.path().join(name));
        copied.unwrap_or_else(|error| panic!("{}: {source}: {error}", case.name));
    }
    folder
}

fn native_command(case: &Case, step: &Step, scratch: &Path) -> Command {
    let mut command = Command::new(built().join("native").join(&case.program));
    command.args(&step.args).current_dir(scratch).env_clear().envs(&case.env);
    command
}

fn our_command(case: &Case, step: &Step, way: Way, file: &Path, scratch: &Path, options: &[&OsStr]) -> Command {
    let mut command = Command::new(tests::tool("wasmedge"));
    command.args(options).arg("--dir").arg(format!("{}:{}", case.at, scratch.display()));
    if way == Way::Interpreted {
        command.arg("--force-interpreter");
        command.args(feature(&case.program).map(|feature| format!("--enable-{}", feature.switch())));
    }
    if case.net {
        command.arg("--allow-net");
    }
    for (name, value) in &case.env {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    command.arg(file).args(&step.args);
    command
}

fn run(command: Command, step: &Step) -> Result<Outcome, String> {
    process::run(
        command,
        match &step.stdin_file {
            Some(name) => Input::File(File::open(named(name)).map_err(|error| format!("{name}: {error}"))?),
            None => Input::Text(step.stdin.clone().unwrap_or_default()),
        },
    )
}

/// The first line in which two outputs differ.
fn differing_line(expected: &[u8], actual: &[u8]) -> Option<String> {
    let mut lines = [expected, actual].map(|bytes| bytes.split(|&byte| byte == b'\n'));
    let [expected, actual] = &mut lines;
    (1..).find_map(|number| match (expected.next(), actual.next()) {
        (None, None) => Some(None),
        (a, b) if a == b => None,
        (a, b) => {
            let [a, b] =
                [a, b].map(|line| line.map_or("nothing".into(), |line| format!("{:?}", String::from_utf8_lossy(line))));
            Some(Some(format!("line {number} is {b}, natively {a}")))
        }
    })?
}
