//! Charging a function by its segments ([`abi::metering`]).
//!
//! To SSA form counters are locals behind the function's own, which each segment changes, and each call.

use crate::env::Counter;
use crate::function::Lowering;
use llvm::Value;

impl<'c> Lowering<'_, 'c> {
    /// Charges the segment that begins at the current operator, if one does, and stops if that is the place for it.
    pub fn charge(&mut self) {
        let Some(segment) = self.segments.at(self.offset) else { return };
        self.refresh_counters();
        for (local, counter) in (self.first_counter..).zip(&self.env.unit.counters) {
            let before = self.ssa.get(local);
            let after = match counter {
                Counter::Gas if segment.gas == 0 => continue,
                Counter::Instructions if segment.instructions == 0 => continue,
                // The optimizer would make an induction variable of it, and keep what it is before and after a turn apart.
                Counter::Gas if segment.polls => self.env.pay(self.env.opaque(before), segment.gas),
                Counter::Gas => self.env.pay(before, segment.gas),
                Counter::Instructions => {
                    let count = self.env.unit.context.const_i64(segment.instructions as i64);
                    self.env.builder.add(before, count)
                }
            };
            self.ssa.set(local, after);
        }
        self.refresh_counters();
        if segment.polls && self.env.unit.input.metering.interruptible {
            self.env.poll();
        }
    }

    /// Makes the counters known where ways have met.
    pub fn refresh_counters(&mut self) {
        let values = self.counters();
        self.env.set_counters(values, false);
    }

    /// The counters are what memory has: a call has come back, or an exception from somewhere.
    pub fn reload_counters(&mut self) {
        let values = self.env.load_counters();
        for (local, &value) in (self.first_counter..).zip(&values) {
            self.ssa.set(local, value);
        }
        self.env.set_counters(values, true);
    }

    /// Ways have met on all of which memory has the counters.
    pub fn refresh_stored_counters(&mut self) {
        let values = self.counters();
        self.env.set_counters(values, true);
    }

    fn counters(&mut self) -> Vec<Value<'c>> {
        let counters = self.env.unit.counters.len() as u32;
        (self.first_counter..self.first_counter + counters).map(|local| self.ssa.get(local)).collect()
    }
}
