//! How often a loop turns at most.

use super::affine::{Affine, Linear, Scope, Width};
use llvm::{BasicBlock, Builder, IntPredicate, Opcode, Value};

/// The largest step of what is compared. With it, nothing that a guard computes of 32-bit numbers overflows 64 bits.
const MAX_STEP: u64 = 1 << 20;
/// Beyond these numbers, 64-bit comparisons are not understood.
const MAX_WIDE: i64 = 1 << 40;

/// A test at the end of a block that runs in each iteration: the loop goes on only as long as it holds.
pub struct Bound<'c> {
    /// The terminator that tests.
    pub branch: Value<'c>,
    /// Whether the first successor is the one in the loop.
    pub first_stays: bool,
    predicate: IntPredicate,
    width: Width,
    start: Linear,
    step: i64,
    limit: Linear,
}

/// In 64 bits, computed in front of a loop.
pub struct Turns<'c> {
    /// How many times control goes back to the header, if it leaves by no other way than the bound's. Below 2^43.
    pub count: Value<'c>,
    /// Without all of these, the count says nothing.
    pub conditions: Vec<Value<'c>>,
}

impl<'c> Bound<'c> {
    /// The first bound among the loop's exits.
    pub fn find(scope: &mut Scope<'_, 'c>) -> Option<Self> {
        let exiting = scope.region.exiting.clone();
        exiting.into_iter().find_map(|block| Self::of(scope, block))
    }

    fn of(scope: &mut Scope<'_, 'c>, block: BasicBlock<'c>) -> Option<Self> {
        let branch = block.terminator().filter(|last| last.successor_count() == 2)?;
        let condition =
            branch.operand(0).filter(|condition| branch.operand_count() == 3 && condition.int_predicate().is_some())?;
        let first_stays = scope.region.contains(branch.successor(0)?);
        let predicate = condition.int_predicate()?;
        let predicate = if first_stays { predicate } else { predicate.inverse() };
        let (left, right) = (condition.operand(0)?, condition.operand(1)?);
        let (predicate, (counter, mask), limit) = match scope.is_invariant(right) {
            true => (
                predicate,
                unmasked(left, right, predicate).map_or((left, None), |(left, mask)| (left, Some(mask))),
                right,
            ),
            false => (predicate.swapped(), (right, None), left),
        };
        let width = if mask.is_some() { Width::W32 } else { Width::of(counter.ty())? };
        let Affine { start, step } = scope.affine(counter)?;
        let (start, step) = (start.modulo(width), width.signed(step.modulo(width).as_constant()?));
        let limit = scope.affine(limit).filter(|limit| limit.step == Linear::default())?.start.modulo(width);
        let upwards =
            matches!(predicate, IntPredicate::Ult | IntPredicate::Ule | IntPredicate::Slt | IntPredicate::Sle);
        let fits = match predicate {
            IntPredicate::Eq => false,
            IntPredicate::Ne => step != 0,
            _ => step != 0 && (step > 0) == upwards,
        };
        let masked = step.unsigned_abs() & mask.unwrap_or(0) == 0;
        (fits && masked && step.unsigned_abs() <= MAX_STEP).then_some(Self {
            branch,
            first_stays,
            predicate,
            width,
            start,
            step,
            limit,
        })
    }

    /// Computes in front of the loop how often it turns.
    pub fn turns(&self, scope: &Scope<'_, 'c>, builder: &Builder<'c>) -> Turns<'c> {
        match self.predicate {
            IntPredicate::Eq | IntPredicate::Ne => self.until_equal(scope, builder),
            _ => self.until_beyond(scope, builder),
        }
    }

    /// The counter reaches the limit if what lies between them, modulo its width, is a multiple of the step; then it has not been
    /// there before, as it has not gone around.
    fn until_equal(&self, scope: &Scope<'_, 'c>, builder: &Builder<'c>) -> Turns<'c> {
        let context = scope.context;
        let (from, to) = if self.step > 0 { (&self.start, &self.limit) } else { (&self.limit, &self.start) };
        let way = to.clone().plus(from, 1u64.wrapping_neg()).modulo(self.width);
        let way = frozen(scope, builder, &way, self.width);
        let mut conditions = Vec::new();
        if self.width == Width::W64 {
            conditions.push(builder.icmp(IntPredicate::Ult, way, context.const_i64(MAX_WIDE)));
        }
        let way = builder.zext(way, context.i64());
        let step = context.const_i64(self.step.abs());
        if self.step.abs() == 1 {
            return Turns { count: way, conditions };
        }
        let rest = builder.urem(way, step);
        conditions.push(builder.icmp(IntPredicate::Eq, rest, context.const_i64(0)));
        let count = builder.udiv(way, step);
        Turns { count, conditions }
    }

    /// The counter goes beyond the limit, unless it goes around before.
    fn until_beyond(&self, scope: &Scope<'_, 'c>, builder: &Builder<'c>) -> Turns<'c> {
        use IntPredicate::{Sge, Sgt, Sle, Slt, Uge, Ule, Ult};
        let context = scope.context;
        let number = |number: i64| context.const_i64(number);
        let signed = matches!(self.predicate, Slt | Sle | Sgt | Sge);
        let wide = |sum: &Linear| {
            let value = frozen(scope, builder, sum, self.width);
            if signed { builder.sext(value, context.i64()) } else { builder.zext(value, context.i64()) }
        };
        let (start, limit) = (wide(&self.start), wide(&self.limit));
        let mut conditions = Vec::new();
        if self.width == Width::W64 {
            for value in [start, limit] {
                let (shifted, range) = match signed {
                    true => (builder.add(value, number(MAX_WIDE)), 2 * MAX_WIDE),
                    false => (value, MAX_WIDE),
                };
                conditions.push(builder.icmp(Ult, shifted, number(range)));
            }
        }
        let inclusive = i64::from(matches!(self.predicate, Ule | Sle | Uge | Sge));
        let size = self.step.abs();
        // How far the counter can come beyond the limit, less one: from there the next step must not go around.
        let slack = size - 1 + inclusive;
        if slack > 0 {
            let (least, most) = match (self.width, signed) {
                (Width::W32, true) => (i32::MIN.into(), i32::MAX.into()),
                (Width::W32, false) => (0, u32::MAX.into()),
                (Width::W64, true) => (i64::MIN, i64::MAX),
                (Width::W64, false) => (0, i64::MAX),
            };
            conditions.push(match self.step > 0 {
                true => builder.icmp(Sle, limit, number(most - slack)),
                false => builder.icmp(Sge, limit, number(least + slack)),
            });
        }
        let way = if self.step > 0 { builder.sub(limit, start) } else { builder.sub(start, limit) };
        let way = builder.add(way, number(inclusive));
        let way = *builder.intrinsic("llvm.smax", &[context.i64()], &[way, number(0)]);
        let count = builder.udiv(builder.add(way, number(size - 1)), number(size));
        Turns { count, conditions }
    }
}

/// A sum, built in front of the loop. It may stem from what LLVM computes early, where it is poison unless it is needed.
pub fn frozen<'c>(scope: &Scope<'_, 'c>, builder: &Builder<'c>, sum: &Linear, width: Width) -> Value<'c> {
    let value = scope.build(builder, sum, width);
    if value.is_constant() { value } else { builder.freeze(value) }
}

/// What a comparison with zero looks at, if only at its lowest 32 bits and not at some of the lowest of these, and a mask of those:
/// LLVM makes `trunc(x) != 0` a comparison of `x & 0xffff_fff8` if the lowest bits are known to be zero.
fn unmasked<'c>(value: Value<'c>, limit: Value<'c>, predicate: IntPredicate) -> Option<(Value<'c>, u64)> {
    let equality = predicate == IntPredicate::Ne && limit.as_const_int() == Some(0);
    if !equality || value.instruction_opcode() != Some(Opcode::And) || value.ty().int_width() != Some(64) {
        return None;
    }
    let hidden = u64::from(u32::MAX).checked_sub(value.operand(1)?.as_const_int()?)?;
    ((hidden + 1).is_power_of_two() && hidden < MAX_STEP).then_some((value.operand(0)?, hidden))
}
