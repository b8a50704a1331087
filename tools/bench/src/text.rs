//! The price of text: how much of a compile's processor time goes into printing, writing and reading IR.
//!
//! It is measured three times: in a compile that keeps no text, in one that leaves all of it in a build directory, and stage by stage,
//! where each stage reads what another has written. The compiler is `wasmedge-stage` from beside this program; what its
//! tasks took is what its `--timings` say.

use crate::show;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(clap::Args)]
pub struct Options {
    /// How much to optimize
    #[arg(long, default_value = "2")]
    optimize: String,
    /// How often each module is compiled; the fastest compile counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The modules (`make programs` builds those)
    #[arg(value_name = "WASM", default_values_os_t = ["numbers", "lua", "sqlite"].map(program))]
    modules: Vec<PathBuf>,
}

fn program(name: &str) -> PathBuf {
    Path::new("target/programs/wasm").join(name).with_extension("wasm")
}

/// The stages between the first and the last, in order.
const STAGES: [&str; 5] = ["validate", "lower", "verify", "opt", "emit"];

#[derive(Serialize)]
struct Row {
    module: String,
    /// The size of the module in bytes.
    bytes: u64,
    /// Without text.
    plain: Cost,
    /// With all of it written, and nothing read.
    written: Cost,
    /// With each stage on its own.
    staged: Cost,
}

/// What a compile took, in milliseconds of processor time.
#[derive(Clone, Copy, Default, Serialize)]
struct Cost {
    all: f64,
    text: f64,
    /// Of `all`.
    share: f64,
}

/// What is read of a file of timings.
#[derive(Deserialize)]
struct Timings {
    cpu_ms: f64,
    text: Text,
}

#[derive(Deserialize)]
struct Text {
    cpu_ms: f64,
}

/// Measures all modules.
pub fn main(options: &Options) -> ExitCode {
    show(options.modules.iter().map(|module| measure(module, options)).collect(), options.json, print)
}

fn measure(module: &Path, options: &Options) -> Result<Row> {
    let absent = |error| format!("{}: {error}; `make programs` builds those of the tests", module.display());
    let (module, bytes) = (&module.canonicalize().map_err(absent)?, std::fs::metadata(module).map_err(absent)?.len());
    let [plain, written, staged] = [plain, written, staged].map(|compile| {
        let costs = (0..options.runs).map(|_| compile(module, &options.optimize)).collect::<Result<Vec<Cost>>>()?;
        Ok::<_, Box<dyn Error>>(costs.into_iter().min_by(|a, b| a.all.total_cmp(&b.all)).unwrap_or_default())
    });
    let name = module.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Row { module: name, bytes, plain: plain?, written: written?, staged: staged? })
}

fn plain(module: &Path, level: &str) -> Result<Cost> {
    let scratch = tempfile::tempdir()?;
    Ok(Cost::of(run(scratch.path(), &["compile", "--no-cache"], &[module, "out.wasm".as_ref()], Some(level))?))
}

fn written(module: &Path, level: &str) -> Result<Cost> {
    let scratch = tempfile::tempdir()?;
    let words = ["compile", "--build-dir", "build"];
    Ok(Cost::of(run(scratch.path(), &words, &[module, "out.wasm".as_ref()], Some(level))?))
}

fn staged(module: &Path, level: &str) -> Result<Cost> {
    let scratch = tempfile::tempdir()?;
    let stage = |stage, paths: &[&Path], level| run(scratch.path(), &[stage, "--build-dir", "build"], paths, level);
    let mut costs = vec![stage("parse", &[module], Some(level))?];
    for name in STAGES {
        costs.push(stage(name, &[], None)?);
    }
    costs.push(stage("output", &["out.wasm".as_ref()], None)?);
    Ok(Cost::of(costs.into_iter().fold([0.0; 2], |sum, cost| [sum[0] + cost[0], sum[1] + cost[1]])))
}

impl Cost {
    fn of([all, text]: [f64; 2]) -> Cost {
        Cost { all, text, share: text / all }
    }
}

/// Runs the compiler in a folder, with options of a whole compile if there is a level; gives how long all of its work took, and how
/// much of that was for text.
fn run(folder: &Path, words: &[&str], paths: &[&Path], level: Option<&str>) -> Result<[f64; 2]> {
    let compiler = std::env::current_exe()?.with_file_name("wasmedge-stage");
    let mut command = Command::new(&compiler);
    command.args(words).args(["--quiet", "--timings", "timings.json"]);
    if let Some(level) = level {
        command.args(["--enable-all", "--optimize", level]);
    }
    let status = command.args(paths).current_dir(folder).status();
    match status.map_err(|error| format!("{}: {error}; build it first", compiler.display()))?.success() {
        true => {
            let Timings { cpu_ms, text } = serde_json::from_slice(&std::fs::read(folder.join("timings.json"))?)?;
            Ok([cpu_ms, text.cpu_ms])
        }
        false => Err(format!("{} failed", words[0]).into()),
    }
}

fn print(rows: &[Row]) {
    println!(
        "{:<10} {:>10} {:>14} {:>24} {:>24}",
        "", "size, KiB", "no text, ms", "text written, ms", "stage by stage, ms"
    );
    for Row { module, bytes, plain, written, staged } in rows {
        let [written, staged] =
            [written, staged].map(|cost| format!("{:>16.1} {:>6.1}%", cost.all, cost.share * 100.0));
        println!("{module:<10} {:>10} {:>14.1} {written} {staged}", bytes >> 10, plain.all);
    }
    println!("percent: printing, writing and reading IR, of all processor time");
}
