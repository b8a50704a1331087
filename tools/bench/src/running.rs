//! How fast compiled programs run: beside their native builds, other engines, other options, and what they did when results were
//! last kept.
//!
//! `make bench-programs` builds all of them into one folder, at `-O3`: `native` and `march` (the same for this very processor), `scalar`
//! and `simd` (WebAssembly as it is, and with `-msimd128`). What is compared runs by turns, each in a process of its own whose processor
//! time counts, and must print the same.

use crate::process::{Machine, Usage, beside, run, succeed};
use crate::programs::{PROGRAMS, Program};
use crate::timing::{Summary, geometric_mean};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Clone, clap::Args)]
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
    /// What to compare; figures are relative to the first
    #[arg(long, value_name = "WAY", value_delimiter = ',', default_values = ["native", "simd", "scalar", "wasmtime-simd"])]
    ways: Vec<Way>,
    /// Options for our compiler in place of none, separated by spaces; given several times, compares all of these in each way
    #[arg(long, value_name = "OPTIONS", default_value = "", allow_hyphen_values = true)]
    compile: Vec<String>,
    /// Where the programs are
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    folder: PathBuf,
    /// The results to compare with, and those that --keep renews
    #[arg(long, value_name = "FILE", default_value = "tools/bench/results/running.json")]
    results: PathBuf,
    /// Keep these results
    #[arg(long, conflicts_with = "programs")]
    keep: bool,
}

impl Options {
    /// What of a program's times is compared, in milliseconds.
    fn figure(&self, times: Summary) -> f64 {
        if self.fastest { times.fastest } else { times.median }
    }

    /// All that is compared of a program.
    fn versions(&self, program: &Program) -> Vec<Version<'_>> {
        let ways = self.ways.iter().filter(|way| way.file(self, program).exists());
        let versions = ways.flat_map(|&way| {
            let options = if way.is_ours() { &self.compile[..] } else { &self.compile[..1] };
            options.iter().map(move |compile| Version { way, compile })
        });
        versions.collect()
    }
}

/// A way to run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
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

/// A way to run a program, by what options compiled.
struct Version<'a> {
    way: Way,
    compile: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Results {
    machine: Machine,
    /// Which part of its work each program does.
    part: u32,
    /// Whether the fastest runs were compared.
    fastest: bool,
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    program: String,
    /// The first is what the others are relative to.
    figures: Vec<Figure>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Figure {
    version: String,
    times: Summary,
    /// The median, or the fastest, relative to that of the first.
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
    let machine = Machine::this();
    let mut options = options.clone();
    options.ways.retain(|way| machine.wasmtime.is_some() || !way.is_wasmtime());
    let options = &options;
    let read = |bytes: Vec<u8>| serde_json::from_slice::<Results>(&bytes);
    let before = std::fs::read(&options.results).ok().map(read).transpose();
    let before = before.map_err(|error| format!("{}: {error}", options.results.display()))?;
    let wanted =
        |program: &&Program| options.programs.is_empty() || options.programs.iter().any(|name| name == program.name);
    let mut results = Results { machine, part: options.part, fastest: options.fastest, rows: Vec::new() };
    let before = before.filter(|before| before.compares_with(&results));
    for program in PROGRAMS.iter().filter(wanted) {
        let row = measure(program, options).map_err(|error| format!("{}: {error}", program.name))?;
        if !options.json {
            if results.rows.is_empty() {
                print_head(&row);
            }
            print(&row, options.figure(row.figures[0].times), before.as_ref());
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
    let versions = options.versions(program);
    if versions.first().is_none_or(|first| first.way != options.ways[0]) {
        return Err("what the others are relative to is not there; `make bench-programs` builds all of them".into());
    }
    let commands = versions
        .iter()
        .enumerate()
        .map(|(number, version)| version.command(program, options, &scratch.path().join(format!("{number}"))));
    let commands = commands.collect::<Result<Vec<_>>>()?;
    if !program.before.is_empty() {
        start(&commands[0], program.before, &data, &scratch.path().join("before"))?;
    }
    let args = program.args_for(options.part);
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); versions.len()];
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
    let figures = versions.iter().zip(&summaries).map(|(version, &times)| Figure {
        version: version.to_string(),
        times,
        ratio: options.figure(times) / options.figure(summaries[0]),
    });
    Ok(Row { program: program.name.to_owned(), figures: figures.collect() })
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

    /// Whether wasmtime is at work.
    fn is_wasmtime(self) -> bool {
        matches!(self, Way::WasmtimeSimd | Way::WasmtimeScalar)
    }

    fn file(self, options: &Options, program: &Program) -> PathBuf {
        let folder = options.folder.join(self.build());
        match self {
            Way::Native | Way::March => folder.join("native").join(program.name),
            _ => folder.join("wasm").join(program.name).with_extension("wasm"),
        }
    }

    /// Whether our compiler is at work.
    fn is_ours(self) -> bool {
        matches!(self, Way::Simd | Way::Scalar | Way::Relaxed)
    }
}

impl Version<'_> {
    /// The words that run a program, once it is compiled into a file of this name, with an extension.
    fn command(&self, program: &Program, options: &Options, out: &Path) -> Result<Vec<String>> {
        let file = self.way.file(options, program);
        let file = file.canonicalize().map_err(|error| format!("{}: {error}", file.display()))?;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        Ok(match self.way {
            Way::Native | Way::March => vec![text(&file)],
            Way::Simd | Way::Scalar | Way::Relaxed => {
                let out = out.with_extension("wasm");
                let mut command = Command::new(beside("wasmedge-stage")?);
                command
                    .args(["compile", "--quiet", "--no-cache", "--enable-all"])
                    .args(self.compile.split_whitespace());
                if self.way == Way::Relaxed {
                    command.arg("--relaxed-traps");
                }
                succeed(command.arg(&file).arg(&out))?;
                vec![text(&beside("wasmedge")?), "--dir=.".into(), text(&out)]
            }
            Way::WasmtimeSimd | Way::WasmtimeScalar => {
                let out = out.with_extension("cwasm");
                succeed(
                    Command::new("wasmtime").args(["compile", "-W", "all-proposals=y", "-o"]).arg(&out).arg(&file),
                )?;
                let words = ["wasmtime", "run", "--allow-precompiled", "-W", "all-proposals=y", "--dir=."];
                words.into_iter().map(str::to_owned).chain([text(&out)]).collect()
            }
        })
    }
}

impl fmt::Display for Version<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = self.way.to_possible_value().expect("none is hidden");
        f.write_str(way.get_name())?;
        if self.way.is_ours() && !self.compile.is_empty() { write!(f, " {}", self.compile) } else { Ok(()) }
    }
}

/// How wide a column is: as its title, which has at least a figure and one from before below it.
fn width(figure: &Figure) -> usize {
    figure.version.len().max(9) + 2
}

fn print_head(row: &Row) {
    print!("{:<10}{:>15}", "", format!("{}, ms", row.figures[0].version));
    row.figures[1..]
        .iter()
        .for_each(|figure| print!("{:>width$}{:>8}", figure.version, "before", width = width(figure)));
    println!("   largest spread");
}

fn print(row: &Row, first: f64, before: Option<&Results>) {
    print!("{:<10}{:>15.1}", row.program, first);
    for figure in &row.figures[1..] {
        let then = before.and_then(|before| before.ratio(row, &figure.version));
        let then = then.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        print!("{:>width$.3}{then:>8}", figure.ratio, width = width(figure));
    }
    let spreads = row.figures.iter().map(|figure| figure.times.spread());
    println!("{:>16.1}%", spreads.fold(0.0, f64::max) * 100.0);
}

/// The geometric means, the least and the most, each over the programs that have a figure.
fn print_means(results: &Results, before: Option<&Results>) {
    let Some(row) = results.rows.first() else { return };
    let columns = || row.figures[1..].iter();
    let ratios = |figure: &Figure| {
        let version = figure.version.clone();
        results.rows.iter().filter_map(move |row| Some((row, row.ratio(&version)?)))
    };
    print!("{:<25}", "geometric mean");
    for figure in columns() {
        let then = ratios(figure).filter_map(|(row, _)| before?.ratio(row, &figure.version));
        let then = geometric_mean(then).map_or_else(String::new, |mean| format!("{mean:.2}"));
        let mean = geometric_mean(ratios(figure).map(|(_, ratio)| ratio)).unwrap_or(f64::NAN);
        print!("{mean:>width$.3}{then:>8}", width = width(figure));
    }
    println!();
    for (title, choose) in [("least", f64::min as fn(f64, f64) -> f64), ("most", f64::max)] {
        print!("{title:<25}");
        for figure in columns() {
            let chosen = ratios(figure).map(|(_, ratio)| ratio).reduce(choose).unwrap_or(f64::NAN);
            print!("{chosen:>width$.3}{:>8}", "", width = width(figure));
        }
        println!();
    }
}

impl Row {
    fn ratio(&self, version: &str) -> Option<f64> {
        Some(self.figures.iter().find(|figure| figure.version == version)?.ratio)
    }
}

impl Results {
    /// What a program's ratio is here, if it is to the same as in a row of others.
    fn ratio(&self, row: &Row, version: &str) -> Option<f64> {
        let same = self.rows.iter().find(|same| same.program == row.program)?;
        (same.figures[0].version == row.figures[0].version).then(|| same.ratio(version))?
    }

    /// Whether figures of both mean the same.
    fn compares_with(&self, other: &Results) -> bool {
        (self.part, self.fastest) == (other.part, other.fastest)
    }
}
