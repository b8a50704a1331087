//! The copy of a loop, for memory that is known to be there.

use super::access::{Access, Group};
use super::bound::{Bound, Turns};
use super::guard::Place;
use super::loops::{Loop, successors};
use llvm::{BasicBlock, Builder, Context, GepFlags, IntPredicate, Value};
use std::collections::HashMap;

/// All that the copy is made of.
pub struct Plan<'a, 'c> {
    pub region: &'a Loop<'c>,
    pub bound: &'a Bound<'c>,
    pub turns: &'a Turns<'c>,
    pub accesses: &'a [Access<'c>],
    pub groups: &'a [Group<'c>],
    pub places: &'a [Place<'c>],
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

/// Adds the copy. Control goes there if `guard` holds. Gives the branch.
pub fn build<'c>(context: &'c Context, plan: &Plan<'_, 'c>, guard: Value<'c>) -> Value<'c> {
    let Plan { region, .. } = *plan;
    let function = region.header.parent();
    let builder = context.builder();
    let mut last = region.preheader;
    let mut block = || {
        let block = function.append_block("");
        block.move_after(last);
        last = block;
        block
    };
    let entry = block();
    let blocks: HashMap<_, _> = region.blocks.iter().map(|&original| (original, block())).collect();
    let exact = block();

    let before = region.preheader.terminator().expect("blocks have terminators");
    builder.position_before(before);
    let branch = builder.cond_br(guard, entry, exact);
    before.erase_instruction();
    builder.position_at_end(exact);
    builder.br(region.header);
    let mut values = HashMap::new();
    for phi in phis(region.header) {
        builder.position_before(phi);
        let moved = builder.phi(phi.ty());
        for (value, from) in edges(phi) {
            moved.add_incoming(value, if from == region.preheader { exact } else { from });
        }
        phi.replace_all_uses_with(*moved);
        phi.erase_instruction();
    }

    // Phis get their edges once there is a copy of everything.
    for original in &region.blocks {
        builder.position_at_end(blocks[original]);
        for instruction in original.instructions() {
            let copy = match instruction.as_phi() {
                Some(_) => *builder.phi(instruction.ty()),
                None => builder.copy(instruction),
            };
            values.insert(instruction, copy);
        }
    }
    let value = |original: Value<'c>| values.get(&original).copied().unwrap_or(original);
    for (original, instruction) in region.blocks.iter().flat_map(|block| block.instructions().map(move |one| (block, one))) {
        let copy = values[&instruction];
        if let Some(phi) = copy.as_phi() {
            for (incoming, from) in edges(instruction) {
                phi.add_incoming(value(incoming), if from == exact { entry } else { blocks[&from] });
            }
            continue;
        }
        for index in 0..copy.operand_count() {
            if let Some(&new) = instruction.operand(index).and_then(|operand| values.get(&operand)) {
                copy.set_operand(index, new);
            }
        }
        if original.terminator() == Some(instruction) {
            for index in 0..copy.successor_count() {
                if let Some(&next) = copy.successor(index).and_then(|next| blocks.get(&next)) {
                    copy.set_successor(index, next);
                }
            }
        }
    }
    for phi in exits(region).into_iter().flat_map(phis) {
        for (incoming, from) in edges(phi) {
            if let (Some(&block), Some(phi)) = (blocks.get(&from), phi.as_phi()) {
                phi.add_incoming(value(incoming), block);
            }
        }
    }

    builder.position_at_end(entry);
    let all = builder.add(plan.turns.count, context.const_i64(1));
    all.set_nuw();
    all.set_nsw();
    let starts: Vec<_> = plan.groups.iter().zip(plan.places).map(|(group, place)| within(&builder, group.base, place.start)).collect();
    builder.br(blocks[&region.header]);
    let latch = value(region.latch.terminator().expect("blocks have terminators"));
    latch.remove_metadata(context.kinds().loop_);
    let counter = Counter::new(context, &builder, entry, blocks[&region.header], latch);
    leave(plan, &builder, &counter, value(plan.bound.branch), all);

    let header = blocks[&region.header];
    let first = header.instructions().find(|instruction| instruction.as_phi().is_none()).expect("blocks have terminators");
    builder.position_before(first);
    let ways: Vec<_> = plan.places.iter().map(|place| counter.times(&builder, place)).collect();
    for access in plan.accesses {
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
    branch
}

/// Counts iterations from zero.
struct Counter<'c> {
    now: Value<'c>,
    next: Value<'c>,
}

impl<'c> Counter<'c> {
    fn new(context: &'c Context, builder: &Builder<'c>, entry: BasicBlock<'c>, header: BasicBlock<'c>, latch: Value<'c>) -> Self {
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
    fn times(&self, builder: &Builder<'c>, place: &Place<'c>) -> Value<'c> {
        let way = builder.mul(self.now, place.step);
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
    let condition = match plan.bound.branch.parent_block() == Some(plan.region.latch) {
        true => builder.icmp(predicate, counter.next, all),
        false => builder.icmp(predicate, counter.now, plan.turns.count),
    };
    branch.set_operand(0, condition);
}

/// An address in a memory.
fn within<'c>(builder: &Builder<'c>, address: Value<'c>, offset: Value<'c>) -> Value<'c> {
    builder.ptr_add_with(address, offset, GepFlags::IN_BOUNDS | GepFlags::NUW)
}

fn phis<'c>(block: BasicBlock<'c>) -> Vec<Value<'c>> {
    block.instructions().take_while(|instruction| instruction.as_phi().is_some()).collect()
}

fn edges<'c>(phi: Value<'c>) -> Vec<(Value<'c>, BasicBlock<'c>)> {
    phi.as_phi().map_or(Vec::new(), |phi| (0..phi.incoming_count()).filter_map(|index| phi.incoming(index)).collect())
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
