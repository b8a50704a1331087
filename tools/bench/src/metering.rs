//! What it costs native code to count and to be interruptible: the same programs, compiled with and without.
//!
//! The compiler is `wasmedge-stage` from beside this program. All variants of a program run by turns.

use crate::show;
use crate::timing::{Summary, time};
use engine::{Func, Linker, Mode, Module, Store, WasiBuilder, WasiOutput, WasiPipe};
use serde::Serialize;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(clap::Args)]
pub struct Options {
    /// How often each variant of each program runs
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// CoreMark, built for WASI (`make programs` does)
    #[arg(long, value_name = "FILE", default_value = "target/programs/wasm/coremark.wasm")]
    coremark: PathBuf,
}

/// The variants and how they are compiled; the first is what the others are compared with.
const VARIANTS: &[(&str, &[&str])] = &[
    ("plain", &[]),
    ("instructions", &["--enable-instruction-count"]),
    ("gas", &["--enable-gas-measuring"]),
    ("both", &["--enable-instruction-count", "--enable-gas-measuring"]),
    ("interruptible", &["--interruptible"]),
];

/// The programs that export `run`, and how much they do.
const PROGRAMS: &[(&str, &str, i32)] = &[
    ("xorshift", include_str!("../programs/xorshift.wat"), 50_000_000),
    ("sum", include_str!("../programs/sum.wat"), 200_000_000),
    ("fib", include_str!("../programs/fib.wat"), 36),
    ("sieve", include_str!("../programs/sieve.wat"), 1_000_000),
    ("sha256", include_str!("../programs/sha256.wat"), 40_000),
    ("nbody", include_str!("../programs/nbody.wat"), 1_000_000),
    ("states", include_str!("../programs/states.wat"), 30_000_000),
];

/// CoreMark's arguments: the seeds of a performance run, and the number of iterations, which it would else find by the clock.
const COREMARK: &[&str] = &["coremark", "0x0", "0x0", "0x66", "12000", "7", "1", "2000"];

#[derive(Serialize)]
struct Row {
    program: &'static str,
    variants: Vec<Variant>,
}

#[derive(Serialize)]
struct Variant {
    name: &'static str,
    times: Summary,
    /// Its median relative to that of plain code.
    ratio: f64,
}

/// Measures all programs.
pub fn main(options: &Options) -> ExitCode {
    show(measure_all(options), options.json, print)
}

fn measure_all(options: &Options) -> Result<Vec<Row>> {
    let scratch = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for &(name, text, size) in PROGRAMS {
        let file = scratch.path().join(name).with_extension("wat");
        std::fs::write(&file, text)?;
        let variants = compile(&file, scratch.path())?.into_iter().map(|module| exported(&module, size));
        rows.push(measure(name, options.runs, variants.collect::<Result<_>>()?)?);
    }
    if options.coremark.exists() {
        let variants = compile(&options.coremark, scratch.path())?.into_iter().map(coremark);
        rows.push(measure("coremark", options.runs, variants.collect())?);
    } else {
        eprintln!("bench: {} is not there, so CoreMark is left out", options.coremark.display());
    }
    Ok(rows)
}

/// Runs a program once; what it gives is the same for all variants that have run as often.
type Run = Box<dyn FnMut() -> Result<i32>>;

fn measure(program: &'static str, runs: u32, mut variants: Vec<Run>) -> Result<Row> {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); variants.len()];
    // The first turn warms up.
    for turn in 0..=runs {
        let mut expected = None;
        for (run, times) in variants.iter_mut().zip(&mut times) {
            let (result, duration) = time(run);
            let result = result?;
            if *expected.get_or_insert(result) != result {
                return Err(format!("{program}: the variants disagree").into());
            }
            if turn > 0 {
                times.push(duration);
            }
        }
    }
    let summaries: Vec<Summary> = times.iter().map(|times| Summary::of(times)).collect();
    let plain = summaries[0].median;
    let variant = |(&(name, _), &times): (&(&'static str, &[&str]), &Summary)| Variant {
        name,
        times,
        ratio: times.median / plain,
    };
    Ok(Row { program, variants: VARIANTS.iter().zip(&summaries).map(variant).collect() })
}

/// A module in all variants.
fn compile(file: &Path, scratch: &Path) -> Result<Vec<Module>> {
    let compiler = std::env::current_exe()?.with_file_name("wasmedge-stage");
    let variants = VARIANTS.iter().map(|(name, switches)| {
        let out = scratch.join(name).with_extension("wasm");
        let status = Command::new(&compiler).args(["compile", "--quiet"]).args(*switches).arg(file).arg(&out).status();
        match status.map_err(|error| format!("{}: {error}; build it first", compiler.display()))?.success() {
            true => Ok(Module::from_bytes_in(std::fs::read(&out)?, Mode::Aot)?),
            false => Err(format!("{} is not compiled", file.display()).into()),
        }
    });
    variants.collect()
}

fn exported(module: &Module, size: i32) -> Result<Run> {
    let mut store = Store::new();
    let instance = Linker::new().instantiate(&mut store, module)?;
    let run = instance.typed_func::<i32, i32>(&store, "run")?;
    Ok(Box::new(move || Ok(run.call(&mut store, size)?)))
}

fn coremark(module: Module) -> Run {
    Box::new(move || {
        let mut store = Store::new();
        let mut linker = Linker::new();
        let mut wasi = WasiBuilder::new();
        let printed = WasiPipe::default();
        wasi.args(COREMARK.iter().copied()).stdout(WasiOutput::Pipe(printed.clone()));
        wasi.stderr(WasiOutput::Pipe(WasiPipe::default()));
        engine::add_wasi(&mut linker, wasi.build());
        let instance = linker.instantiate(&mut store, &module)?;
        let start: Func = engine::function(&store, instance, "_start").ok_or("no program")?;
        start.call(&mut store, &[])?;
        match String::from_utf8(printed.contents())?.contains("Correct operation validated") {
            true => Ok(0),
            false => Err("CoreMark says that it ran wrongly".into()),
        }
    })
}

fn print(rows: &[Row]) {
    print!("{:<10}{:>11}", "", "plain, ms");
    VARIANTS[1..].iter().for_each(|(name, _)| print!("{name:>15}"));
    println!("   largest spread");
    for Row { program, variants } in rows {
        print!("{program:<10}{:>11.1}", variants[0].times.median);
        variants[1..].iter().for_each(|variant| print!("{:>15.3}", variant.ratio));
        let spread = variants.iter().map(|variant| variant.times.spread()).fold(0.0, f64::max);
        println!("{:>16.1}%", spread * 100.0);
    }
}
