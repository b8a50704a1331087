//! Loops that their producer has unrolled: several times the same, one behind the other, in one iteration.
//!
//! LLVM makes vectors of iterations. Where each of them does four times the same to four neighbours, it has to bring together what
//! lies apart, or gives up. So the copy of such a loop does it once, in four times as many iterations.
//!
//! The loop is one block. Its iteration is found to be so many *turns* if each store of a turn has its like in each other turn, and so
//! has each operation of what is carried from one iteration to the next: the same operations on the same values, on loads whose
//! addresses have moved by the turn's part of the step, and on numbers that have grown by it. If there are stores, the accesses of a
//! turn come before those of the next, in the same order; so rolled up the loop makes the same accesses in the same order.

use super::access::{Access, Group, Step};
use super::affine::{Affine, Linear, Scope, Width};
use super::loops::{edges, phis};
use llvm::{Opcode, Value};
use std::collections::{HashMap, HashSet};

/// How many turns are tried, in this order.
const TURNS: [usize; 6] = [16, 8, 4, 3, 2, 5];
/// How many pairs of values are compared at most.
const FUEL: u32 = 4000;

/// A loop whose iterations are several turns.
pub struct Rolled<'c> {
    /// How many.
    pub turns: i64,
    /// The accesses of the first turn, as places in the list of accesses.
    pub accesses: HashSet<usize>,
    /// What is carried from turn to turn.
    pub carried: Vec<Carried<'c>>,
    /// The other phis: what each is in the first turn of all, and how it grows from one to the next.
    pub counters: Vec<(Value<'c>, Linear, i64)>,
    /// Numbers that are used behind the loop, by iterations.
    pub leaving: Vec<(Value<'c>, Affine)>,
}

/// A value that each turn makes of the one before.
pub struct Carried<'c> {
    pub phi: Value<'c>,
    /// What goes back to the phi.
    pub last: Value<'c>,
    /// How the first turn makes it.
    pub first: Link<'c>,
}

/// How a turn goes on from what was carried to it.
pub enum Link<'c> {
    /// By instructions that end with this one.
    Chain(Value<'c>),
    /// By an operation, in any order, on all of these.
    Any(Opcode, Vec<Value<'c>>),
}

/// Finds the turns of a loop's iterations, as many as there are.
pub fn find<'c>(scope: &mut Scope<'_, 'c>, accesses: &[Access<'c>], groups: &[Group<'c>]) -> Option<Rolled<'c>> {
    let [block] = scope.region.blocks[..] else { return None };
    let places =
        accesses.iter().enumerate().map(|(place, access)| (access.instruction, place)).collect::<HashMap<_, _>>();
    let phis = phis(block);
    TURNS.into_iter().find_map(|turns| {
        let divides = |group: &Group<'c>| matches!(group.step, Step::Constant(step) if step % turns as i64 == 0);
        if !groups.iter().all(divides) {
            return None;
        }
        let stores = accesses.iter().any(|access| access.instruction.instruction_opcode() == Some(Opcode::Store));
        if stores && !accesses.len().is_multiple_of(turns) {
            return None;
        }
        let per_turn = if stores { Some(accesses.len() / turns) } else { None };
        let search = Search {
            scope: &mut *scope,
            accesses,
            groups,
            places: &places,
            turns,
            per_turn,
            alike: HashMap::new(),
            used: HashSet::new(),
            fuel: FUEL,
        };
        search.run(&phis)
    })
}

struct Search<'s, 'a, 'c> {
    scope: &'s mut Scope<'a, 'c>,
    accesses: &'s [Access<'c>],
    groups: &'s [Group<'c>],
    places: &'s HashMap<Value<'c>, usize>,
    turns: usize,
    /// How many accesses a turn makes, if their order matters.
    per_turn: Option<usize>,
    /// What was found alike: a value of the first turn, the turn, and its value.
    alike: HashMap<(Value<'c>, usize), Value<'c>>,
    /// The accesses of the first turn.
    used: HashSet<usize>,
    fuel: u32,
}

impl<'c> Search<'_, '_, 'c> {
    fn run(mut self, phis: &[Value<'c>]) -> Option<Rolled<'c>> {
        let (mut found, mut counters) = (Vec::new(), Vec::new());
        let mut chains = Vec::new();
        for &phi in phis {
            if let (Some(affine), Some(part)) = (self.scope.affine(phi), self.scope.part(phi, self.turns as i64)) {
                counters.push((phi, affine.start, part));
                continue;
            }
            let (last, _) = edges(phi).into_iter().find(|(_, from)| *from == self.scope.region.latch)?;
            let (first, leaves) = match commutes(last.instruction_opcode()?) && last.ty().is_int() {
                true => self.any_order(phi, last)?,
                false => self.chain(phi, last)?,
            };
            found.push(Carried { phi, last, first });
            chains.push(leaves);
        }
        let leaving = self.leaving(&found)?;
        for leaves in chains {
            let per_turn = leaves.len() / self.turns;
            for (place, &leaf) in leaves.iter().enumerate() {
                self.same(leaves[place % per_turn], leaf, place / per_turn)?;
            }
        }
        if let Some(per_turn) = self.per_turn {
            for (place, access) in self.accesses.iter().enumerate() {
                let first = self.accesses[place % per_turn].instruction;
                self.same_access(first, access.instruction, place / per_turn)?;
                if access.instruction.instruction_opcode() == Some(Opcode::Store) {
                    self.same(first.operand(0)?, access.instruction.operand(0)?, place / per_turn)?;
                }
            }
        }
        let useful = self.per_turn.is_some() || !found.is_empty();
        let turns = self.turns as i64;
        useful.then_some(Rolled { turns, accesses: self.used, carried: found, counters, leaving })
    }

    /// The numbers that are used behind the loop. None if something else is that is not carried.
    fn leaving(&mut self, carried: &[Carried<'c>]) -> Option<Vec<(Value<'c>, Affine)>> {
        let mut leaving = Vec::new();
        for one in self.scope.region.header.instructions() {
            let inside = one.users().into_iter().all(|user| user.parent_block() == Some(self.scope.region.header));
            if !inside && carried.iter().all(|carried| carried.last != one) {
                leaving.push((one, self.scope.affine(one)?));
            }
        }
        Some(leaving)
    }

    /// Operations one on the result of the other, from the phi to `last`. Gives the other operands in their order.
    fn chain(&mut self, phi: Value<'c>, last: Value<'c>) -> Option<(Link<'c>, Vec<Value<'c>>)> {
        let arguments =
            |link: Value<'c>| if link.as_call().is_some() { link.operand_count() - 1 } else { link.operand_count() };
        if arguments(last) != 2 {
            return None;
        }
        let mut links = vec![last];
        let way = (0..2).find(|&way| {
            links.truncate(1);
            while let Some(next) = links.last().and_then(|link| link.operand(way)).filter(|next| *next != phi) {
                if !operation(next, last) || next.use_count() != 1 || links.len() > 64 {
                    return false;
                }
                links.push(next);
            }
            true
        })?;
        links.reverse();
        if links.len() % self.turns != 0 || phi.use_count() != 1 {
            return None;
        }
        let per_turn = links.len() / self.turns;
        let leaves = links.iter().filter_map(|link| link.operand(1 - way)).collect();
        Some((Link::Chain(links[per_turn - 1]), leaves))
    }

    /// An operation of which the order does not matter, on the phi and other things. Gives those, by turns.
    fn any_order(&mut self, phi: Value<'c>, last: Value<'c>) -> Option<(Link<'c>, Vec<Value<'c>>)> {
        let (mut rest, mut leaves) = (vec![last], Vec::new());
        while let Some(value) = rest.pop() {
            let inner = value == last || value.use_count() == 1 && value.parent_block() == last.parent_block();
            if inner && operation(value, last) {
                rest.extend([value.operand(1)?, value.operand(0)?]);
            } else {
                leaves.push(value);
            }
        }
        let others = leaves.iter().copied().filter(|&leaf| leaf != phi);
        let mut others: Vec<_> = others.map(|leaf| (self.first_place(leaf, 16), leaf)).collect();
        if others.len() + 1 != leaves.len()
            || phi.use_count() != 1
            || others.is_empty()
            || others.len() % self.turns != 0
        {
            return None;
        }
        others.sort_by_key(|(place, _)| *place);
        let leaves: Vec<_> = others.into_iter().map(|(_, leaf)| leaf).collect();
        let first = leaves[..leaves.len() / self.turns].to_vec();
        Some((Link::Any(last.instruction_opcode()?, first), leaves))
    }

    /// Where, in the order of turns, the first access lies that a value depends on.
    fn first_place(&self, value: Value<'c>, depth: u32) -> Option<i64> {
        if let Some(&place) = self.places.get(&value) {
            let access = &self.accesses[place];
            let Step::Constant(step) = self.groups[access.group].step else { return None };
            return Some((access.index + access.offset) * step.signum());
        }
        if depth == 0 || self.scope.is_invariant(value) || value.as_phi().is_some() {
            return None;
        }
        (0..value.operand_count()).filter_map(|index| self.first_place(value.operand(index)?, depth - 1)).min()
    }

    /// Whether a value of some turn is to it what another is to the first.
    fn same(&mut self, first: Value<'c>, other: Value<'c>, turn: usize) -> Option<()> {
        if let Some(known) = self.alike.get(&(first, turn)) {
            return (*known == other).then_some(());
        }
        self.fuel = self.fuel.checked_sub(1)?;
        if self.scope.is_invariant(first) {
            return (first == other).then_some(());
        }
        self.same_instruction(first, other, turn)?;
        self.alike.insert((first, turn), other);
        Some(())
    }

    fn same_instruction(&mut self, first: Value<'c>, other: Value<'c>, turn: usize) -> Option<()> {
        let opcode = first.instruction_opcode()?;
        if first.ty() != other.ty() {
            return None;
        }
        if let (Some(mut a), Some(b)) = (self.scope.affine(first), self.scope.affine(other)) {
            let moved = self.scope.part(first, self.turns as i64)?.wrapping_mul(turn as i64);
            a.start.constant = a.start.constant.wrapping_add(moved as u64);
            return (a.modulo(Width::of(first.ty())?) == b).then_some(());
        }
        if self.places.contains_key(&first) {
            return self.same_access(first, other, turn);
        }
        let plain = !matches!(
            opcode,
            Opcode::Phi
                | Opcode::Load
                | Opcode::Store
                | Opcode::ShuffleVector
                | Opcode::ExtractValue
                | Opcode::InsertValue
                | Opcode::GetElementPtr
        );
        if !plain
            || !operation(other, first)
            || first.operand_count() != other.operand_count()
            || !first.has_same_fast_math(other)
        {
            return None;
        }
        let count = first.operand_count();
        let straight = (0..count).try_for_each(|index| self.same(first.operand(index)?, other.operand(index)?, turn));
        straight.or_else(|| {
            (count == 2 && commutes(opcode)).then_some(())?;
            self.same(first.operand(0)?, other.operand(1)?, turn)?;
            self.same(first.operand(1)?, other.operand(0)?, turn)
        })
    }

    fn same_access(&mut self, first: Value<'c>, other: Value<'c>, turn: usize) -> Option<()> {
        let (place, at) = (*self.places.get(&first)?, *self.places.get(&other)?);
        let (a, b) = (&self.accesses[place], &self.accesses[at]);
        let Step::Constant(step) = self.groups[a.group].step else { return None };
        let moved = step / self.turns as i64 * turn as i64;
        let alike = first.instruction_opcode() == other.instruction_opcode()
            && first.ty() == other.ty()
            && (a.group, a.size, a.index + a.offset + moved) == (b.group, b.size, b.index + b.offset)
            && self.per_turn.is_none_or(|per_turn| place < per_turn && at == place + turn * per_turn);
        self.used.insert(place);
        alike.then_some(())
    }
}

/// Whether two instructions are the same operation, whatever their operands.
fn operation<'c>(one: Value<'c>, other: Value<'c>) -> bool {
    // What is promised of the result of one call need not be true of another's.
    let callee = |value: Value<'c>| value.as_call().map(|call| (call.callee(), call.has_result_attributes()));
    one.instruction_opcode() == other.instruction_opcode()
        && one.ty() == other.ty()
        && one.int_predicate() == other.int_predicate()
        && one.float_predicate() == other.float_predicate()
        && callee(one) == callee(other)
        && callee(one).is_none_or(|(_, promises)| !promises)
}

/// Whether an operation on integers gives the same with its operands in any order.
fn commutes(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Add | Opcode::Mul | Opcode::And | Opcode::Or | Opcode::Xor)
}
