//! The check in front of a loop that no access leaves its memory.

use super::access::{Access, Group, Scopes, Step};
use super::affine::{Scope, Width};
use super::bound::{Turns, frozen};
use abi::layout::{MemoryDefinition, MemorySlot};
use llvm::{Builder, GepFlags, IntPredicate, Value};

/// The bytes of a memory that 32 bits can tell apart. Addresses beyond are not proved of any access.
const MAX_LENGTH: i64 = 1 << 32;
/// With fewer turns than this and a step that is no larger, their product has less than 63 bits.
const MAX_TURNS: i64 = 1 << 31;

/// What is known of a group once the check holds.
pub struct Place<'c> {
    /// The lowest index of the first iteration, 64 bits. From there to the memory's end is all that the group touches.
    pub start: Value<'c>,
    /// What is added to the index from one iteration to the next, 64 bits, with its sign.
    pub step: Value<'c>,
    /// Whether the index never becomes less.
    pub grows: bool,
}

/// Builds the check, an `i1`, and the places of the groups.
///
/// All numbers are 64-bit ones with a sign. An index is less than 2^33, a step is less than 2^20 with up to 2^43 turns, or less than
/// 2^31 with less than 2^31; so a sum of them never goes around.
pub fn build<'c>(
    scope: &Scope<'_, 'c>,
    builder: &Builder<'c>,
    scopes: &Scopes<'c>,
    turns: &Turns<'c>,
    accesses: &[Access<'c>],
    groups: &[Group<'c>],
) -> (Value<'c>, Vec<Place<'c>>) {
    let context = scope.context;
    let number = |number: i64| context.const_i64(number);
    let mut conditions = turns.conditions.clone();
    if groups.iter().any(|group| matches!(group.step, Step::Value(_))) {
        conditions.push(builder.icmp(IntPredicate::Ult, turns.count, number(MAX_TURNS)));
    }
    let mut lengths: Vec<(i64, Value<'c>)> = Vec::new();
    let mut places = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let length = match lengths.iter().find(|(slot, _)| *slot == group.slot.1) {
            Some(&(_, length)) => length,
            None => length(scope, builder, scopes, group),
        };
        lengths.push((group.slot.1, length));
        let start = frozen(scope, builder, &group.start, group.width);
        for access in accesses.iter().filter(|access| access.group == index && access.zeros != 0) {
            let at = |number: i64| start.ty().const_int(number as u64);
            let bits = builder.and(builder.add(start, at(access.index)), at(access.zeros as i64));
            conditions.push(builder.icmp(IntPredicate::Eq, bits, at(0)));
        }
        let start = builder.zext(start, context.i64());
        if group.width == Width::W64 {
            conditions.push(builder.icmp(IntPredicate::Ult, start, number(2 * MAX_LENGTH)));
        }
        let members = accesses.iter().filter(|access| access.group == index);
        let extent = members.map(|access| access.index + access.offset + access.size).max().unwrap_or(0);
        let (step, lowest, highest) = match &group.step {
            Step::Constant(0) => (number(0), None, start),
            Step::Constant(step) => {
                let way = builder.mul(turns.count, number(*step));
                let end = builder.add(start, way);
                if *step < 0 { (number(*step), Some(end), start) } else { (number(*step), None, end) }
            }
            Step::Value(step) => {
                let step = builder.sext(frozen(scope, builder, step, group.width), context.i64());
                if group.width == Width::W64 {
                    let shifted = builder.add(step, number(MAX_TURNS));
                    conditions.push(builder.icmp(IntPredicate::Ult, shifted, number(2 * MAX_TURNS)));
                }
                let end = builder.add(start, builder.mul(turns.count, step));
                let pick = |name| *builder.intrinsic(name, &[context.i64()], &[start, end]);
                (step, Some(pick("llvm.smin")), pick("llvm.smax"))
            }
        };
        if let Some(lowest) = lowest {
            conditions.push(builder.icmp(IntPredicate::Sge, lowest, number(0)));
        }
        let end = builder.add(highest, number(extent));
        conditions.push(builder.icmp(IntPredicate::Sle, end, length));
        places.push(Place { start, step, grows: matches!(group.step, Step::Constant(0..)) });
    }
    let all = conditions.into_iter().reduce(|all, condition| builder.and(all, condition));
    (all.unwrap_or(context.const_bool(true)), places)
}

/// How many bytes of a memory are looked at: all of it, or as far as 32 bits go.
fn length<'c>(scope: &Scope<'_, 'c>, builder: &Builder<'c>, scopes: &Scopes<'c>, group: &Group<'c>) -> Value<'c> {
    let context = scope.context;
    let at = |address, offset: i64| {
        builder.ptr_add_with(address, context.const_i64(offset), GepFlags::IN_BOUNDS | GepFlags::NUW)
    };
    let (vmctx, slot) = group.slot;
    let definition = builder.load(context.ptr(), at(vmctx, slot + i64::from(MemorySlot::FIELDS.definition.offset)));
    definition.set_metadata(context.kinds().invariant_load, context.md_node(&[]));
    let bytes = builder.load(context.i64(), at(definition, MemoryDefinition::FIELDS.bytes.offset.into()));
    bytes.set_metadata(context.kinds().alias_scope, scopes.tables);
    *builder.intrinsic("llvm.umin", &[context.i64()], &[bytes, context.const_i64(MAX_LENGTH)])
}
