//! What a build directory holds, by its manifest.

use crate::Silent;
use crate::identity;
use crate::mlir::is_mlir;
use crate::record::{Found, Record, journal, remove};
use artifact::{Artifact, BuildDir, Error, Plan, Stage, UnitId};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// How an artifact stands to what it is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is what its stage made from what is there now.
    Current,
    /// It was made from what is there now, and edited since.
    Edited,
    /// It was made from what is there now, and is neither what it was nor the work of an editor.
    Damaged,
    /// It is left of an earlier compile, or what it was made from is another now.
    Stale,
    /// It is not there.
    Missing,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Current => "current",
            State::Edited => "edited",
            State::Damaged => "damaged",
            State::Stale => "stale",
            State::Missing => "missing",
        })
    }
}

/// An artifact, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The stage that makes it.
    pub stage: Stage,
    /// Its unit, if it has one.
    pub unit: Option<UnitId>,
    /// Its path.
    pub path: PathBuf,
    /// How it stands.
    pub state: State,
}

/// All artifacts of a build directory in the order of the stages; those of units only if there is a plan that says which there are.
///
/// # Errors
/// If there is no manifest, or something cannot be read.
pub fn status(dir: &BuildDir) -> Result<Vec<Status>, Error> {
    let record = Record::look(dir.clone(), Stage::Parse)?;
    let options = record.options();
    let mut all = Vec::new();
    // Gives its contents if later stages may go on from it.
    let mut look = |stage, unit, path: PathBuf, from: Option<String>| -> Result<Option<Vec<u8>>, Error> {
        // What there is nothing to make it from is another compile's.
        let found = record.find(stage, &path, from.as_deref().unwrap_or_default())?;
        let state = match &found {
            Found::Current(_) => State::Current,
            Found::Edited(_) => State::Edited,
            Found::Damaged => State::Damaged,
            Found::Stale => State::Stale,
            Found::Missing => State::Missing,
        };
        all.push(Status { stage, unit, path, state });
        Ok(found.usable())
    };
    let from = |stage, inputs: &[Option<&[u8]>]| {
        let inputs: Option<Vec<&[u8]>> = inputs.iter().copied().collect();
        inputs.map(|inputs| identity::from(stage, options, &inputs))
    };
    let input = look(Stage::Parse, None, dir.input(), from(Stage::Parse, &[]))?;
    let input = input.as_deref();
    let parsed = look(Stage::Parse, None, dir.parsed(), from(Stage::Parse, &[input]))?;
    let plan = look(Stage::Validate, None, dir.plan(), from(Stage::Validate, &[input, parsed.as_deref()]))?;
    look(Stage::Validate, None, dir.units_mk(), from(Stage::Validate, &[plan.as_deref()]))?;
    let plan = plan.and_then(|text| Plan::read(std::str::from_utf8(&text).ok()?).ok());
    for (plan, unit) in plan.iter().flat_map(|plan| plan.unit_ids().map(move |unit| (plan, unit))) {
        let mut look = |stage, input| look(stage, Some(unit), dir.unit(stage, unit), from(stage, &[input]));
        let lowered = look(Stage::Lower, Some(plan.key(unit).as_bytes()))?;
        look(Stage::Verify, lowered.as_deref())?;
        let optimized = look(Stage::Optimize, lowered.as_deref())?;
        look(Stage::Codegen, optimized.as_deref())?;
    }
    all.sort_by_key(|status| status.stage);
    Ok(all)
}

/// The first artifact, in the order of the stages, in which two build directories differ: its path in both. One that only one of
/// them has differs, too.
///
/// # Errors
/// If one of them has no manifest.
pub fn difference(left: &BuildDir, right: &BuildDir) -> Result<Option<PathBuf>, Error> {
    let mut names = BTreeSet::new();
    for dir in [left, right] {
        names.extend(Record::look(dir.clone(), Stage::Parse)?.names().into_iter().map(PathBuf::from));
    }
    // A unit as MLIR is a view of what lies beside it.
    let mut names: Vec<PathBuf> = names.into_iter().filter(|name| !is_mlir(name)).collect();
    // What lies in no stage's folder: the input, which comes first, and the units for make, which say less than the plan.
    let stage = |name: &PathBuf| match left.path().join(name) == left.units_mk() {
        true => Some(Stage::Validate),
        false => Stage::ALL.iter().copied().find(|stage| name.starts_with(stage.name())),
    };
    names.sort_by(|a, b| (stage(a), a).cmp(&(stage(b), b)));
    let differs = |name: &PathBuf| {
        let [left, right] = [left, right].map(|dir| std::fs::read(dir.path().join(name)).ok());
        left != right
    };
    Ok(names.into_iter().find(differs))
}

/// Removes what a compile has left in a build directory, and nothing else; then the directory, if it is empty.
///
/// # Errors
/// If there is no manifest, or something cannot be removed.
pub fn clean(dir: &BuildDir) -> Result<(), Error> {
    // With the directory to itself: nobody may go on in what is removed.
    let record = Record::resume(dir.clone(), Stage::Parse, &Silent)?;
    let mut files: Vec<PathBuf> = record.names().iter().map(|name| dir.path().join(name)).collect();
    // Last, so that what was interrupted can be done again.
    files.extend([journal(dir), dir.manifest()]);
    files.iter().try_for_each(|file| remove(Stage::Parse, file))?;
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    // Folders before those that they lie in. Who has put something of his own there keeps it.
    for folder in folders.iter().rev() {
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}
