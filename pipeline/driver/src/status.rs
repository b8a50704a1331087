//! What a build directory holds, by its manifest.

use crate::mlir::is_mlir;
use crate::record::{Record, hash};
use crate::step::{Step, step};
use crate::{Container, Observer};
use artifact::{Artifact, BuildDir, Error, Manifest, Plan, Stage, UnitId};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// How an artifact stands to what it is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is what its stage made from what is there now.
    Current,
    /// It was made from what is there now, and changed since.
    Edited,
    /// It is left of an earlier compile, or what it was made from is another now.
    Stale,
    /// It is not there.
    Missing,
}

impl State {
    /// Whether later stages may go on from it.
    pub fn is_usable(self) -> bool {
        matches!(self, State::Current | State::Edited)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Current => "current",
            State::Edited => "edited",
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
/// If there is no manifest.
pub fn status(dir: &BuildDir) -> Result<Vec<Status>, Error> {
    let record = Record::open(dir.clone(), Stage::Parse)?;
    let mut found = Vec::new();
    // Gives its contents if later stages may go on from it.
    let mut look = |stage, unit, path: PathBuf, from: &[Option<&[u8]>]| {
        let bytes = std::fs::read(&path).ok();
        let from: Option<Vec<&[u8]>> = from.iter().copied().collect();
        let state = match (&bytes, record.entry(&path), from) {
            (None, ..) => State::Missing,
            (Some(bytes), Some(entry), Some(from)) if entry.from == hash(&from) => {
                match entry.is == blake3::hash(bytes).to_hex().as_str() {
                    true => State::Current,
                    false => State::Edited,
                }
            }
            _ => State::Stale,
        };
        found.push(Status { stage, unit, path, state });
        bytes.filter(|_| state.is_usable())
    };
    let input = look(Stage::Parse, None, dir.input(), &[]);
    let parsed = look(Stage::Parse, None, dir.parsed(), &[input.as_deref()]);
    let plan = look(Stage::Validate, None, dir.plan(), &[input.as_deref(), parsed.as_deref()]);
    let units = plan.as_deref().and_then(|text| Plan::read(std::str::from_utf8(text).ok()?).ok());
    for unit in units.iter().flat_map(Plan::unit_ids) {
        let mut look = |stage, from: Option<&[u8]>| look(stage, Some(unit), dir.unit(stage, unit), &[from]);
        let lowered = look(Stage::Lower, plan.as_deref());
        look(Stage::Verify, lowered.as_deref());
        let optimized = look(Stage::Optimize, lowered.as_deref());
        look(Stage::Codegen, optimized.as_deref());
    }
    found.sort_by_key(|status| status.stage);
    Ok(found)
}

/// Runs the stages whose artifacts are stale or missing, each on the units that need it, then makes the container if one is asked for.
///
/// # Errors
/// What a stage finds wrong.
pub fn update(
    dir: &BuildDir,
    out: Option<(&Path, Container)>,
    jobs: usize,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let of = |stage| -> Result<Vec<Status>, Error> {
        Ok(status(dir)?.into_iter().filter(|status| status.stage == stage).collect())
    };
    if of(Stage::Parse)?.iter().any(|status| !status.state.is_usable()) {
        let options = Record::open(dir.clone(), Stage::Parse)?.options().clone();
        step(dir, &Step::Parse { bytes: None, options: &options }, jobs, observer)?;
    }
    for stage in [Stage::Validate, Stage::Lower, Stage::Verify, Stage::Optimize, Stage::Codegen] {
        let make = |unit| match stage {
            Stage::Validate => Step::Validate,
            Stage::Lower => Step::Lower(unit),
            Stage::Verify => Step::Verify(unit),
            Stage::Optimize => Step::Optimize(unit),
            Stage::Codegen => Step::Codegen(unit),
            Stage::Parse | Stage::Output => unreachable!("they are no part of the loop"),
        };
        // Those before it have run, so that there is a plan, and it is known what this one has to do.
        let all = of(stage)?;
        let unusable: Vec<&Status> = all.iter().filter(|status| !status.state.is_usable()).collect();
        match unusable.len() == all.len() {
            // All at once, side by side.
            true => step(dir, &make(None), jobs, observer)?,
            false => unusable.iter().try_for_each(|status| step(dir, &make(status.unit), jobs, observer))?,
        }
    }
    match out {
        Some((path, container)) => step(dir, &Step::Output { path, container }, jobs, observer),
        None => Ok(()),
    }
}

/// The first artifact, in the order of the stages, in which two build directories differ: its path in both. One that only one of
/// them has differs, too.
///
/// # Errors
/// If one of them has no manifest.
pub fn difference(left: &BuildDir, right: &BuildDir) -> Result<Option<PathBuf>, Error> {
    let mut names = BTreeSet::new();
    for dir in [left, right] {
        let (manifest, _) = dir.read_artifact::<Manifest>(&dir.manifest(), Stage::Parse)?;
        names.extend(manifest.artifacts.into_keys().map(PathBuf::from));
    }
    // A unit as MLIR is a view of what lies beside it.
    let mut names: Vec<PathBuf> = names.into_iter().filter(|name| !is_mlir(name)).collect();
    // The input lies in no stage's folder, and comes first.
    let stage = |name: &PathBuf| Stage::ALL.iter().position(|stage| name.starts_with(stage.name()));
    names.sort_by_key(stage);
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
    let (manifest, _) = dir.read_artifact::<Manifest>(&dir.manifest(), Stage::Parse)?;
    let mut files: Vec<PathBuf> = manifest.artifacts.keys().map(|name| dir.path().join(name)).collect();
    // Last, so that what was interrupted can be done again.
    files.push(dir.manifest());
    for file in &files {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(Stage::Parse, file, &error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
    // Folders before those that they lie in. Who has put something of his own there keeps it.
    for folder in folders.iter().rev() {
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}
