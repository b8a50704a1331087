//! Seeing a compile as it goes.

use artifact::{Stage, UnitId};
use std::sync::atomic::{AtomicU32, Ordering};

/// Is told how far a compile is, from any of its threads.
pub trait Observer: Sync {
    /// A stage begins, for the first of its units. Stages of different units overlap.
    fn begins(&self, stage: Stage);
    /// So many units will go through lowering, verification, optimization and code generation.
    fn planned(&self, units: usize);
    /// A stage is done with a unit.
    fn finished(&self, stage: Stage, unit: UnitId);
    /// A function, given by its symbol, is too large to be optimized.
    fn unoptimized(&self, function: &str);
}

/// Looks away.
pub struct Silent;

impl Observer for Silent {
    fn begins(&self, _: Stage) {}
    fn planned(&self, _: usize) {}
    fn finished(&self, _: Stage, _: UnitId) {}
    fn unoptimized(&self, _: &str) {}
}

/// Tells an observer of each stage once.
pub(crate) struct Once<'a> {
    pub observer: &'a dyn Observer,
    begun: AtomicU32,
}

impl<'a> Once<'a> {
    pub fn new(observer: &'a dyn Observer) -> Once<'a> {
        Once { observer, begun: AtomicU32::new(0) }
    }

    pub fn begins(&self, stage: Stage) {
        let bit = 1 << stage as u32;
        if self.begun.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            self.observer.begins(stage);
        }
    }
}
