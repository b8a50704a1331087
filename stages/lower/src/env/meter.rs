//! What code is charged, and how it is stopped ([`abi::metering`]).
//!
//! A function keeps its counters in registers. Memory has them where something can look: before calls and libcalls, before accesses that
//! may fault, at the end. Their stores are volatile, like the accesses that may fault: neither kind moves past the other.

use super::Env;
use abi::layout::{Field, Header, Meter};
use abi::trap::TrapCode;
use artifact::region::Region;
use llvm::{BasicBlock, Value};
use std::cell::Cell;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    /// The gas that is left.
    Gas,
    /// The instructions that were executed.
    Instructions,
}

impl Counter {
    fn field(self) -> Field {
        match self {
            Counter::Gas => Meter::FIELDS.gas,
            Counter::Instructions => Meter::FIELDS.instructions,
        }
    }
}

/// The counters in the current segment.
#[derive(Default)]
pub(crate) struct Counters<'c> {
    /// The value of each, in the order of [`crate::unit::Unit::counters`]; empty if nothing is counted.
    values: Vec<Value<'c>>,
    /// Whether memory has these values.
    stored: Cell<bool>,
    /// The number of the segment.
    pub(super) segment: u32,
}

/// Where a function ends because a segment costs too much.
pub(super) struct OutOfGas<'c> {
    block: BasicBlock<'c>,
    values: Vec<Value<'c>>,
}

impl<'c> Env<'_, 'c> {
    /// The counters as memory has them.
    pub fn load_counters(&self) -> Vec<Value<'c>> {
        let load = |&counter| {
            let load = self.builder.load(self.unit.types.i64, self.counter(counter));
            self.unit.facts.within(self.unit.context, Region::Meter, load);
            load
        };
        self.unit.counters.iter().map(load).collect()
    }

    /// Begins a segment in which the counters have these values, which memory may or may not have.
    pub fn set_counters(&mut self, values: Vec<Value<'c>>, stored: bool) {
        let segment = self.counters.segment + 1;
        self.counters = Counters { values, stored: Cell::new(stored), segment };
    }

    /// Sees to it that memory has the counters.
    pub fn store_counters(&self) {
        if !self.counters.stored.replace(true) {
            self.store_values(&self.counters.values);
        }
    }

    /// The values that a cold block has to store first, made where control would go there.
    pub(super) fn values_to_store(&self) -> Vec<Value<'c>> {
        match self.counters.stored.get() {
            true => Vec::new(),
            false => self.counters.values.clone(),
        }
    }

    pub(super) fn store_values(&self, values: &[Value<'c>]) {
        for (&counter, &value) in self.unit.counters.iter().zip(values) {
            let store = self.builder.store(value, self.counter(counter));
            store.set_volatile(true);
            self.unit.facts.within(self.unit.context, Region::Meter, store);
        }
    }

    fn counter(&self, counter: Counter) -> Value<'c> {
        let offset = Header::FIELDS.meter.offset;
        let meter = self.meter.get_or_init(|| self.invariant(&self.prologue, self.unit.types.ptr, self.vmctx, offset));
        self.offset(&self.builder, *meter, counter.field().offset)
    }

    /// The gas that is left after a segment is paid. Ends execution if it cannot be: with no gas, and the other counters as they are.
    pub fn pay(&mut self, gas: Value<'c>, cost: u64) -> Value<'c> {
        let cost = self.unit.context.const_i64(cost as i64);
        let paid = self.builder.intrinsic("llvm.usub.with.overflow", &[gas.ty()], &[gas, cost]);
        let [left, missing] = [0, 1].map(|part| self.builder.extract_value(*paid, part));
        let none = gas.ty().null();
        let of = |(&counter, &value): (&Counter, &Value<'c>)| if counter == Counter::Gas { none } else { value };
        let values = self.unit.counters.iter().zip(&self.counters.values).map(of).collect();
        let block = self.block();
        self.out_of_gas.push(OutOfGas { block, values });
        self.leave_if(missing, block);
        left
    }

    /// The same number, of which the optimizer knows nothing any more. It passes for a pointer to something that may have changed meanwhile,
    /// which takes no instruction.
    pub fn opaque(&self, number: Value<'c>) -> Value<'c> {
        let ptr = self.unit.types.ptr;
        let pointer = self.builder.inttoptr(number, ptr);
        let other = self.builder.intrinsic("llvm.launder.invariant.group", &[ptr], &[pointer]);
        self.builder.ptrtoint(*other, number.ty())
    }

    /// Builds what `pay` goes to.
    pub(super) fn finish_paying(&mut self) {
        for OutOfGas { block, values } in std::mem::take(&mut self.out_of_gas) {
            self.start(block);
            self.store_values(&values);
            self.call_trap(TrapCode::CostLimitExceeded);
            self.builder.unreachable();
        }
    }

    /// Stops here if somebody has asked for it: the page of the byte cannot be read then.
    pub fn poll(&self) {
        self.store_counters();
        let offset = Header::FIELDS.poll.offset;
        let byte = self.poll.get_or_init(|| self.invariant(&self.prologue, self.unit.types.ptr, self.vmctx, offset));
        self.builder.load(self.unit.context.int(8), *byte).set_volatile(true);
    }
}
