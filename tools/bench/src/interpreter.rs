//! Programs in the interpreter, beside wasmi.
//!
//! A program exports `run`, which takes how much to do and gives a number that both engines must agree on. What is timed is a
//! call of it. The first call, in which functions are translated, does not count.

use crate::show;
use crate::timing::{Summary, time};
use serde::Serialize;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(clap::Args)]
pub struct Options {
    /// How often each engine runs each program
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Run this program alone
    #[arg(long, value_name = "NAME")]
    program: Option<String>,
    /// Run one engine alone, for a look with a profiler
    #[arg(long, value_name = "ENGINE")]
    engine: Option<EngineName>,
    /// How much the programs do, as part of what they do otherwise
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum EngineName {
    Ours,
    Wasmi,
}

struct Program {
    name: &'static str,
    text: &'static str,
    /// How much it does.
    size: i32,
}

macro_rules! programs {
    ($($name:literal $size:literal,)*) => {
        &[$(Program { name: $name, text: include_str!(concat!("../programs/", $name, ".wat")), size: $size },)*]
    };
}
const PROGRAMS: &[Program] = programs! {
    "fib" 30,
    "sieve" 1_000_000,
    "sha256" 4_000,
    "nbody" 30_000,
    "states" 2_000_000,
};

#[derive(Serialize)]
struct Row {
    program: &'static str,
    ours: Option<Summary>,
    wasmi: Option<Summary>,
    /// Our median relative to that of wasmi: less than one is faster.
    ratio: Option<f64>,
}

/// Measures all programs.
pub fn main(options: &Options) -> ExitCode {
    show(measure_all(options), options.json, print)
}

fn measure_all(options: &Options) -> Result<Vec<Row>> {
    let wanted = |program: &&Program| options.program.as_ref().is_none_or(|name| name == program.name);
    PROGRAMS.iter().filter(wanted).map(|program| measure(program, options)).collect()
}

fn measure(program: &'static Program, options: &Options) -> Result<Row> {
    let wasm = wat::parse_str(program.text)?;
    let size = scaled(program, options.scale);
    let wanted = |engine| options.engine.is_none_or(|name| name == engine);
    let mut ours = wanted(EngineName::Ours).then(|| Ours::new(&wasm)).transpose()?;
    let mut wasmi = wanted(EngineName::Wasmi).then(|| Wasmi::new(&wasm)).transpose()?;
    let (mut our_times, mut wasmi_times) = (Vec::new(), Vec::new());
    for run in 0..=options.runs {
        let mut results = Vec::new();
        let mut timed = |engine: &mut dyn FnMut() -> Result<i32>, times: &mut Vec<Duration>| -> Result<()> {
            let (result, duration) = time(engine);
            results.push(result?);
            if run > 0 {
                times.push(duration);
            }
            Ok(())
        };
        if let Some(engine) = &mut ours {
            timed(&mut || engine.run(size), &mut our_times)?;
        }
        if let Some(engine) = &mut wasmi {
            timed(&mut || engine.run(size), &mut wasmi_times)?;
        }
        if results.iter().any(|result| *result != results[0]) {
            return Err(format!("{}: the engines disagree: {results:?}", program.name).into());
        }
    }
    let [ours, wasmi] = [our_times, wasmi_times].map(|times| (!times.is_empty()).then(|| Summary::of(&times)));
    let ratio = ours.zip(wasmi).map(|(ours, wasmi)| ours.median / wasmi.median);
    Ok(Row { program: program.name, ours, wasmi, ratio })
}

/// How much a program does. Recursion grows by itself: there a part of the work is a smaller number, not a part of it.
fn scaled(program: &Program, factor: f64) -> i32 {
    match program.name {
        "fib" => (f64::from(program.size) + factor.ln() / 1.618f64.ln()).round() as i32,
        _ => (f64::from(program.size) * factor) as i32,
    }
}

struct Ours {
    store: engine::Store,
    run: engine::Func,
}

impl Ours {
    fn new(wasm: &[u8]) -> Result<Ours> {
        let module = engine::Module::from_bytes_in(wasm.to_vec(), engine::Mode::Interpreter)?;
        let mut store = engine::Store::new();
        let instance = engine::Linker::new().instantiate(&mut store, &module)?;
        let run = engine::function(&store, instance, "run").ok_or("no function `run`")?;
        Ok(Ours { store, run })
    }

    fn run(&mut self, size: i32) -> Result<i32> {
        match self.store.call(self.run, &[engine::Value::I32(size)])?[..] {
            [engine::Value::I32(result)] => Ok(result),
            _ => Err("`run` gives no number".into()),
        }
    }
}

struct Wasmi {
    store: wasmi::Store<()>,
    run: wasmi::TypedFunc<i32, i32>,
}

impl Wasmi {
    fn new(wasm: &[u8]) -> Result<Wasmi> {
        let engine = wasmi::Engine::default();
        let module = wasmi::Module::new(&engine, wasm)?;
        let mut store = wasmi::Store::new(&engine, ());
        let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
        let run = instance.get_typed_func(&store, "run")?;
        Ok(Wasmi { store, run })
    }

    fn run(&mut self, size: i32) -> Result<i32> {
        Ok(self.run.call(&mut self.store, size)?)
    }
}

fn print(rows: &[Row]) {
    println!("{:<8} {:>12} {:>8} {:>12} {:>8} {:>6}", "", "ours, ms", "spread", "wasmi, ms", "spread", "ratio");
    for row in rows {
        let times = [&row.ours, &row.wasmi].map(|summary| match summary {
            Some(summary) => format!("{:>12.2} {:>7.1}%", summary.median, summary.spread() * 100.0),
            None => format!("{:>12} {:>8}", "", ""),
        });
        let ratio = row.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        println!("{:<8} {} {} {ratio:>6}", row.program, times[0], times[1]);
    }
}
