//! How fast compiled programs run: beside their native builds, other engines, and what they did when results were last kept.
//!
//! `make bench-programs` builds all of them into one folder, at `-O3`: `native` and `march` (the same for this very processor), `scalar`
//! and `simd` (WebAssembly as it is, and with `-msimd128`). What is compared runs by turns, each in a process of its own whose processor
//! time counts, and must print the same.

use crate::process::{Machine, Usage, beside, run, succeed, version};
use crate::programs::{PROGRAMS, Program};
use crate::timing::{Summary, geometric_mean};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(clap::Args)]
pub struct Options {
    /// How often each program runs in each way
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Do one of so many parts of the work, where a program can: short runs, and many of them, find quiet moments
    #[arg(long, value_name = "PARTS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    part: u32,
    /// Compare the fastest runs in place of medians
    #[arg(long)]
    fastest: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say which programs there are, and run none
    #[arg(long)]
    list: bool,
    /// These programs alone
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    programs: Vec<String>,
    /// What to compare with the native build
    #[arg(long, value_name = "WAY", value_delimiter = ',', default_values = ["simd", "scalar", "wasmtime-simd"])]
    ways: Vec<Way>,
    /// Options for the compiler in place of none, separated by spaces
    #[arg(long, value_name = "OPTIONS", default_value = "", allow_hyphen_values = true)]
    compile: String,
    /// Where the programs are
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    folder: PathBuf,
    /// The results to compare with, and those that --keep renews
    #[arg(long, value_name = "FILE", default_value = "tools/bench/results/running.json")]
    results: PathBuf,
    /// Keep these results
    #[arg(long)]
    keep: bool,
}

impl Options {
    /// What of a program's times is compared, in milliseconds.
    fn figure(&self, times: Summary) -> f64 {
        if self.fastest { times.fastest } else { times.median }
    }
}

/// A way to run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Way {
    /// Natively, for any processor of the architecture
    Native,
    /// Natively, for this processor
    March,
    /// WebAssembly with vectors, compiled by us
    Simd,
    /// WebAssembly without vectors, compiled by us
    Scalar,
    /// Likewise, with --relaxed-traps
    Relaxed,
    /// WebAssembly with vectors, compiled by wasmtime
    WasmtimeSimd,
    /// WebAssembly without vectors, compiled by wasmtime
    WasmtimeScalar,
}

#[derive(Serialize, Deserialize)]
struct Results {
    machine: Machine,
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    program: String,
    native: Summary,
    ways: BTreeMap<Way, Figure>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Figure {
    times: Summary,
    /// The median, or the fastest, relative to that of the native build.
    ratio: f64,
}

/// Measures all programs.
pub fn main(options: &Options) -> ExitCode {
    if options.list {
        PROGRAMS.iter().for_each(|program| println!("{}", program.name));
        return ExitCode::SUCCESS;
    }
    match measure_all(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure_all(options: &Options) -> Result<()> {
    let before: Option<Results> =
        std::fs::read(&options.results).ok().map(|bytes| serde_json::from_slice(&bytes)).transpose()?;
    let wanted =
        |program: &&Program| options.programs.is_empty() || options.programs.iter().any(|name| name == program.name);
    let mut results = Results { machine: Machine::this(), rows: Vec::new() };
    for program in PROGRAMS.iter().filter(wanted) {
        let row = measure(program, options).map_err(|error| format!("{}: {error}", program.name))?;
        if !options.json {
            if results.rows.is_empty() {
                print_head(&row);
            }
            print(&row, options.figure(row.native), before.as_ref());
        }
        results.rows.push(row);
    }
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&results)?),
        false => print_means(&results, before.as_ref()),
    }
    if options.keep {
        if let Some(folder) = options.results.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&options.results, serde_json::to_string_pretty(&results)? + "\n")?;
    }
    Ok(())
}

fn measure(program: &Program, options: &Options) -> Result<Row> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    std::fs::create_dir(&data)?;
    program.prepare(&data)?;
    let mut ways = vec![Way::Native];
    ways.extend(options.ways.iter().filter(|way| way.exists(options, program)));
    let commands = ways.iter().map(|way| way.command(program, options, scratch.path()));
    let commands = commands.collect::<Result<Vec<_>>>()?;
    if !program.before.is_empty() {
        start(&commands[0], program.before, &data, &scratch.path().join("before"))?;
    }
    let args = program.args_for(options.part);
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); ways.len()];
    for turn in 0..=options.runs {
        let mut expected: Option<Vec<u8>> = None;
        for (command, times) in commands.iter().zip(&mut times) {
            let output = scratch.path().join("output");
            let usage = start(command, &args, &data, &output)?;
            // The first turn warms caches up.
            if turn > 0 {
                times.push(usage.cpu());
            }
            let printed = std::fs::read(&output)?;
            if expected.get_or_insert_with(|| printed.clone()) != &printed {
                return Err(format!("{command:?} prints something else").into());
            }
        }
    }
    let summaries: Vec<Summary> = times.iter().map(|times| Summary::of(times)).collect();
    let figure = |times: Summary| Figure { times, ratio: options.figure(times) / options.figure(summaries[0]) };
    Ok(Row {
        program: program.name.to_owned(),
        native: summaries[0],
        ways: ways.iter().zip(&summaries).skip(1).map(|(&way, &times)| (way, figure(times))).collect(),
    })
}

/// Runs a program that is to succeed.
fn start(words: &[String], args: &[impl AsRef<OsStr>], data: &Path, output: &Path) -> Result<Usage> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(args).current_dir(data).stdin(Stdio::null()).stdout(File::create(output)?);
    let usage = run(command.stderr(Stdio::null())).map_err(|error| format!("{}: {error}", words[0]))?;
    match usage.status.success() {
        true => Ok(usage),
        false => Err(format!("{} ends with {}", words.join(" "), usage.status).into()),
    }
}

impl Way {
    fn build(self) -> &'static str {
        match self {
            Way::Native => "native",
            Way::March => "march",
            Way::Simd | Way::WasmtimeSimd => "simd",
            Way::Scalar | Way::Relaxed | Way::WasmtimeScalar => "scalar",
        }
    }

    /// Programs that are written with vectors have no build without. What wasmtime cannot run it is not asked to.
    fn exists(self, options: &Options, program: &Program) -> bool {
        let wasmtime = matches!(self, Way::WasmtimeSimd | Way::WasmtimeScalar);
        self.file(options, program).exists() && (!wasmtime || version("wasmtime").is_some())
    }

    fn file(self, options: &Options, program: &Program) -> PathBuf {
        let folder = options.folder.join(self.build());
        match self {
            Way::Native | Way::March => folder.join("native").join(program.name),
            _ => folder.join("wasm").join(program.name).with_extension("wasm"),
        }
    }

    /// The words that run a program in this way, once it is compiled into `scratch`.
    fn command(self, program: &Program, options: &Options, scratch: &Path) -> Result<Vec<String>> {
        let file = self.file(options, program);
        let file = file.canonicalize().map_err(|error| format!("{}: {error}", file.display()))?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Ok(match self {
            Way::Native | Way::March => vec![text(&file)],
            Way::Simd | Way::Scalar | Way::Relaxed => {
                let out = scratch.join(format!("{self:?}.wasm"));
                let mut command = Command::new(beside("wasmedge-stage")?);
                command
                    .args(["compile", "--quiet", "--no-cache", "--enable-all"])
                    .args(options.compile.split_whitespace());
                if self == Way::Relaxed {
                    command.arg("--relaxed-traps");
                }
                succeed(command.arg(&file).arg(&out))?;
                vec![text(&beside("wasmedge")?), "--dir=.".into(), text(&out)]
            }
            Way::WasmtimeSimd | Way::WasmtimeScalar => {
                let out = scratch.join(format!("{self:?}.cwasm"));
                succeed(
                    Command::new("wasmtime").args(["compile", "-W", "all-proposals=y", "-o"]).arg(&out).arg(&file),
                )?;
                let words = ["wasmtime", "run", "--allow-precompiled", "-W", "all-proposals=y", "--dir=."];
                words.into_iter().map(str::to_owned).chain([text(&out)]).collect()
            }
        })
    }
}

fn print_head(row: &Row) {
    print!("{:<10}{:>11}", "", "native, ms");
    row.ways.keys().for_each(|way| print!("{:>17}{:>8}", format!("{way:?}"), "before"));
    println!("   largest spread");
}

fn print(row: &Row, native: f64, before: Option<&Results>) {
    print!("{:<10}{:>11.1}", row.program, native);
    for (way, figure) in &row.ways {
        let then = before.and_then(|before| before.ratio(&row.program, *way));
        print!("{:>17.3}{:>8}", figure.ratio, then.map_or_else(String::new, |ratio| format!("{ratio:.2}")));
    }
    let all = row.ways.values().map(|figure| figure.times).chain([row.native]);
    println!("{:>16.1}%", all.map(|times| times.spread()).fold(0.0, f64::max) * 100.0);
}

/// The geometric means, each over the programs that have a figure.
fn print_means(results: &Results, before: Option<&Results>) {
    print!("{:<21}", "geometric mean");
    let Some(row) = results.rows.first() else { return println!() };
    for way in row.ways.keys() {
        let both = results.rows.iter().filter_map(|row| Some((row, row.ways.get(way)?.ratio)));
        let then = both.clone().filter_map(|(row, _)| before?.ratio(&row.program, *way));
        let then = geometric_mean(then).map_or_else(String::new, |mean| format!("{mean:.2}"));
        print!("{:>17.3}{then:>8}", geometric_mean(both.map(|(_, ratio)| ratio)).unwrap_or(f64::NAN));
    }
    println!();
}

impl Results {
    fn ratio(&self, program: &str, way: Way) -> Option<f64> {
        Some(self.rows.iter().find(|row| row.program == program)?.ways.get(&way)?.ratio)
    }
}
