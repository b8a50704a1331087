//! All stages, end to end.

use crate::observer::{Observer, Once};
use crate::record::Record;
use crate::units::{Prepared, read_ir};
use abi::layout::Layout;
use artifact::{Artifact, BuildDir, Error, Kind, Options, Stage, UnitId, Verdict};
use llvm::{Context, TargetMachine};
use output::Container;
use rayon::prelude::*;

/// What to compile to.
#[derive(Clone, Debug)]
pub struct Request {
    /// What the bytes depend on.
    pub options: Options,
    /// The kind of file.
    pub container: Container,
    /// How many threads work; 0 for one per core. The bytes do not depend on it.
    pub jobs: usize,
    /// Where to keep the stages' artifacts, if anywhere.
    pub build_dir: Option<BuildDir>,
    /// Whether to give the whole module's IR as well.
    pub dump: bool,
}

/// A finished compile.
pub struct Compiled {
    /// The container's bytes.
    pub file: Vec<u8>,
    /// The whole module's IR, if it was asked for.
    pub dump: Option<Dump>,
}

/// The whole module's IR, its units linked into one LLVM module.
pub struct Dump {
    /// Before optimization.
    pub lowered: String,
    /// After optimization.
    pub optimized: String,
}

/// What a unit leaves behind.
struct Made {
    verdict: Verdict,
    object: Vec<u8>,
    lowered: Option<String>,
    optimized: Option<String>,
}

/// Compiles a module.
///
/// # Errors
/// The first error of the first stage that has one; among units, the error of the lowest function.
pub fn compile(bytes: &[u8], request: &Request, observer: &dyn Observer) -> Result<Compiled, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(request.jobs).build();
    let pool =
        pool.map_err(|error| Error::new(Stage::Lower, Kind::Io, format!("threads cannot be started: {error}")))?;
    pool.install(|| run(bytes, request, observer))
}

fn run(bytes: &[u8], request: &Request, observer: &dyn Observer) -> Result<Compiled, Error> {
    let bytes = abi::container::original(bytes);
    let once = Once::new(observer);
    let record = request.build_dir.clone().map(|dir| Record::new(dir, &request.options));
    let keep = |stage, path: fn(&BuildDir) -> std::path::PathBuf, from: &[&[u8]], made: &[u8]| match &record {
        Some(record) => record.write(stage, &path(record.dir()), from, made),
        None => Ok(()),
    };
    keep(Stage::Parse, BuildDir::input, &[], bytes)?;
    once.begins(Stage::Parse);
    let parsed = parse::parse(bytes)?;
    let parsed_text = record.as_ref().map(|_| parsed.write()).unwrap_or_default();
    keep(Stage::Parse, BuildDir::parsed, &[bytes], parsed_text.as_bytes())?;
    once.begins(Stage::Validate);
    let plan = validate::validate(bytes, &parsed, &request.options)?;
    let plan_text = record.as_ref().map(|_| plan.write()).unwrap_or_default();
    keep(Stage::Validate, BuildDir::plan, &[bytes, parsed_text.as_bytes()], plan_text.as_bytes())?;

    let layout = Layout::new(&parsed.module);
    let prepared = Prepared { bytes, parsed: &parsed, plan: &plan, layout, once };
    observer.planned(plan.unit_ids().len());
    let texts = record.is_some() || request.dump;
    let units: Vec<UnitId> = plan.unit_ids().collect();
    let made: Vec<Result<Made, Error>> = units
        .par_iter()
        .with_max_len(1)
        .map_init(
            || prepared.machine(),
            |machine, &unit| {
                let made = make(&prepared, machine.as_ref().map_err(Clone::clone)?, unit, texts)?;
                if let Some(record) = &record {
                    write_unit(record, unit, &plan_text, &made)?;
                }
                Ok(if request.dump { made } else { Made { lowered: None, optimized: None, ..made } })
            },
        )
        .collect();
    let made = made.into_iter().collect::<Result<Vec<_>, _>>()?;
    if let Some(record) = &record {
        record.close(Stage::Codegen)?;
    }

    let dump = match request.dump {
        true => Some(Dump {
            lowered: link(&units, made.iter().map(|made| &made.lowered), Stage::Lower)?,
            optimized: link(&units, made.iter().map(|made| &made.optimized), Stage::Optimize)?,
        }),
        false => None,
    };
    let objects: Vec<Vec<u8>> = made.into_iter().map(|made| made.object).collect();
    let file = prepared.output(&objects, request.container)?;
    Ok(Compiled { file, dump })
}

/// Takes one unit from WebAssembly to its object, in a context of its own.
fn make(prepared: &Prepared<'_>, machine: &TargetMachine, unit: UnitId, texts: bool) -> Result<Made, Error> {
    let context = Context::new();
    let mut module = prepared.lower(&context, machine, unit)?;
    let lowered = texts.then(|| module.print());
    let verdict = prepared.verify(&module, unit)?;
    prepared.optimize(&mut module, machine, unit)?;
    let optimized = texts.then(|| module.print());
    let object = prepared.codegen(&module, machine, unit)?;
    Ok(Made { verdict, object, lowered, optimized })
}

fn write_unit(record: &Record, unit: UnitId, plan: &str, made: &Made) -> Result<(), Error> {
    let write = |stage, from: &str, bytes: &[u8]| {
        record.write(stage, &record.dir().unit(stage, unit), &[from.as_bytes()], bytes)
    };
    let [lowered, optimized] = [&made.lowered, &made.optimized].map(|text| text.as_deref().unwrap_or_default());
    write(Stage::Lower, plan, lowered.as_bytes())?;
    write(Stage::Verify, lowered, made.verdict.write().as_bytes())?;
    write(Stage::Optimize, lowered, optimized.as_bytes())?;
    write(Stage::Codegen, optimized, &made.object)
}

/// Links the units' IR into one module.
fn link<'a>(units: &[UnitId], texts: impl Iterator<Item = &'a Option<String>>, stage: Stage) -> Result<String, Error> {
    let context = Context::new();
    let whole = context.module("wasm");
    for (unit, text) in units.iter().zip(texts) {
        let module = read_ir(&context, *unit, text.as_deref().unwrap_or_default().as_bytes(), stage)?;
        whole.link(module).map_err(|error| Error::new(stage, Kind::Llvm, error.to_string()))?;
    }
    Ok(whole.print())
}
