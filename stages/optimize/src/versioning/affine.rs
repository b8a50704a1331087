//! Values that grow by the same amount in each iteration.

use super::loops::Loop;
use llvm::{Builder, Context, Opcode, Type, Value};
use std::collections::{BTreeMap, HashMap};

/// How deep an expression is looked into.
const DEPTH: u32 = 24;

/// A sum of multiples of values and a constant, modulo a power of two that whoever holds it knows. Values are meant by their
/// numbers in [`Scope`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linear {
    /// The multiples, none of them zero.
    pub terms: BTreeMap<usize, u64>,
    /// What is added.
    pub constant: u64,
}

/// What a value is in iteration `i`, counted from 0: `start + i * step`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affine {
    pub start: Linear,
    pub step: Linear,
}

impl Affine {
    /// The same modulo a width.
    #[must_use]
    pub fn modulo(self, width: Width) -> Self {
        Self { start: self.start.modulo(width), step: self.step.modulo(width) }
    }
}

/// An integer's width: modulo what a sum is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    W32,
    W64,
}

impl Width {
    /// The width of a type that is an address or a counter of WebAssembly's.
    pub fn of(ty: Type<'_>) -> Option<Self> {
        match ty.int_width()? {
            32 => Some(Self::W32),
            64 => Some(Self::W64),
            _ => None,
        }
    }

    /// The integer type of this width.
    pub fn ty(self, context: &Context) -> Type<'_> {
        match self {
            Self::W32 => context.i32(),
            Self::W64 => context.i64(),
        }
    }

    fn mask(self) -> u64 {
        match self {
            Self::W32 => u32::MAX.into(),
            Self::W64 => u64::MAX,
        }
    }

    /// A number modulo this width as the signed one next to zero.
    pub fn signed(self, number: u64) -> i64 {
        match self {
            Self::W32 => (number as u32 as i32).into(),
            Self::W64 => number as i64,
        }
    }
}

impl Linear {
    fn constant(constant: u64) -> Self {
        Self { terms: BTreeMap::new(), constant }
    }

    fn atom(number: usize) -> Self {
        Self { terms: BTreeMap::from([(number, 1)]), constant: 0 }
    }

    /// The sum with a multiple of another.
    #[must_use]
    pub fn plus(mut self, other: &Self, times: u64) -> Self {
        for (&number, &factor) in &other.terms {
            let sum = self.terms.entry(number).or_default();
            *sum = sum.wrapping_add(factor.wrapping_mul(times));
        }
        self.constant = self.constant.wrapping_add(other.constant.wrapping_mul(times));
        self.terms.retain(|_, factor| *factor != 0);
        self
    }

    fn times(&self, factor: u64) -> Self {
        Self::default().plus(self, factor)
    }

    /// The same modulo a width.
    #[must_use]
    pub fn modulo(mut self, width: Width) -> Self {
        self.constant &= width.mask();
        for factor in self.terms.values_mut() {
            *factor &= width.mask();
        }
        self.terms.retain(|_, factor| *factor != 0);
        self
    }

    /// The number that this is, if it has no terms.
    pub fn as_constant(&self) -> Option<u64> {
        self.terms.is_empty().then_some(self.constant)
    }
}

/// What is known of the values of one loop.
pub struct Scope<'a, 'c> {
    pub context: &'c Context,
    pub region: &'a Loop<'c>,
    /// Values that sums refer to: those from outside the loop, and the header's phis.
    values: Vec<Value<'c>>,
    numbers: HashMap<Value<'c>, usize>,
    /// What is known of values from inside the loop.
    sums: HashMap<Value<'c>, Option<Linear>>,
    /// What header phis are, by number.
    recurrences: HashMap<usize, Option<Affine>>,
}

impl<'a, 'c> Scope<'a, 'c> {
    pub fn new(context: &'c Context, region: &'a Loop<'c>) -> Self {
        let (values, numbers) = (Vec::new(), HashMap::new());
        Self { context, region, values, numbers, sums: HashMap::new(), recurrences: HashMap::new() }
    }

    /// Whether a value is the same in all iterations.
    pub fn is_invariant(&self, value: Value<'c>) -> bool {
        value.parent_block().is_none_or(|block| !self.region.contains(block))
    }

    /// What an integer of either width is in each iteration, modulo its width.
    pub fn affine(&mut self, value: Value<'c>) -> Option<Affine> {
        let width = Width::of(value.ty())?;
        let sum = self.sum(value, DEPTH)?;
        let mut affine = Affine { start: Linear::constant(sum.constant), step: Linear::default() };
        for (&number, &factor) in &sum.terms {
            match self.is_invariant(self.values[number]) {
                true => affine.start = affine.start.plus(&Linear::atom(number), factor),
                false => {
                    let phi = self.recurrence(number)?;
                    affine.start = affine.start.plus(&phi.start, factor);
                    affine.step = affine.step.plus(&phi.step, factor);
                }
            }
        }
        Some(Affine { start: affine.start.modulo(width), step: affine.step.modulo(width) })
    }

    /// Whether a value has turned out to be a sum of such values.
    pub fn is_number(&self, value: Value<'c>) -> bool {
        matches!(self.sums.get(&value), Some(Some(_)))
    }

    /// By how much a value grows if each counter grows by one of so many parts of its step.
    pub fn part(&mut self, value: Value<'c>, parts: i64) -> Option<i64> {
        let width = Width::of(value.ty())?;
        let sum = self.sum(value, DEPTH)?;
        let mut total = 0u64;
        for (&number, &factor) in &sum.terms {
            if self.is_invariant(self.values[number]) {
                continue;
            }
            let own = Width::of(self.values[number].ty())?;
            let step = own.signed(self.recurrence(number)?.step.as_constant()?);
            if step % parts != 0 {
                return None;
            }
            total = total.wrapping_add(factor.wrapping_mul((step / parts) as u64));
        }
        Some(width.signed(total))
    }

    /// Builds a sum of values from outside the loop.
    pub fn build(&self, builder: &Builder<'c>, sum: &Linear, width: Width) -> Value<'c> {
        let ty = width.ty(self.context);
        let mut total: Option<Value<'c>> = None;
        for (&number, &factor) in &sum.terms {
            let value = self.values[number];
            let value = if value.ty() == ty { value } else { builder.trunc(value, ty) };
            total = Some(match (total, width.signed(factor)) {
                (None, 1) => value,
                (Some(total), 1) => builder.add(total, value),
                (Some(total), -1) => builder.sub(total, value),
                (None, _) => builder.mul(value, ty.const_int(factor)),
                (Some(total), _) => builder.add(total, builder.mul(value, ty.const_int(factor))),
            });
        }
        let constant = ty.const_int(sum.constant);
        match total {
            None => constant,
            Some(total) if sum.constant & width.mask() == 0 => total,
            Some(total) => builder.add(total, constant),
        }
    }

    /// A value as a sum of values from outside the loop and of header phis. Values from outside are looked into as long as that
    /// gives one value with a constant.
    fn sum(&mut self, value: Value<'c>, depth: u32) -> Option<Linear> {
        let width = Width::of(value.ty())?;
        if let Some(constant) = value.as_const_int() {
            return Some(Linear::constant(constant));
        }
        if value.is_constant() {
            return None;
        }
        if let Some(known) = self.sums.get(&value) {
            return known.clone();
        }
        let found = depth.checked_sub(1).and_then(|depth| self.find_sum(value, depth));
        let atom = self.is_invariant(value) && found.as_ref().is_none_or(|sum| sum.terms.len() > 1);
        let found = if atom { Some(Linear::atom(self.number(value))) } else { found };
        let found = found.map(|sum| sum.modulo(width));
        self.sums.insert(value, found.clone());
        found
    }

    fn find_sum(&mut self, value: Value<'c>, depth: u32) -> Option<Linear> {
        let operand = |index: u32| value.operand(index);
        Some(match value.instruction_opcode()? {
            Opcode::Phi if value.parent_block() == Some(self.region.header) => Linear::atom(self.number(value)),
            Opcode::Or if !value.is_disjoint() => return None,
            Opcode::Add | Opcode::Or => {
                let left = self.sum(operand(0)?, depth)?;
                left.plus(&self.sum(operand(1)?, depth)?, 1)
            }
            Opcode::Sub => {
                let left = self.sum(operand(0)?, depth)?;
                left.plus(&self.sum(operand(1)?, depth)?, 1u64.wrapping_neg())
            }
            Opcode::Mul => {
                let (left, right) = (self.sum(operand(0)?, depth)?, self.sum(operand(1)?, depth)?);
                match (left.as_constant(), right.as_constant()) {
                    (_, Some(factor)) => left.times(factor),
                    (Some(factor), _) => right.times(factor),
                    (None, None) => return None,
                }
            }
            Opcode::Shl => {
                let shift = operand(1)?.as_const_int().filter(|&bits| bits < 32)?;
                self.sum(operand(0)?, depth)?.times(1 << shift)
            }
            Opcode::Trunc if !self.is_invariant(value) => self.sum(operand(0)?, depth)?,
            _ => return None,
        })
    }

    /// What a header phi is in each iteration.
    fn recurrence(&mut self, number: usize) -> Option<Affine> {
        if let Some(known) = self.recurrences.get(&number) {
            return known.clone();
        }
        let found = self.find_recurrence(number);
        self.recurrences.insert(number, found.clone());
        found
    }

    fn find_recurrence(&mut self, number: usize) -> Option<Affine> {
        let phi = self.values[number].as_phi()?;
        let width = Width::of(phi.ty())?;
        let minus = 1u64.wrapping_neg();
        let start = self.sum(incoming(*phi, self.region.preheader)?, DEPTH)?;
        let latest = incoming(*phi, self.region.latch)?;
        let next = self.sum(latest, DEPTH)?;
        if next.terms.get(&number) == Some(&1) {
            let step = next.plus(&Linear::atom(number), minus).modulo(width);
            let invariant = step.terms.keys().all(|&number| self.is_invariant(self.values[number]));
            return invariant.then_some(Affine { start, step });
        }
        // What another phi gave in the iteration before, and in the first one what it would have given before that.
        self.recurrences.insert(number, None);
        let next = self.affine(latest)?;
        let before = next.start.plus(&next.step, minus).modulo(width);
        (before == start).then_some(Affine { start, step: next.step })
    }

    fn number(&mut self, value: Value<'c>) -> usize {
        *self.numbers.entry(value).or_insert_with(|| {
            self.values.push(value);
            self.values.len() - 1
        })
    }
}

/// The value that a phi has when control comes from a block.
pub fn incoming<'c>(phi: Value<'c>, from: llvm::BasicBlock<'c>) -> Option<Value<'c>> {
    let phi = phi.as_phi()?;
    (0..phi.incoming_count())
        .filter_map(|index| phi.incoming(index))
        .find(|(_, block)| *block == from)
        .map(|(value, _)| value)
}
