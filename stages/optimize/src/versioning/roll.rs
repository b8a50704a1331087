//! What is special about the copy of a loop that is rolled up: its iterations are turns of the original's ([`super::reroll`]).

use super::affine::{Scope, Width};
use super::copy::{Counter, Known, Plan, first_behind_phis};
use super::reroll::{Link, Rolled};
use llvm::{BasicBlock, Builder, Opcode, Value};
use std::collections::HashMap;

/// Makes the first turn go back to the header, and numbers grow by turns.
pub fn build<'c>(
    plan: &Plan<'_, 'c>,
    rolled: &Rolled<'c>,
    values: &mut HashMap<Value<'c>, Value<'c>>,
    entry: BasicBlock<'c>,
    counter: &Counter<'c>,
) -> Known<'c> {
    let scope = plan.scope;
    let builder = scope.context.builder();
    let header = counter.now.parent_block().expect("phis are in blocks");
    let mut known = Known::default();
    for original in scope.region.header.instructions() {
        let copy = values[&original];
        // In other turns the operands may well have bits in common, and what else was promised of the first may not be true.
        if original.is_disjoint() && scope.is_number(original) {
            builder.position_before(copy);
            let (left, right) = copy.operand(0).zip(copy.operand(1)).expect("an or has operands");
            let sum = builder.add(left, right);
            copy.replace_all_uses_with(sum);
            values.insert(original, sum);
        }
        copy.drop_promises();
    }
    for (phi, start, part) in &rolled.counters {
        let width = Width::of(phi.ty()).expect("counters are integers");
        builder.position_before(first_behind_phis(header));
        let part = width.ty(scope.context).const_int(*part as u64);
        let way = builder.mul(narrowed(scope, &builder, counter.now, width), part);
        let now = builder.add(scope.build(&builder, start, width), way);
        let copy = values.insert(*phi, now).expect("phis have copies");
        copy.replace_all_uses_with(now);
        copy.erase_instruction();
        known.gone.insert(*phi);
    }
    for carried in &rolled.carried {
        let next = match &carried.first {
            Link::Chain(link) => values[link],
            Link::Any(opcode, leaves) => {
                builder.position_before(header.terminator().expect("blocks have terminators"));
                let leaves = leaves.iter().map(|leaf| values.get(leaf).copied().unwrap_or(*leaf));
                leaves.fold(values[&carried.phi], |total, leaf| combine(&builder, *opcode, total, leaf))
            }
        };
        known.carried.insert(carried.last, next);
        known.behind.insert(carried.last, next);
    }
    builder.position_before(entry.terminator().expect("blocks have terminators"));
    for (original, affine) in &rolled.leaving {
        let width = Width::of(original.ty()).expect("numbers are integers");
        let step = scope.build(&builder, &affine.step, width);
        let way = builder.mul(narrowed(scope, &builder, plan.turns.count, width), step);
        known.behind.insert(*original, builder.add(scope.build(&builder, &affine.start, width), way));
    }
    known
}

/// A 64-bit number modulo a width.
fn narrowed<'c>(scope: &Scope<'_, 'c>, builder: &Builder<'c>, number: Value<'c>, width: Width) -> Value<'c> {
    match width {
        Width::W32 => builder.trunc(number, scope.context.i32()),
        Width::W64 => number,
    }
}

/// One of the operations that commute.
fn combine<'c>(builder: &Builder<'c>, opcode: Opcode, left: Value<'c>, right: Value<'c>) -> Value<'c> {
    match opcode {
        Opcode::Mul => builder.mul(left, right),
        Opcode::And => builder.and(left, right),
        Opcode::Or => builder.or(left, right),
        Opcode::Xor => builder.xor(left, right),
        _ => builder.add(left, right),
    }
}

/// Removes what belongs to other turns than the first.
pub fn sweep<'c>(
    plan: &Plan<'_, 'c>,
    rolled: &Rolled<'c>,
    header: BasicBlock<'c>,
    values: &HashMap<Value<'c>, Value<'c>>,
) {
    for (place, access) in plan.accesses.iter().enumerate() {
        if access.instruction.instruction_opcode() == Some(Opcode::Store) && !rolled.accesses.contains(&place) {
            values[&access.instruction].erase_instruction();
        }
    }
    let instructions: Vec<_> = header.instructions().collect();
    for instruction in instructions.into_iter().rev() {
        let acts = instruction.instruction_opcode() == Some(Opcode::Store) || header.terminator() == Some(instruction);
        if !acts && !instruction.has_uses() {
            instruction.erase_instruction();
        }
    }
}
