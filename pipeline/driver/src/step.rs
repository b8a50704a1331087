//! One stage at a time, from what lies in a build directory.

use crate::observer::{Observer, Once};
use crate::record::Record;
use crate::units::{Prepared, read_ir};
use abi::layout::Layout;
use artifact::{Artifact, BuildDir, Error, Kind, Options, Parsed, Plan, Stage, UnitId};
use llvm::{Context, TargetMachine};
use output::Container;
use rayon::prelude::*;
use std::path::Path;

/// Which stage to run, and on what.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// Begins a compile: takes a module into the build directory and decodes it.
    Parse {
        /// The module; none to take the one that lies in the build directory.
        bytes: Option<&'a [u8]>,
        /// The options of the whole compile.
        options: &'a Options,
    },
    /// Validates and plans.
    Validate,
    /// Lowers the units, or one of them.
    Lower(Option<UnitId>),
    /// Verifies the units, or one of them.
    Verify(Option<UnitId>),
    /// Optimizes the units, or one of them.
    Optimize(Option<UnitId>),
    /// Makes objects of the units, or of one of them.
    Codegen(Option<UnitId>),
    /// Makes the container.
    Output {
        /// The file to write.
        path: &'a Path,
        /// Its kind.
        container: Container,
    },
}

/// Runs a stage.
///
/// # Errors
/// What the stage finds wrong, or an artifact that is missing or unreadable.
pub fn step(dir: &BuildDir, step: &Step<'_>, jobs: usize, observer: &dyn Observer) -> Result<(), Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build();
    let pool =
        pool.map_err(|error| Error::new(Stage::Parse, Kind::Io, format!("threads cannot be started: {error}")))?;
    pool.install(|| run(dir, step, observer))
}

fn run(dir: &BuildDir, step: &Step<'_>, observer: &dyn Observer) -> Result<(), Error> {
    match *step {
        Step::Parse { bytes, options } => parse_step(dir, bytes, options, observer),
        Step::Validate => validate_step(dir, observer),
        Step::Lower(unit) => unit_step(dir, Stage::Lower, unit, observer),
        Step::Verify(unit) => unit_step(dir, Stage::Verify, unit, observer),
        Step::Optimize(unit) => unit_step(dir, Stage::Optimize, unit, observer),
        Step::Codegen(unit) => unit_step(dir, Stage::Codegen, unit, observer),
        Step::Output { path, container } => output_step(dir, path, container, observer),
    }
}

fn parse_step(dir: &BuildDir, bytes: Option<&[u8]>, options: &Options, observer: &dyn Observer) -> Result<(), Error> {
    observer.begins(Stage::Parse);
    let record = Record::new(dir.clone(), options);
    let bytes = match bytes {
        Some(bytes) => abi::container::original(bytes).to_vec(),
        None => std::fs::read(dir.input()).map_err(|error| Error::io(Stage::Parse, dir.input(), &error))?,
    };
    record.write(Stage::Parse, &dir.input(), &[], &bytes)?;
    let parsed = parse::parse(&bytes)?;
    record.write(Stage::Parse, &dir.parsed(), &[&bytes], parsed.write().as_bytes())?;
    record.close(Stage::Parse)
}

fn validate_step(dir: &BuildDir, observer: &dyn Observer) -> Result<(), Error> {
    observer.begins(Stage::Validate);
    let record = Record::open(dir.clone(), Stage::Validate)?;
    let bytes = dir.read(&dir.input(), Stage::Validate, Stage::Parse)?;
    let (parsed, text) = dir.read_artifact::<Parsed>(&dir.parsed(), Stage::Validate)?;
    record.check(Stage::Validate, Stage::Parse, &dir.parsed(), &[&bytes])?;
    let plan = validate::validate(&bytes, &parsed, record.options())?;
    record.write(Stage::Validate, &dir.plan(), &[&bytes, &text], plan.write().as_bytes())?;
    record.close(Stage::Validate)
}

fn unit_step(dir: &BuildDir, stage: Stage, only: Option<UnitId>, observer: &dyn Observer) -> Result<(), Error> {
    with_prepared(dir, stage, observer, |prepared, record, plan| {
        let all: Vec<UnitId> = prepared.plan.unit_ids().collect();
        if let Some(unit) = only.filter(|unit| !all.contains(unit)) {
            let message = format!("there is no {unit}: the plan has {} units", prepared.plan.units.len());
            return Err(Error::new(stage, Kind::Invalid, message));
        }
        let units = only.map_or(all, |unit| vec![unit]);
        observer.planned(units.len());
        let work = |machine: &mut Result<TargetMachine, Error>, &unit: &UnitId| {
            let machine = machine.as_ref().map_err(Clone::clone)?;
            unit_stage(prepared, machine, record, plan, stage, unit)
        };
        let results: Vec<Result<(), Error>> =
            units.par_iter().with_max_len(1).map_init(|| prepared.machine(), work).collect();
        results.into_iter().collect::<Result<(), Error>>()?;
        record.close(stage)
    })
}

fn unit_stage(
    prepared: &Prepared<'_>,
    machine: &TargetMachine,
    record: &Record,
    plan: &[u8],
    stage: Stage,
    unit: UnitId,
) -> Result<(), Error> {
    let dir = record.dir();
    let context = Context::new();
    let from = |maker| made(record, plan, stage, maker, unit);
    let in_file = |maker| move |error: Error| error.in_file(dir.unit(maker, unit));
    let parse = |maker, text: &[u8]| read_ir(&context, unit, text, stage).map_err(in_file(maker));
    let write = |from: &[u8], made: &[u8]| record.write(stage, &dir.unit(stage, unit), &[from], made);
    match stage {
        Stage::Lower => write(plan, prepared.lower(&context, machine, unit)?.print().as_bytes()),
        Stage::Verify => {
            let text = from(Stage::Lower)?;
            let verdict = prepared.verify(&parse(Stage::Lower, &text)?, unit).map_err(in_file(Stage::Lower))?;
            write(&text, verdict.write().as_bytes())
        }
        Stage::Optimize => {
            let text = from(Stage::Lower)?;
            let mut module = parse(Stage::Lower, &text)?;
            prepared.optimize(&mut module, machine, unit)?;
            write(&text, module.print().as_bytes())
        }
        Stage::Codegen => {
            let text = from(Stage::Optimize)?;
            write(&text, &prepared.codegen(&parse(Stage::Optimize, &text)?, machine, unit)?)
        }
        Stage::Parse | Stage::Validate | Stage::Output => unreachable!("these stages do not work by units"),
    }
}

/// What an earlier stage made of a unit, after looking whether it, and what it was made from, belongs to what is there now: what is
/// left of an earlier compile, or was passed over after an edit, would give code of another module.
pub(crate) fn made(record: &Record, plan: &[u8], stage: Stage, maker: Stage, unit: UnitId) -> Result<Vec<u8>, Error> {
    let dir = record.dir();
    let path = dir.unit(maker, unit);
    let bytes = dir.read(&path, stage, maker)?;
    match maker {
        Stage::Optimize => record.check(stage, maker, &path, &[&made(record, plan, stage, Stage::Lower, unit)?])?,
        Stage::Codegen => record.check(stage, maker, &path, &[&made(record, plan, stage, Stage::Optimize, unit)?])?,
        Stage::Lower => record.check(stage, maker, &path, &[plan])?,
        Stage::Parse | Stage::Validate | Stage::Verify | Stage::Output => {
            unreachable!("nothing is made from these units")
        }
    }
    Ok(bytes)
}

fn output_step(dir: &BuildDir, path: &Path, container: Container, observer: &dyn Observer) -> Result<(), Error> {
    with_prepared(dir, Stage::Output, observer, |prepared, record, plan| {
        let read = |unit| made(record, plan, Stage::Output, Stage::Codegen, unit);
        let objects = prepared.plan.unit_ids().map(read).collect::<Result<Vec<_>, _>>()?;
        let file = prepared.output(&objects, container)?;
        dir.write(path, Stage::Output, &file)
    })
}

/// Reads what every stage after validation needs.
pub(crate) fn with_prepared<T>(
    dir: &BuildDir,
    stage: Stage,
    observer: &dyn Observer,
    work: impl FnOnce(&Prepared<'_>, &Record, &[u8]) -> Result<T, Error>,
) -> Result<T, Error> {
    let record = Record::open(dir.clone(), stage)?;
    let bytes = dir.read(&dir.input(), stage, Stage::Parse)?;
    let (parsed, parsed_text) = dir.read_artifact::<Parsed>(&dir.parsed(), stage)?;
    let (plan, text) = dir.read_artifact::<Plan>(&dir.plan(), stage)?;
    let hash = blake3::hash(&bytes).to_hex().to_string();
    if hash != parsed.hash || hash != plan.hash {
        let message = "the input is not the one that was parsed and validated: run those stages again";
        return Err(Error::new(stage, Kind::Invalid, message).in_file(dir.input()));
    }
    record.check(stage, Stage::Parse, &dir.parsed(), &[&bytes])?;
    record.check(stage, Stage::Validate, &dir.plan(), &[&bytes, &parsed_text])?;
    let layout = Layout::new(&parsed.module);
    work(&Prepared { bytes: &bytes, parsed: &parsed, plan: &plan, layout, once: Once::new(observer) }, &record, &text)
}
