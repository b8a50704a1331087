//! One stage at a time, from what lies in a build directory.

use crate::compile::{in_threads, write_out};
use crate::identity;
use crate::observer::{Notice, Observer, Task, observe};
use crate::record::{Found, Record};
use crate::units::Prepared;
use artifact::{Artifact, BuildDir, Error, Options, Parsed, Plan, Stage, UnitId};
use llvm::{Context, TargetMachine};
use output::Container;
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

/// Which artifacts a stage makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// All, whatever is there.
    Always,
    /// Those that are not current. IR that was edited stays as it is. What make goes by, the artifacts of units, get a new time
    /// stamp even then: they were looked at after what they are made from.
    Needed,
}

/// Runs a stage.
///
/// # Errors
/// What the stage finds wrong, or an artifact that is missing or unreadable.
pub fn step(
    dir: &BuildDir,
    step: &Step<'_>,
    making: Making,
    jobs: usize,
    observer: &dyn Observer,
) -> Result<(), Error> {
    in_threads(jobs, || match *step {
        Step::Parse { bytes, options } => parse_step(dir, bytes, options, making, observer),
        Step::Validate => validate_step(dir, making, observer),
        Step::Lower(unit) => unit_step(dir, Stage::Lower, unit, making, observer),
        Step::Verify(unit) => unit_step(dir, Stage::Verify, unit, making, observer),
        Step::Optimize(unit) => unit_step(dir, Stage::Optimize, unit, making, observer),
        Step::Codegen(unit) => unit_step(dir, Stage::Codegen, unit, making, observer),
        Step::Output { path, container } => output_step(dir, path, container, observer),
    })
}

fn parse_step(
    dir: &BuildDir,
    bytes: Option<&[u8]>,
    options: &Options,
    making: Making,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let record = Record::begin(dir.clone(), options, observer)?;
    let bytes = match bytes {
        Some(bytes) => abi::container::original(bytes).to_vec(),
        None => std::fs::read(dir.input()).map_err(|error| Error::io(Stage::Parse, dir.input(), &error))?,
    };
    let from_input = identity::from(Stage::Parse, options, &[]);
    let from = identity::from(Stage::Parse, options, &[&bytes]);
    let is_current = || {
        let input = record.find(Stage::Parse, &dir.input(), &from_input)?;
        let same = matches!(input, Found::Current(there) if there == bytes);
        Ok::<_, Error>(same && is_current(&record, Stage::Parse, &dir.parsed(), &from)?)
    };
    if making == Making::Always || !is_current()? {
        record.write(Stage::Parse, &dir.input(), &from_input, &bytes)?;
        let parsed = whole(observer, Stage::Parse, || parse::parse(&bytes))?;
        record.write(Stage::Parse, &dir.parsed(), &from, parsed.write().as_bytes())?;
    }
    record.close(Stage::Parse)
}

fn validate_step(dir: &BuildDir, making: Making, observer: &dyn Observer) -> Result<(), Error> {
    // It removes artifacts, which nobody may be making meanwhile.
    let record = Record::resume(dir.clone(), Stage::Validate, observer)?;
    let options = record.options().clone();
    let (bytes, parsed, text) = read_parsed(&record, Stage::Validate)?;
    let from = identity::from(Stage::Validate, &options, &[&bytes, &text]);
    let (plan, text) = match making {
        Making::Needed if is_current(&record, Stage::Validate, &dir.plan(), &from)? => {
            dir.read_artifact::<Plan>(&dir.plan(), Stage::Validate)?
        }
        Making::Always | Making::Needed => {
            let plan = whole(observer, Stage::Validate, || validate::validate(&bytes, &parsed, &options))?;
            let text = plan.write().into_bytes();
            record.write(Stage::Validate, &dir.plan(), &from, &text)?;
            (plan, text)
        }
    };
    record.write_units_mk(&plan, &text, observer)?;
    for unit in plan.unit_ids() {
        let from = identity::from(Stage::Lower, &options, &[plan.key(unit).as_bytes()]);
        let lowered = dir.unit(Stage::Lower, unit);
        if !record.is_from(&lowered, &from)
            && let Some(place) = record.set_aside(Stage::Validate, &lowered)?
        {
            observer.noticed(&Notice::SetAside(&lowered, &place));
        }
        record.discard(Stage::Validate, &lowered, Some(&from))?;
        for stage in [Stage::Verify, Stage::Optimize, Stage::Codegen] {
            record.discard(Stage::Validate, &dir.unit(stage, unit), None)?;
        }
    }
    record.close(Stage::Validate)
}

fn is_current(record: &Record, stage: Stage, path: &Path, from: &str) -> Result<bool, Error> {
    Ok(matches!(record.find(stage, path, from)?, Found::Current(_)))
}

/// A stage's work on the whole module.
fn whole<T>(observer: &dyn Observer, stage: Stage, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    observer.begins(stage);
    observe(observer, Task::Stage(stage), None, work, |_| None)
}

fn unit_step(
    dir: &BuildDir,
    stage: Stage,
    only: Option<UnitId>,
    making: Making,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let record = Record::open(dir.clone(), stage, observer)?;
    with_prepared(&record, stage, observer, |prepared| {
        let units = prepared.units(stage, only)?;
        prepared.planned(&units, stage);
        let work = |machine: &mut Option<TargetMachine>, unit: UnitId| {
            unit_stage(prepared, machine, &record, stage, making, unit)
        };
        prepared.side_by_side(&units, || None, work).into_iter().collect::<Result<(), Error>>()
    })?;
    record.close(stage)
}

fn unit_stage(
    prepared: &Prepared<'_>,
    machine: &mut Option<TargetMachine>,
    record: &Record,
    stage: Stage,
    making: Making,
    unit: UnitId,
) -> Result<(), Error> {
    let dir = record.dir();
    let maker = match stage {
        Stage::Lower => None,
        Stage::Verify | Stage::Optimize => Some(Stage::Lower),
        Stage::Codegen => Some(Stage::Optimize),
        Stage::Parse | Stage::Validate | Stage::Output => unreachable!("these stages do not work by units"),
    };
    let input = maker.map(|maker| taken(prepared, record, stage, maker, unit)).transpose()?.unwrap_or_default();
    let from = prepared.from(stage, unit, &input);
    if making == Making::Needed
        && let Some(bytes) = prepared.recall(Some(record), stage, unit, &from)?
    {
        return dir.write(&dir.unit(stage, unit), stage, &bytes);
    }
    let machine = match machine {
        Some(machine) => machine,
        none => none.insert(prepared.machine()?),
    };
    let context = Context::new();
    let in_file = |maker| move |error: Error| error.in_file(dir.unit(maker, unit));
    let read = |maker| prepared.read_ir(&context, unit, &input, maker, stage).map_err(in_file(maker));
    let keep = |made: &[u8]| prepared.keep(Some(record), stage, unit, &from, made);
    match stage {
        Stage::Lower => {
            let module = prepared.lower(&context, machine, unit)?;
            keep(prepared.print(&module, stage, unit).as_bytes())
        }
        Stage::Verify => {
            let verdict = prepared.verify(&read(Stage::Lower)?, unit).map_err(in_file(Stage::Lower))?;
            keep(verdict.write().as_bytes())
        }
        Stage::Optimize => {
            let mut module = read(Stage::Lower)?;
            prepared.optimize(&mut module, machine, unit).map_err(in_file(Stage::Lower))?;
            keep(prepared.print(&module, stage, unit).as_bytes())
        }
        Stage::Codegen => {
            let module = read(Stage::Optimize)?;
            keep(&prepared.codegen(&module, machine, unit).map_err(in_file(Stage::Optimize))?)
        }
        Stage::Parse | Stage::Validate | Stage::Output => unreachable!("these stages do not work by units"),
    }
}

/// What an earlier stage made of a unit, after looking whether it, and what it was made from, belongs to what is there now: what is
/// left of an earlier compile, or was passed over after an edit, would give code of another module.
pub(crate) fn taken(
    prepared: &Prepared<'_>,
    record: &Record,
    stage: Stage,
    maker: Stage,
    unit: UnitId,
) -> Result<Vec<u8>, Error> {
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
    let record = Record::open(dir.clone(), Stage::Output, observer)?;
    with_prepared(&record, Stage::Output, observer, |prepared| {
        let read = |unit| taken(prepared, &record, Stage::Output, Stage::Codegen, unit);
        let objects = prepared.plan.unit_ids().map(read).collect::<Result<Vec<_>, _>>()?;
        let file = prepared.output(&objects, container)?;
        write_out(path, &file)
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
pub(crate) fn with_prepared<T>(
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
