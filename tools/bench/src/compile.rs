//! How fast modules are compiled: beside LLVM's own tools on the same IR, and beside wasmtime.
//!
//! The yardstick is what one gets without any of our work on speed: the whole module as one piece of IR, as we lower it, through `opt -O2`
//! and `llc -O2`. Time on the wall counts, since work on all cores is part of what is compared. Besides: what our passes take, beside
//! LLVM's own pipeline on the same units.

use crate::process::{Machine, beside, run, version};
use crate::timing::{Summary, geometric_mean};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(clap::Args)]
pub struct Options {
    /// How often each module is compiled in each way
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Leave out LLVM's tools and its own pipeline, which take the most time
    #[arg(long)]
    quick: bool,
    /// Keep the results in this file
    #[arg(long, value_name = "FILE")]
    keep: Option<PathBuf>,
    /// The modules (`make programs` builds those)
    #[arg(value_name = "WASM", default_values_os_t = ["lua", "quickjs", "sqlite"].map(program))]
    modules: Vec<PathBuf>,
}

fn program(name: &str) -> PathBuf {
    Path::new("target/programs/wasm").join(name).with_extension("wasm")
}

const LEVELS: [&str; 4] = ["0", "1", "2", "3"];

#[derive(Serialize)]
struct Results {
    machine: Machine,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    module: String,
    /// The size of the module in bytes.
    bytes: u64,
    /// By level.
    ours: Vec<Ours>,
    /// Of `opt -O2` and `llc -O2`, in one thread, on the wall, in milliseconds.
    llvm: Option<Summary>,
    /// Processor time of the passes that the second level has, relative to that of LLVM's own pipeline for it.
    passes: Option<f64>,
    /// On the wall, in milliseconds.
    wasmtime: Option<Summary>,
}

#[derive(Serialize)]
struct Ours {
    level: &'static str,
    /// In milliseconds.
    wall: Summary,
    cpu: Summary,
    /// The most memory that was resident.
    peak_bytes: u64,
    /// Of the output.
    bytes: u64,
}

/// What is read of a file of timings.
#[derive(Deserialize)]
struct Timings {
    stages: Vec<Stage>,
}

#[derive(Deserialize)]
struct Stage {
    task: String,
    cpu_ms: f64,
}

/// Measures all modules.
pub fn main(options: &Options) -> ExitCode {
    let measured = || -> Result<()> {
        let rows = options.modules.iter().map(|module| measure(module, options)).collect::<Result<Vec<Row>>>()?;
        let results = Results { machine: Machine::this(), rows };
        let text = serde_json::to_string_pretty(&results)? + "\n";
        match options.json {
            true => print!("{text}"),
            false => print(&results.rows),
        }
        options.keep.as_ref().map_or(Ok(()), |file| Ok(std::fs::write(file, text)?))
    };
    match measured() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(module: &Path, options: &Options) -> Result<Row> {
    let absent = |error| format!("{}: {error}; `make programs` builds those of the tests", module.display());
    let (module, bytes) = (module.canonicalize().map_err(absent)?, std::fs::metadata(module).map_err(absent)?.len());
    let scratch = tempfile::tempdir()?;
    let compiler = Compiler { tool: beside("wasmedge-stage")?, module, scratch: scratch.path() };
    let ir = (!options.quick).then(|| compiler.lower()).transpose()?;
    let wasmtime = version("wasmtime").is_some();

    let (mut ours, mut llvm, mut other) = (LEVELS.map(|_| (Vec::new(), Vec::new(), 0, 0)), Vec::new(), Vec::new());
    let (mut passes, mut stock) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        for (level, (walls, cpus, peak, size)) in LEVELS.iter().zip(&mut ours) {
            let out = scratch.path().join("out.wasm");
            let usage = timed(compiler.compile(&["--optimize", level], &out))?;
            walls.push(usage.wall);
            cpus.push(usage.cpu());
            *peak = usage.peak_bytes.max(*peak);
            *size = std::fs::metadata(out)?.len();
        }
        if let Some(ir) = &ir {
            llvm.push(compiler.llvm(ir)?);
            passes.push(compiler.passes(&[])?);
            stock.push(compiler.passes(&["--passes", "default<O2>"])?);
        }
        if wasmtime {
            let mut command = Command::new("wasmtime");
            command.args(["compile", "-W", "all-proposals=y", "-o"]).arg(scratch.path().join("out.cwasm"));
            other.push(timed(command.arg(&compiler.module))?.wall);
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let summary = |times: &[Duration]| (!times.is_empty()).then(|| Summary::of(times));
    Ok(Row {
        module: compiler.module.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        bytes,
        ours: LEVELS
            .iter()
            .zip(ours)
            .map(|(level, (walls, cpus, peak_bytes, bytes))| Ours {
                level,
                wall: Summary::of(&walls),
                cpu: Summary::of(&cpus),
                peak_bytes,
                bytes,
            })
            .collect(),
        llvm: summary(&llvm),
        passes: ir.map(|_| median(&mut passes) / median(&mut stock)),
        wasmtime: summary(&other),
    })
}

/// Our compiler at work on a module.
struct Compiler<'a> {
    tool: PathBuf,
    module: PathBuf,
    scratch: &'a Path,
}

impl Compiler<'_> {
    fn compile(&self, words: &[&str], out: &Path) -> Command {
        let mut command = Command::new(&self.tool);
        command.args(["compile", "--quiet", "--no-cache", "--enable-all"]).args(words).arg(&self.module).arg(out);
        command
    }

    /// The whole module as one piece of IR.
    fn lower(&self) -> Result<PathBuf> {
        let build = self.scratch.join("build");
        let stage = |name: &str, words: &[&str]| {
            let mut command = Command::new(&self.tool);
            command.arg(name).args(["--quiet", "--build-dir"]).arg(&build).args(words);
            if name == "parse" {
                command.arg(&self.module);
            }
            timed(command)
        };
        stage("parse", &["--enable-all", "--unit-size", &u32::MAX.to_string()])?;
        stage("validate", &[])?;
        stage("lower", &[])?;
        Ok(build.join("lower/unit-0000.ll"))
    }

    /// How long LLVM's own tools take for a piece of IR, on the wall.
    fn llvm(&self, ir: &Path) -> Result<Duration> {
        let [optimized, object] = ["unit.bc", "unit.o"].map(|name| self.scratch.join(name));
        let mut opt = Command::new("opt-22");
        let mut llc = Command::new("llc-22");
        opt.arg("-O2").arg(ir).arg("-o").arg(&optimized);
        llc.args(["-O2", "-filetype=obj", "-relocation-model=pic"]).arg(&optimized).arg("-o").arg(&object);
        Ok(timed(opt)?.wall + timed(llc)?.wall)
    }

    /// The processor time of all passes, in milliseconds.
    fn passes(&self, words: &[&str]) -> Result<f64> {
        let file = self.scratch.join("timings.json");
        let name = file.to_string_lossy();
        timed(self.compile(&[&["--timings", &name], words].concat(), &self.scratch.join("out.wasm")))?;
        let Timings { stages } = serde_json::from_slice(&std::fs::read(&file)?)?;
        let optimize = stages.into_iter().find(|stage| stage.task == "optimize");
        Ok(optimize.ok_or("no passes were run")?.cpu_ms)
    }
}

fn timed(mut command: impl std::borrow::BorrowMut<Command>) -> Result<crate::process::Usage> {
    let command = command.borrow_mut();
    let usage = run(command.stdout(Stdio::null())).map_err(|error| format!("{command:?}: {error}"))?;
    match usage.status.success() {
        true => Ok(usage),
        false => Err(format!("{command:?} ends with {}", usage.status).into()),
    }
}

fn print(rows: &[Row]) {
    println!(
        "{:<10}{:>10} {:>34}{:>32}{:>9}{:>9}",
        "", "size, KiB", "wall, ms: O0     O1     O2     O3", "opt + llc, ms; O2 relative", "passes", "wasmtime"
    );
    for row in rows {
        print!("{:<10}{:>10}   ", row.module, row.bytes >> 10);
        row.ours.iter().for_each(|ours| print!("{:>8.0}", ours.wall.median));
        let o2 = &row.ours[2].wall;
        match row.llvm {
            Some(llvm) => print!("{:>24.0}{:>8.3}", llvm.median, o2.median / llvm.median),
            None => print!("{:>32}", ""),
        }
        let optional = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
        print!("{:>9}", optional(row.passes));
        println!("{:>9}", optional(row.wasmtime.map(|other| o2.median / other.median)));
    }
    let levels = (0..LEVELS.len()).map(|level| {
        let relative = |row: &Row| Some(row.ours[level].wall.median / row.wasmtime?.median);
        geometric_mean(rows.iter().filter_map(relative)).map_or_else(|| "-".into(), |mean| format!("{mean:.2}"))
    });
    println!("levels relative to wasmtime, geometric means: {}", levels.collect::<Vec<_>>().join("  "));
    let memory = rows.iter().map(|row| format!("{} {} MiB", row.module, row.ours[2].peak_bytes >> 20));
    println!("most memory at level 2: {}", memory.collect::<Vec<_>>().join(", "));
}
