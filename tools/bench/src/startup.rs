//! What it takes until a program runs: a small one from the start of the process to its end, beside a process that does nothing and
//! another engine; a large file, loaded and instantiated; and another instance of a module that is loaded.
//!
//! The tools are `wasmedge` and `wasmedge-stage` from beside this program. What is compared runs by turns.

use crate::process::{Usage, beside, run, succeed, version};
use crate::show;
use crate::timing::{Summary, time};
use engine::{Linker, Mode, Module, Store, WasiBuilder};
use serde::Serialize;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(clap::Args)]
pub struct Options {
    /// How often each thing is done
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// A large module (`make programs` builds this one)
    #[arg(long, value_name = "WASM", default_value = "target/programs/wasm/python.wasm")]
    large: PathBuf,
}

/// What a process does that does nothing.
const NOTHING: &str = "/bin/true";

#[derive(Serialize)]
struct Row {
    what: &'static str,
    /// The size of the file in bytes.
    bytes: u64,
    /// Processor time, in user mode and in the system.
    cpu: Summary,
    wall: Summary,
}

/// Measures all of it.
pub fn main(options: &Options) -> ExitCode {
    show(measure_all(options), options.json, print)
}

fn measure_all(options: &Options) -> Result<Vec<Row>> {
    let scratch = tempfile::tempdir()?;
    let hello = scratch.path().join("hello.wasm");
    let source = scratch.path().join("hello.c");
    std::fs::write(&source, include_str!("../programs/hello.c"))?;
    let mut clang = Command::new("clang-22");
    succeed(clang.args(["--target=wasm32-wasi", "-Wno-deprecated", "-O2"]).arg(&source).arg("-o").arg(&hello))?;
    let small = compile(&hello, &[], scratch.path())?;

    let mut commands = vec![("nothing", PathBuf::from(NOTHING), Command::new(NOTHING))];
    let mut ours = Command::new(beside("wasmedge")?);
    ours.arg(&small);
    commands.push(("hello", small.clone(), ours));
    if version("wasmtime").is_some() {
        let file = hello.with_extension("cwasm");
        succeed(Command::new("wasmtime").arg("compile").arg(&hello).arg("-o").arg(&file))?;
        let mut command = Command::new("wasmtime");
        command.args(["run", "--allow-precompiled"]).arg(&file);
        commands.push(("hello, wasmtime", file, command));
    }
    let large = if options.large.exists() {
        // How much it is optimized does not matter: what is loaded is what counts.
        Some(compile(&options.large, &["--enable-all", "--optimize", "0"], scratch.path())?)
    } else {
        eprintln!("bench: {} is not there, so large files are left out", options.large.display());
        None
    };
    if let Some(large) = &large {
        let mut command = Command::new(beside("wasmedge")?);
        command.args(["instantiate", "--quiet"]).arg(large);
        commands.push(("large, up to its start", large.clone(), command));
    }
    let mut rows = processes(commands, options.runs)?;
    rows.push(instances("hello, another instance", &small, options.runs)?);
    if let Some(large) = &large {
        rows.push(instances("large, another instance", large, options.runs)?);
    }
    Ok(rows)
}

/// Runs programs by turns.
fn processes(mut commands: Vec<(&'static str, PathBuf, Command)>, runs: u32) -> Result<Vec<Row>> {
    let mut used: Vec<Vec<Usage>> = vec![Vec::new(); commands.len()];
    // The first turn warms caches up.
    for turn in 0..=runs {
        for ((_, _, command), used) in commands.iter_mut().zip(&mut used) {
            let usage = run(command.stdout(Stdio::null()))?;
            if !usage.status.success() {
                return Err(format!("{command:?} failed").into());
            }
            if turn > 0 {
                used.push(usage);
            }
        }
    }
    let row = |((what, file, _), used): ((&'static str, PathBuf, Command), Vec<Usage>)| {
        let cpu: Vec<_> = used.iter().map(Usage::cpu).collect();
        let wall: Vec<_> = used.iter().map(|used| used.wall).collect();
        Ok(Row { what, bytes: file.metadata()?.len(), cpu: Summary::of(&cpu), wall: Summary::of(&wall) })
    };
    commands.into_iter().zip(used).map(row).collect()
}

/// Makes instances of a module that is loaded, each in a store of its own, and drops them.
fn instances(what: &'static str, file: &Path, runs: u32) -> Result<Row> {
    let module = Module::from_file_in(file, Mode::Aot)?;
    let mut linker = Linker::new();
    engine::add_wasi(&mut linker, WasiBuilder::new().build());
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    for turn in 0..=runs {
        let start = Instant::now();
        let (instance, took): (_, Duration) = time(|| linker.instantiate(&mut Store::new(), &module));
        instance?;
        if turn > 0 {
            wall.push(start.elapsed());
            cpu.push(took);
        }
    }
    Ok(Row { what, bytes: file.metadata()?.len(), cpu: Summary::of(&cpu), wall: Summary::of(&wall) })
}

/// A module, compiled by us.
fn compile(module: &Path, switches: &[&str], scratch: &Path) -> Result<PathBuf> {
    let name = module.file_stem().unwrap_or_default();
    let file = scratch.join(name).with_extension("aot.wasm");
    let mut compiler = Command::new(beside("wasmedge-stage")?);
    succeed(compiler.args(["compile", "--quiet"]).args(switches).arg(module).arg(&file))?;
    Ok(file)
}

fn print(rows: &[Row]) {
    println!("{:<24} {:>10} {:>12} {:>8} {:>12} {:>8}", "", "size, KiB", "CPU, ms", "spread", "wall, ms", "spread");
    for Row { what, bytes, cpu, wall } in rows {
        let [cpu, wall] =
            [cpu, wall].map(|summary| format!("{:>12.3} {:>7.0}%", summary.median, summary.spread() * 100.0));
        println!("{what:<24} {:>10} {cpu} {wall}", bytes >> 10);
    }
}
