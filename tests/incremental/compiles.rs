//! What a compile made, and what it had.

use artifact::{Error, Stage, UnitId};
use driver::{Notice, Observer, Outcome, Planned, Request, Task};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Mutex;

/// A compile that has ended.
#[derive(Clone, Debug, Default)]
pub struct Units {
    /// The units with functions, by the positions of those among the functions with a body.
    pub ranges: Vec<Range<u32>>,
    /// The units that were compiled.
    pub made: BTreeSet<UnitId>,
    /// The units that the cache had.
    pub kept: BTreeSet<UnitId>,
}

impl Units {
    /// The functions, by their positions among those with a body, of a unit.
    pub fn functions(&self, unit: UnitId) -> Range<u32> {
        match unit {
            UnitId::Functions(index) => self.ranges[index as usize].clone(),
            UnitId::Wrappers => 0..0,
        }
    }
}

/// Compiles a module, and tells which units were compiled.
///
/// # Errors
/// What the compiler finds wrong.
pub fn compile(bytes: &[u8], request: &Request) -> Result<(Vec<u8>, Units), Error> {
    let watch = Watch::default();
    let compiled = driver::compile(bytes, request, &watch)?;
    Ok((compiled.file, watch.0.into_inner().expect("no thread panics")))
}

#[derive(Default)]
struct Watch(Mutex<Units>);

impl Observer for Watch {
    fn begins(&self, _: Stage) {}

    fn planned(&self, units: &[Planned<'_>], _: Stage) {
        let mut seen = self.0.lock().expect("no thread panics");
        let mut start = 0;
        for planned in units.iter().filter(|planned| matches!(planned.unit, UnitId::Functions(_))) {
            seen.ranges.push(start..start + planned.functions);
            start += planned.functions;
        }
    }

    fn started(&self, _: Task, _: Option<UnitId>) {}

    fn lowering(&self, _: Option<&driver::Function<'_>>) {}

    fn finished(&self, task: Task, unit: Option<UnitId>, outcome: Outcome) {
        let (Task::Stage(Stage::Codegen), Some(unit)) = (task, unit) else { return };
        let mut seen = self.0.lock().expect("no thread panics");
        match outcome {
            Outcome::Made(_) => seen.made.insert(unit),
            Outcome::Kept => seen.kept.insert(unit),
            Outcome::Failed => false,
        };
    }

    fn noticed(&self, notice: &Notice<'_>) {
        if let Notice::NotCached(folder, error) = notice {
            panic!("{}: {error}", folder.display());
        }
    }
}
