//! Seeing a compile as it goes.

use artifact::{Stage, UnitId};
use std::path::Path;

/// A piece of work, which one thread begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Task {
    /// A stage's own work.
    Stage(Stage),
    /// Turning the IR that a stage has made into text.
    Print(Stage),
    /// Reading the text of IR that a stage has made.
    Read(Stage),
    /// Writing a stage's artifact.
    Write(Stage),
    /// Looking at what lies in the build directory or the cache, or adding to the cache.
    Recall,
}

/// What came of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The work was done; the size in bytes of what was made, where that is text or an object.
    Made(Option<u64>),
    /// There was nothing to do: what it would have made was there.
    Kept,
    /// It failed.
    Failed,
}

/// Something that a user should know.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// A function, as messages name it, is too large to be optimized.
    Unoptimized(&'a str),
    /// An artifact was changed by hand, and is used as it is.
    Edited(&'a Path),
    /// An artifact is not what was made, and is made again.
    Damaged(&'a Path),
    /// Nothing can be added to the cache in this folder, for this reason.
    NotCached(&'a Path, &'a std::io::Error),
    /// Another compile has the build directory, which this one waits for.
    Waiting(&'a Path),
}

/// Is told how far a compile is, from any of its threads.
pub trait Observer: Sync {
    /// A stage begins, for the first of its units. Stages of different units overlap.
    fn begins(&self, stage: Stage);
    /// So many units will go through lowering, verification, optimization and code generation.
    fn planned(&self, units: usize);
    /// A thread begins a task.
    fn started(&self, task: Task, unit: Option<UnitId>);
    /// The thread is done with the task that it began last.
    fn finished(&self, task: Task, unit: Option<UnitId>, outcome: Outcome);
    /// Something that a user should know.
    fn noticed(&self, notice: &Notice<'_>);
}

/// Looks away.
pub struct Silent;

impl Observer for Silent {
    fn begins(&self, _: Stage) {}
    fn planned(&self, _: usize) {}
    fn started(&self, _: Task, _: Option<UnitId>) {}
    fn finished(&self, _: Task, _: Option<UnitId>, _: Outcome) {}
    fn noticed(&self, _: &Notice<'_>) {}
}

/// Does a task and tells an observer. `size` is the size in bytes of what was made, if it has one.
pub(crate) fn observe<T, E>(
    observer: &dyn Observer,
    task: Task,
    unit: Option<UnitId>,
    work: impl FnOnce() -> Result<T, E>,
    size: impl FnOnce(&T) -> Option<u64>,
) -> Result<T, E> {
    observer.started(task, unit);
    let result = work();
    let outcome = match &result {
        Ok(made) => Outcome::Made(size(made)),
        Err(_) => Outcome::Failed,
    };
    observer.finished(task, unit, outcome);
    result
}
