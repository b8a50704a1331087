//! The copy of a loop, for memory that is known to be there.

use super::access::{Access, Group};
use super::affine::Scope;
use super::bound::{Bound, Turns};
use super::guard::Place;
use super::loops::{Loop, edges, phis, successors};
use super::reroll::Rolled;
use super::roll;
use llvm::{BasicBlock, Builder, Context, GepFlags, IntPredicate, Value};
use std::collections::{HashMap, HashSet};

/// All that the copy is made of.
pub struct Plan<'a, 'c> {
    pub scope: &'a Scope<'a, 'c>,
    pub bound: &'a Bound<'c>,
    pub turns: &'a Turns<'c>,
    pub accesses: &'a [Access<'c>],
    pub groups: &'a [Group<'c>],
    pub places: &'a [Place<'c>],
    /// What each iteration is made of, if it is to be rolled up.
    pub rolled: Option<&'a Rolled<'c>>,
}

/// Whether what a loop computes is used behind it by phis only, where the loop leads, so that the copy's can be added there.
pub fn is_closed(region: &Loop<'_>) -> bool {
    let exits = exits(region);
    let instructions = region.blocks.iter().flat_map(|block| block.instructions());
    instructions.flat_map(Value::users).all(|user| match user.parent_block() {
        Some(block) => region.contains(block) || user.as_phi().is_some() && exits.contains(&block),
        None => true,
    })
}

/// Adds the copy. Control goes there at the end of the block `before` if `guard` holds. Gives the branch.
pub fn build<'c>(context: &'c Context, plan: &Plan<'_, 'c>, before: BasicBlock<'c>, guard: Value<'c>) -> Value<'c> {
    let region = plan.scope.region;
    let builder = context.builder();
    let blocks = Blocks::new(region, before);
    let last = before.terminator().expect("blocks have terminators");
    builder.position_before(last);
    let branch = builder.cond_br(guard, blocks.entry, region.preheader);
    last.erase_instruction();

    let mut values = HashMap::new();
    for original in &region.blocks {
        builder.position_at_end(blocks.copies[original]);
        for instruction in original.instructions() {
            let copy = match instruction.as_phi() {
                Some(_) => *builder.phi(instruction.ty()),
                None => builder.copy(instruction),
            };
            values.insert(instruction, copy);
        }
    }
    let value = |original: Value<'c>| values.get(&original).copied().unwrap_or(original);
    for instruction in region.blocks.iter().flat_map(|block| block.instructions()) {
        let copy = value(instruction);
        if copy.as_phi().is_some() {
            continue;
        }
        for index in 0..copy.operand_count() {
            if let Some(&new) = instruction.operand(index).and_then(|operand| values.get(&operand)) {
                copy.set_operand(index, new);
            }
        }
        for index in 0..copy.successor_count() {
            if let Some(&next) = copy.successor(index).and_then(|next| blocks.copies.get(&next)) {
                copy.set_successor(index, next);
            }
        }
    }

    let header = blocks.copies[&region.header];
    builder.position_at_end(blocks.entry);
    let factor = plan.rolled.map_or(1, |rolled| rolled.turns);
    let iterations = builder.add(plan.turns.count, context.const_i64(1));
    let iterations = if factor == 1 { iterations } else { builder.mul(iterations, context.const_i64(factor)) };
    let starts = plan.groups.iter().zip(plan.places).map(|(group, place)| within(&builder, group.base, place.start));
    let starts: Vec<_> = starts.collect();
    builder.br(header);
    let latch = value(region.latch.terminator().expect("blocks have terminators"));
    latch.remove_metadata(context.kinds().loop_);
    let counter = Counter::new(context, &builder, blocks.entry, header, latch);
    leave(plan, &builder, &counter, value(plan.bound.branch), iterations);

    // What the copy's phis get from its latch, and what is behind the loop, where that is not the copy of the original's.
    let known = match plan.rolled {
        Some(rolled) => roll::build(plan, rolled, &mut values, blocks.entry, &counter),
        None => Known::default(),
    };
    let value = |original: Value<'c>| values.get(&original).copied().unwrap_or(original);
    for phi in region.blocks.iter().copied().flat_map(phis).filter(|phi| !known.gone.contains(phi)) {
        let Some(copy) = value(phi).as_phi() else { continue };
        for (incoming, from) in edges(phi) {
            match blocks.copies.get(&from) {
                Some(&block) => {
                    copy.add_incoming(known.carried.get(&incoming).copied().unwrap_or(value(incoming)), block)
                }
                None => copy.add_incoming(incoming, blocks.entry),
            }
        }
    }
    for phi in exits(region).into_iter().flat_map(phis) {
        for (incoming, from) in edges(phi) {
            if let (Some(&block), Some(phi)) = (blocks.copies.get(&from), phi.as_phi()) {
                phi.add_incoming(known.behind.get(&incoming).copied().unwrap_or(value(incoming)), block);
            }
        }
    }

    builder.position_before(first_behind_phis(header));
    let ways: Vec<_> = plan.places.iter().map(|place| counter.times(context, &builder, place, factor)).collect();
    let kept = |place: usize| plan.rolled.is_none_or(|rolled| rolled.accesses.contains(&place));
    for (_, access) in plan.accesses.iter().enumerate().filter(|(place, _)| kept(*place)) {
        let copy = value(access.instruction);
        builder.position_before(copy);
        let place = &plan.places[access.group];
        let flags = if place.grows { GepFlags::IN_BOUNDS | GepFlags::NUW } else { GepFlags::IN_BOUNDS };
        let mut address = starts[access.group];
        if place.step.as_const_int() != Some(0) {
            address = builder.ptr_add_with(address, ways[access.group], flags);
        }
        if access.index + access.offset != 0 {
            address = within(&builder, address, context.const_i64(access.index + access.offset));
        }
        copy.set_operand(access.operand, address);
        copy.set_volatile(false);
    }
    if let Some(rolled) = plan.rolled {
        roll::sweep(plan, rolled, header, &values);
    }
    branch
}

/// The blocks of the copy.
struct Blocks<'c> {
    /// In front of it.
    entry: BasicBlock<'c>,
    /// By those of the original.
    copies: HashMap<BasicBlock<'c>, BasicBlock<'c>>,
}

impl<'c> Blocks<'c> {
    /// New blocks, in the text before the loop.
    fn new(region: &Loop<'c>, before: BasicBlock<'c>) -> Self {
        let function = region.header.parent();
        let mut last = before;
        let mut block = || {
            let block = function.append_block("");
            block.move_after(last);
            last = block;
            block
        };
        let entry = block();
        Self { entry, copies: region.blocks.iter().map(|&original| (original, block())).collect() }
    }
}

/// What the copy of a loop that is rolled up has that the original has not.
#[derive(Default)]
pub struct Known<'c> {
    /// Phis that have no copy.
    pub gone: HashSet<Value<'c>>,
    /// What goes back to the header, by what does in the original.
    pub carried: HashMap<Value<'c>, Value<'c>>,
    /// What is used behind the loop, by what is of the original.
    pub behind: HashMap<Value<'c>, Value<'c>>,
}

/// Counts iterations from zero.
pub struct Counter<'c> {
    pub now: Value<'c>,
    next: Value<'c>,
}

impl<'c> Counter<'c> {
    fn new(
        context: &'c Context,
        builder: &Builder<'c>,
        entry: BasicBlock<'c>,
        header: BasicBlock<'c>,
        latch: Value<'c>,
    ) -> Self {
        builder.position_at_start(header);
        let phi = builder.phi(context.i64());
        builder.position_before(latch);
        let next = builder.add(*phi, context.const_i64(1));
        next.set_nuw();
        next.set_nsw();
        phi.add_incoming(context.const_i64(0), entry);
        phi.add_incoming(next, latch.parent_block().expect("terminators are in blocks"));
        Self { now: *phi, next }
    }

    /// How far a group has come from where it began.
    fn times(&self, context: &'c Context, builder: &Builder<'c>, place: &Place<'c>, factor: i64) -> Value<'c> {
        let step = match place.step.as_const_int() {
            Some(step) => context.const_i64(step as i64 / factor),
            None => place.step,
        };
        let way = builder.mul(self.now, step);
        way.set_nsw();
        if place.grows {
            way.set_nuw();
        }
        way
    }
}

/// Makes the copy's exit compare the counter: the same outcome, in numbers that cannot go around.
fn leave<'c>(plan: &Plan<'_, 'c>, builder: &Builder<'c>, counter: &Counter<'c>, branch: Value<'c>, all: Value<'c>) {
    builder.position_before(branch);
    let predicate = if plan.bound.first_stays { IntPredicate::Ne } else { IntPredicate::Eq };
    let condition = match plan.bound.branch.parent_block() == Some(plan.scope.region.latch) {
        true => builder.icmp(predicate, counter.next, all),
        false => builder.icmp(predicate, counter.now, plan.turns.count),
    };
    branch.set_operand(0, condition);
}

/// An address in a memory.
fn within<'c>(builder: &Builder<'c>, address: Value<'c>, offset: Value<'c>) -> Value<'c> {
    builder.ptr_add_with(address, offset, GepFlags::IN_BOUNDS | GepFlags::NUW)
}

/// The first instruction of a block that is no phi.
pub fn first_behind_phis<'c>(block: BasicBlock<'c>) -> Value<'c> {
    let first = block.instructions().find(|instruction| instruction.as_phi().is_none());
    first.expect("blocks have terminators")
}

/// Where a loop leads, each block once.
fn exits<'c>(region: &Loop<'c>) -> Vec<BasicBlock<'c>> {
    let mut exits = Vec::new();
    for next in region.blocks.iter().flat_map(|block| successors(*block)) {
        if !region.contains(next) && !exits.contains(&next) {
            exits.push(next);
        }
    }
    exits
}
