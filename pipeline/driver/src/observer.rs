//! Seeing a compile as it goes.

use abi::types::FuncIdx;
use artifact::{Stage, UnitId};
use std::fmt;
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

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Task::Stage(stage) => write!(f, "{stage}"),
            Task::Print(stage) => write!(f, "print {stage}"),
            Task::Read(stage) => write!(f, "read {stage}"),
            Task::Write(stage) => write!(f, "write {stage}"),
            Task::Recall => f.write_str("recall"),
        }
    }
}

/// What came of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The work was done; the size in bytes of what was made or read, where that is text or an object.
    Made(Option<u64>),
    /// There was nothing to do: what it would have made was there.
    Kept,
    /// It failed.
    Failed,
}

/// A function with a body. Displayed, it is what messages call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function<'a> {
    /// Its index in the module.
    pub index: FuncIdx,
    /// Its name, if the module gives it one: any text.
    pub name: Option<&'a str>,
    /// The size of its body in bytes.
    pub bytes: u64,
}

impl fmt::Display for Function<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function {}", self.index)?;
        self.name.map_or(Ok(()), |name| write!(f, " `{name}`"))
    }
}

/// A unit that is going to be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned<'a> {
    /// Which one.
    pub unit: UnitId,
    /// How many functions it has.
    pub functions: u32,
    /// The size of their bodies in bytes.
    pub bytes: u64,
    /// The largest of them: what takes long is mostly that.
    pub largest: Option<Function<'a>>,
}

/// Something that a user should know.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// A function, as messages name it, is too large to be optimized.
    Unoptimized(&'a str),
    /// An artifact was changed by hand, and is used as it is.
    Edited(&'a Path),
    /// An artifact that was edited is made again; the edit is kept in the second place.
    SetAside(&'a Path, &'a Path),
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
    /// These units will go through stages, the last of which is this one.
    fn planned(&self, units: &[Planned<'_>], last: Stage);
    /// A thread begins a task.
    fn started(&self, task: Task, unit: Option<UnitId>);
    /// The thread, which is lowering a unit, comes to a function; or it is done with all of them.
    fn lowering(&self, function: Option<&Function<'_>>);
    /// The thread is done with the task that it began last.
    fn finished(&self, task: Task, unit: Option<UnitId>, outcome: Outcome);
    /// Something that a user should know.
    fn noticed(&self, notice: &Notice<'_>);
}

/// Looks away.
pub struct Silent;

impl Observer for Silent {
    fn begins(&self, _: Stage) {}
    fn planned(&self, _: &[Planned<'_>], _: Stage) {}
    fn started(&self, _: Task, _: Option<UnitId>) {}
    fn lowering(&self, _: Option<&Function<'_>>) {}
    fn finished(&self, _: Task, _: Option<UnitId>, _: Outcome) {}
    fn noticed(&self, _: &Notice<'_>) {}
}

/// Two that look at the same compile.
impl<A: Observer, B: Observer> Observer for (&A, &B) {
    fn begins(&self, stage: Stage) {
        self.0.begins(stage);
        self.1.begins(stage);
    }

    fn planned(&self, units: &[Planned<'_>], last: Stage) {
        self.0.planned(units, last);
        self.1.planned(units, last);
    }

    fn started(&self, task: Task, unit: Option<UnitId>) {
        self.0.started(task, unit);
        self.1.started(task, unit);
    }

    fn lowering(&self, function: Option<&Function<'_>>) {
        self.0.lowering(function);
        self.1.lowering(function);
    }

    fn finished(&self, task: Task, unit: Option<UnitId>, outcome: Outcome) {
        self.0.finished(task, unit, outcome);
        self.1.finished(task, unit, outcome);
    }

    fn noticed(&self, notice: &Notice<'_>) {
        self.0.noticed(notice);
        self.1.noticed(notice);
    }
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
