//! Units as MLIR: LLVM's dialect as text, beside the IR that it was made from, for MLIR's tools to work on in the middle of a compile.
//!
//! [`to_mlir()`] writes `unit-NNNN.mlir` beside `unit-NNNN.ll`, and [`from_mlir()`] puts what became of it back into the chain: the
//! unit counts as edited then, and the stages after it go on from there. LLVM's own `mlir-translate` goes between the two forms. It
//! loses little; what code must not be without is put back, and what cannot be is refused ([`restore`]).

mod restore;
mod translate;

use crate::compile::in_threads;
use crate::identity;
use crate::observer::Silent;
use crate::record::{Found, Record};
use crate::step::{taken, with_prepared};
use crate::units::{Prepared, read_ir};
use artifact::{BuildDir, Error, Kind, Stage, UnitId};
use llvm::{Context, Module};
use std::path::{Path, PathBuf};
use translate::{Direction, Translator};

/// Where a unit lies as MLIR.
pub(crate) fn mlir(dir: &BuildDir, stage: Stage, unit: UnitId) -> PathBuf {
    dir.unit(stage, unit).with_extension("mlir")
}

/// Whether a path in a build directory is a unit's as MLIR.
pub(crate) fn is_mlir(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "mlir")
}

/// Writes the units of a stage, or one of them, as MLIR. The stage is [`Stage::Lower`] or [`Stage::Optimize`]. Gives what
/// `mlir-translate` has remarked.
///
/// # Errors
/// If a unit is not current, or there is no `mlir-translate` of this compiler's version of LLVM, or it refuses a unit, or a unit's
/// MLIR was edited and not taken back.
pub fn to_mlir(dir: &BuildDir, stage: Stage, only: Option<UnitId>, jobs: usize) -> Result<Vec<String>, Error> {
    let units = |prepared: &Prepared<'_>| prepared.units(stage, only);
    each_unit(dir, stage, units, jobs, |prepared, record, translator, unit| {
        let path = mlir(dir, stage, unit);
        let from = from(prepared, stage, &taken(prepared, record, stage, stage, unit)?);
        match record.find(stage, &path, &from)? {
            Found::Edited(_) => {
                let message = "it was edited: take it back with `from-mlir`, or remove it";
                return Err(Error::new(stage, Kind::Invalid, message).in_file(&path));
            }
            Found::Current(_) | Found::Damaged | Found::Stale | Found::Missing => {}
        }
        let translated = translator.translate(Direction::ToMlir, &dir.unit(stage, unit))?;
        record.write(stage, &path, &from, &translated.text)?;
        Ok(translated.remarks)
    })
}

/// The hash of what a unit's MLIR is made from.
fn from(prepared: &Prepared<'_>, stage: Stage, ir: &[u8]) -> String {
    identity::from(stage, &prepared.plan.options, &[b"mlir", ir])
}

/// Takes one unit of a stage back from its MLIR, or all whose MLIR was changed since it was written. Gives what `mlir-translate`
/// has remarked.
///
/// # Errors
/// If there is no MLIR, of the one unit or of any. If it was made from another unit than what is there now, is not well-formed, or
/// does not hold the unit any more.
pub fn from_mlir(dir: &BuildDir, stage: Stage, only: Option<UnitId>, jobs: usize) -> Result<Vec<String>, Error> {
    let units = |prepared: &Prepared<'_>| {
        let units = prepared.units(stage, only)?;
        // What is not known to be missing is looked at.
        let is_there = |unit: &UnitId| !matches!(mlir(dir, stage, *unit).try_exists(), Ok(false));
        let there: Vec<UnitId> = units.iter().copied().filter(is_there).collect();
        Ok(if there.is_empty() { units } else { there })
    };
    each_unit(dir, stage, units, jobs, |prepared, record, translator, unit| {
        let path = mlir(dir, stage, unit);
        let in_file = |message: &str| Error::new(stage, Kind::Invalid, message).in_file(&path);
        let original = taken(prepared, record, stage, stage, unit)?;
        let text = match record.find(stage, &path, &from(prepared, stage, &original))? {
            Found::Current(_) if only.is_none() => return Ok(Vec::new()),
            Found::Current(text) | Found::Edited(text) => text,
            Found::Missing => {
                return Err(Error::new(stage, Kind::Io, "no such file: run `to-mlir` first").in_file(&path));
            }
            Found::Stale => {
                return Err(in_file("it was made from another unit than what is there now: run `to-mlir` again"));
            }
            Found::Damaged => return Err(in_file("it is no text: run `to-mlir` again")),
        };
        let translated = translator.translate(Direction::FromMlir, &path)?;
        let context = Context::new();
        let original =
            read_ir(&context, unit, &original, stage).map_err(|error| error.in_file(dir.unit(stage, unit)))?;
        let returned = read_ir(&context, unit, &translated.text, stage).map_err(|error| error.in_file(&path))?;
        restore::restore(&original, &returned).map_err(|message| in_file(&message))?;
        check(&returned, stage).map_err(|error| Error { stage, ..error }.in_file(&path))?;
        let restored = returned.print();
        dir.write(&dir.unit(stage, unit), stage, restored.as_bytes())?;
        // From here on it is the MLIR of what was made of it.
        record.write(stage, &path, &from(prepared, stage, restored.as_bytes()), &text)?;
        Ok(translated.remarks)
    })
}

/// Holds a unit to the rules of LLVM, and to the ABI's where they can be told: optimization makes functions of its own.
fn check(module: &Module<'_>, stage: Stage) -> Result<(), Error> {
    match stage {
        Stage::Lower => verify::verify(module).map(drop),
        Stage::Optimize => module.verify().map_err(|error| Error::new(stage, Kind::Llvm, error.to_string())),
        Stage::Parse | Stage::Validate | Stage::Verify | Stage::Codegen | Stage::Output => {
            unreachable!("these stages make no IR")
        }
    }
}

/// Does something with some units of a stage, side by side. Gives all remarks in order.
fn each_unit(
    dir: &BuildDir,
    stage: Stage,
    units: impl FnOnce(&Prepared<'_>) -> Result<Vec<UnitId>, Error> + Send,
    jobs: usize,
    work: impl Fn(&Prepared<'_>, &Record, &Translator, UnitId) -> Result<Vec<String>, Error> + Sync,
) -> Result<Vec<String>, Error> {
    assert!(matches!(stage, Stage::Lower | Stage::Optimize), "{stage} makes no IR");
    let record = Record::open(dir.clone(), stage, &Silent)?;
    let results = in_threads(jobs, || {
        with_prepared(&record, stage, &Silent, |prepared| {
            let units = units(prepared)?;
            let translator = Translator::find(stage)?;
            let work = |(): &mut (), unit| work(prepared, &record, &translator, unit);
            Ok(prepared.side_by_side(&units, || (), work))
        })
    })?;
    // What was done before one failed is written down.
    record.close(stage)?;
    Ok(results.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}
