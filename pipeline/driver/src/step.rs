//! One stage at a time, from what lies in a build directory.

use crate::compile::in_threads;
use crate::identity;
use crate::observer::{Observer, Task, observe};
use crate::record::Record;
use crate::units::Prepared;
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
    in_threads(jobs, || match *step {
        Step::Parse { bytes, options } => parse_step(dir, bytes, options, observer),
        Step::Validate => validate_step(dir, observer),
        Step::Lower(unit) => unit_step(dir, Stage::Lower, unit, observer),
        Step::Verify(unit) => unit_step(dir, Stage::Verify, unit, observer),
        Step::Optimize(unit) => unit_step(dir, Stage::Optimize, unit, observer),
        Step::Codegen(unit) => unit_step(dir, Stage::Codegen, unit, observer),
        Step::Output { path, container } => output_step(dir, path, container, observer),
    })
}

fn parse_step(dir: &BuildDir, bytes: Option<&[u8]>, options: &Options, observer: &dyn Observer) -> Result<(), Error> {
    let record = Record::begin(dir.clone(), options, observer)?;
    let bytes = match bytes {
        Some(bytes) => abi::container::original(bytes).to_vec(),
        None => std::fs::read(dir.input()).map_err(|error| Error::io(Stage::Parse, dir.input(), &error))?,
    };
    record.write(Stage::Parse, &dir.input(), &identity::from(Stage::Parse, options, &[]), &bytes)?;
    let parsed = whole(observer, Stage::Parse, || parse::parse(&bytes))?;
    let from = identity::from(Stage::Parse, options, &[&bytes]);
    record.write(Stage::Parse, &dir.parsed(), &from, parsed.write().as_bytes())?;
    record.close(Stage::Parse)
}

fn validate_step(dir: &BuildDir, observer: &dyn Observer) -> Result<(), Error> {
    let record = Record::open(dir.clone(), Stage::Validate)?;
    let (bytes, parsed, text) = read_parsed(&record, Stage::Validate)?;
    let plan = whole(observer, Stage::Validate, || validate::validate(&bytes, &parsed, record.options()))?;
    let from = identity::from(Stage::Validate, record.options(), &[&bytes, &text]);
    record.write(Stage::Validate, &dir.plan(), &from, plan.write().as_bytes())?;
    record.close(Stage::Validate)
}

/// A stage's work on the whole module.
fn whole<T>(observer: &dyn Observer, stage: Stage, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    observer.begins(stage);
    observe(observer, Task::Stage(stage), None, work, |_| None)
}

fn unit_step(dir: &BuildDir, stage: Stage, only: Option<UnitId>, observer: &dyn Observer) -> Result<(), Error> {
    let record = Record::open(dir.clone(), stage)?;
    with_prepared(&record, stage, observer, |prepared| {
        let all: Vec<UnitId> = prepared.plan.unit_ids().collect();
        if let Some(unit) = only.filter(|unit| !all.contains(unit)) {
            let message = format!("there is no {unit}: the plan has {} units", prepared.plan.units.len());
            return Err(Error::new(stage, Kind::Invalid, message));
        }
        let units = only.map_or(all, |unit| vec![unit]);
        prepared.planned(&units, stage);
        let work = |machine: &mut Result<TargetMachine, Error>, &unit: &UnitId| {
            let machine = machine.as_ref().map_err(Clone::clone)?;
            unit_stage(prepared, machine, &record, stage, unit)
        };
        let results: Vec<Result<(), Error>> =
            units.par_iter().with_max_len(1).map_init(|| prepared.machine(), work).collect();
        results.into_iter().collect::<Result<(), Error>>()
    })?;
    record.close(stage)
}

fn unit_stage(
    prepared: &Prepared<'_>,
    machine: &TargetMachine,
    record: &Record,
    stage: Stage,
    unit: UnitId,
) -> Result<(), Error> {
    let dir = record.dir();
    let context = Context::new();
    let input = |maker| taken(prepared, record, stage, maker, unit);
    let in_file = |maker| move |error: Error| error.in_file(dir.unit(maker, unit));
    let read = |maker, text: &[u8]| prepared.read_ir(&context, unit, text, maker, stage).map_err(in_file(maker));
    let keep =
        |input: &[u8], made: &[u8]| prepared.keep(Some(record), stage, unit, &prepared.from(stage, unit, input), made);
    match stage {
        Stage::Lower => {
            let module = prepared.lower(&context, machine, unit)?;
            keep(&[], prepared.print(&module, stage, unit).as_bytes())
        }
        Stage::Verify => {
            let text = input(Stage::Lower)?;
            let verdict = prepared.verify(&read(Stage::Lower, &text)?, unit).map_err(in_file(Stage::Lower))?;
            keep(&text, verdict.write().as_bytes())
        }
        Stage::Optimize => {
            let text = input(Stage::Lower)?;
            let mut module = read(Stage::Lower, &text)?;
            prepared.optimize(&mut module, machine, unit)?;
            keep(&text, prepared.print(&module, stage, unit).as_bytes())
        }
        Stage::Codegen => {
            let text = input(Stage::Optimize)?;
            keep(&text, &prepared.codegen(&read(Stage::Optimize, &text)?, machine, unit)?)
        }
        Stage::Parse | Stage::Validate | Stage::Output => unreachable!("these stages do not work by units"),
    }
}

/// What an earlier stage made of a unit, after looking whether it, and what it was made from, belongs to what is there now: what is
/// left of an earlier compile, or was passed over after an edit, would give code of another module.
fn taken(prepared: &Prepared<'_>, record: &Record, stage: Stage, maker: Stage, unit: UnitId) -> Result<Vec<u8>, Error> {
    let input = match maker {
        Stage::Lower => Vec::new(),
        Stage::Optimize => taken(prepared, record, stage, Stage::Lower, unit)?,
        Stage::Codegen => taken(prepared, record, stage, Stage::Optimize, unit)?,
        Stage::Parse | Stage::Validate | Stage::Verify | Stage::Output => {
            unreachable!("nothing is made from these units")
        }
    };
    record.take(stage, maker, &record.dir().unit(maker, unit), &prepared.from(maker, unit, &input))
}

fn output_step(dir: &BuildDir, path: &Path, container: Container, observer: &dyn Observer) -> Result<(), Error> {
    let record = Record::open(dir.clone(), Stage::Output)?;
    with_prepared(&record, Stage::Output, observer, |prepared| {
        let read = |unit| taken(prepared, &record, Stage::Output, Stage::Codegen, unit);
        let objects = prepared.plan.unit_ids().map(read).collect::<Result<Vec<_>, _>>()?;
        let file = prepared.output(&objects, container)?;
        dir.write(path, Stage::Output, &file)
    })?;
    record.close(Stage::Output)
}

/// Reads the input and what was parsed of it; with that, its text.
fn read_parsed(record: &Record, stage: Stage) -> Result<(Vec<u8>, Parsed, Vec<u8>), Error> {
    let dir = record.dir();
    let bytes = dir.read(&dir.input(), stage, Stage::Parse)?;
    let text =
        record.take(stage, Stage::Parse, &dir.parsed(), &identity::from(Stage::Parse, record.options(), &[&bytes]))?;
    let parsed = dir.decode(&dir.parsed(), stage, &text)?;
    Ok((bytes, parsed, text))
}

/// Reads what every stage after validation needs.
fn with_prepared<T>(
    record: &Record,
    stage: Stage,
    observer: &dyn Observer,
    work: impl FnOnce(&Prepared<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let dir = record.dir();
    let (bytes, parsed, text) = read_parsed(record, stage)?;
    let from = identity::from(Stage::Validate, record.options(), &[&bytes, &text]);
    let plan: Plan = dir.decode(&dir.plan(), stage, &record.take(stage, Stage::Validate, &dir.plan(), &from)?)?;
    work(&Prepared::new(&bytes, &parsed, &plan, observer))
}
