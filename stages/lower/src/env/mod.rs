//! The one interface between lowering and the ABI: contexts, memories, globals, tables, calls, libcalls and traps.
//!
//! Operators say what they need, in terms of WebAssembly; how the runtime provides it is known here only. What never changes
//! while a function runs (where a memory begins, where a cell lies) is loaded once, in the function's prologue.

mod call;
mod exception;
mod global;
mod memory;
mod meter;
mod table;
mod tail;

use crate::unit::Unit;
use abi::layout::Place;
use abi::trap::TrapCode;
use abi::types::{GlobalIdx, MemoryIdx, TableIdx};
use llvm::{BasicBlock, Builder, Function, GepFlags, Type, Value};
pub(crate) use meter::Counter;
use meter::{Counters, OutOfGas};
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// The code of one function in the making, and its way to the context.
pub(crate) struct Env<'a, 'c> {
    pub unit: &'a Unit<'a, 'c>,
    /// Builds the code.
    pub builder: Builder<'c>,
    /// Builds what is computed once, on entry: before `anchor`.
    prologue: Builder<'c>,
    /// Stands between the prologue and the rest of the first block until the function is finished.
    anchor: Value<'c>,
    function: Function<'c>,
    vmctx: Value<'c>,
    /// The block in which code was built last; the next one follows it in the text.
    last: BasicBlock<'c>,
    memories: BTreeMap<MemoryIdx, Value<'c>>,
    cells: BTreeMap<GlobalIdx, Value<'c>>,
    tables: BTreeMap<TableIdx, Value<'c>>,
    slots: BTreeMap<usize, Value<'c>>,
    /// The landing pads of the `try_table`s around, innermost last, once a call has asked for one.
    pub pads: Vec<Option<BasicBlock<'c>>>,
    /// The block that ends with the last call, if that has a landing pad.
    pub invoked: Option<BasicBlock<'c>>,
    /// The blocks that trap, by reason; where something is counted one for each segment.
    traps: BTreeMap<(u32, u32), Cold<'c>>,
    counters: Counters<'c>,
    /// The meter, once something is counted, and the byte to poll, once that is asked for.
    meter: OnceCell<Value<'c>>,
    poll: OnceCell<Value<'c>>,
    out_of_gas: Vec<OutOfGas<'c>>,
}

/// A block that traps.
struct Cold<'c> {
    trap: TrapCode,
    block: BasicBlock<'c>,
    /// The counters that it stores first.
    values: Vec<Value<'c>>,
}

impl<'a, 'c> Env<'a, 'c> {
    /// Begins the code of a function.
    pub fn new(unit: &'a Unit<'a, 'c>, function: Function<'c>) -> Self {
        let vmctx = function.param(0);
        let first = function.append_block("");
        let builder = unit.context.builder();
        builder.position_at_end(first);
        let anchor = builder.freeze(vmctx);
        let prologue = unit.context.builder();
        prologue.position_before(anchor);
        Self {
            unit,
            builder,
            prologue,
            anchor,
            function,
            vmctx,
            last: first,
            memories: BTreeMap::new(),
            cells: BTreeMap::new(),
            tables: BTreeMap::new(),
            slots: BTreeMap::new(),
            pads: Vec::new(),
            invoked: None,
            traps: BTreeMap::new(),
            counters: Counters::default(),
            meter: OnceCell::new(),
            poll: OnceCell::new(),
            out_of_gas: Vec::new(),
        }
    }

    /// Ends the function, with a cold block for each reason to trap.
    pub fn finish(mut self) {
        self.anchor.erase_instruction();
        self.finish_paying();
        for Cold { trap, block, values } in std::mem::take(&mut self.traps).into_values() {
            self.start(block);
            self.store_values(&values);
            self.call_trap(trap);
            self.builder.unreachable();
        }
    }

    // Blocks.

    /// A new block, for [`Env::start`].
    pub fn block(&self) -> BasicBlock<'c> {
        self.function.append_block("")
    }

    /// Continues in a block.
    pub fn start(&mut self, block: BasicBlock<'c>) {
        block.move_after(self.last);
        self.last = block;
        self.builder.position_at_end(block);
    }

    /// The block that code is being built in.
    pub fn current_block(&self) -> BasicBlock<'c> {
        self.last
    }

    // Traps.

    /// The block that traps for a reason.
    pub fn trap(&mut self, trap: TrapCode) -> BasicBlock<'c> {
        let segment = if self.unit.counters.is_empty() { 0 } else { self.counters.segment };
        let (function, values) = (self.function, self.values_to_store());
        let cold = || Cold { trap, block: function.append_block(""), values };
        self.traps.entry((segment, trap.code())).or_insert_with(cold).block
    }

    /// Goes to a cold block if `condition` holds, and continues where it does not.
    pub fn leave_if(&mut self, condition: Value<'c>, cold: BasicBlock<'c>) {
        let next = self.block();
        let branch = self.builder.cond_br(condition, cold, next);
        self.unit.facts.unlikely(self.unit.context, branch);
        self.start(next);
    }

    /// Traps if `condition` holds. Builds nothing if it is known not to.
    pub fn trap_if(&mut self, condition: Value<'c>, trap: TrapCode) {
        if condition.as_const_int() != Some(0) {
            let cold = self.trap(trap);
            self.leave_if(condition, cold);
        }
    }

    // Accesses and places.

    /// The access may trap, or a trap elsewhere lets its effect be seen: keeps it in its place unless traps are relaxed.
    fn observable(&self, access: Value<'c>) {
        if !self.unit.input.relaxed_traps {
            access.set_volatile(true);
        }
    }

    /// The address of a thing in the context, found in the prologue.
    fn place(&self, place: Place) -> Value<'c> {
        match place {
            Place::Inline(offset) => self.offset(&self.prologue, self.vmctx, offset),
            Place::Indirect(offset) => self.invariant(&self.prologue, self.unit.types.ptr, self.vmctx, offset),
        }
    }

    /// Loads what never changes.
    fn invariant(&self, builder: &Builder<'c>, ty: Type<'c>, base: Value<'c>, offset: u32) -> Value<'c> {
        let load = builder.load(ty, self.offset(builder, base, offset));
        self.unit.facts.invariant(self.unit.context, load);
        load
    }

    /// The address `offset` bytes into a structure.
    fn offset(&self, builder: &Builder<'c>, base: Value<'c>, offset: u32) -> Value<'c> {
        if offset == 0 {
            return base;
        }
        let offset = self.unit.context.const_i64(offset.into());
        builder.ptr_add_with(base, offset, GepFlags::IN_BOUNDS | GepFlags::NUW)
    }
}
