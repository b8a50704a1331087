//! Accesses of a loop to linear memory, and where they go.

use super::affine::{Linear, Scope, Width};
use abi::layout::MemorySlot;
use artifact::region::{self, Region};
use llvm::{Context, Metadata, Opcode, Type, TypeKind, Value};

/// Accesses further apart than this are not looked at together.
const MAX_SPAN: i64 = 1 << 31;
/// The largest step from one iteration to the next, in bytes.
const MAX_STEP: i64 = 1 << 20;

/// Of an index, only bits lower than this one are known to be zero.
const MAX_ZEROS: u64 = 1 << 16;

/// An access to linear memory.
pub struct Access<'c> {
    /// The load or store.
    pub instruction: Value<'c>,
    /// Which of its operands the address is.
    pub operand: u32,
    /// Which of the groups it belongs to.
    pub group: usize,
    /// How far its index is behind the group's.
    pub index: i64,
    /// How far its address is behind its index.
    pub offset: i64,
    /// How many bytes it touches.
    pub size: i64,
    /// Bits of the index that must be zero.
    pub zeros: u64,
}

/// Accesses to one memory whose indices differ by constants.
pub struct Group<'c> {
    /// The address of the memory's first byte.
    pub base: Value<'c>,
    /// The context, and where in it the memory's slot lies.
    pub slot: (Value<'c>, i64),
    /// Modulo what the index is meant, before it is added to the base.
    pub width: Width,
    /// The lowest index of the accesses, in the first iteration.
    pub start: Linear,
    /// What is added from one iteration to the next.
    pub step: Step,
}

/// How an index changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// By so many bytes.
    Constant(i64),
    /// By as many bytes as a value from outside the loop says, a signed number modulo the index's width.
    Value(Linear),
}

/// The alias scopes of accesses, as lowering attaches them.
pub struct Scopes<'c> {
    memory: Metadata<'c>,
    /// The scopes of what tells a memory's length.
    pub tables: Metadata<'c>,
}

impl<'c> Scopes<'c> {
    pub fn new(context: &'c Context) -> Self {
        let domain = context.alias_domain(region::DOMAIN);
        let list = |region: Region| context.md_node(&[context.alias_scope(region.name(), domain)]);
        Self { memory: list(Region::Memory), tables: list(Region::Tables) }
    }

    /// Whether an instruction is a plain or volatile access to a memory that is not shared.
    pub fn is_memory(&self, context: &Context, instruction: Value<'c>) -> bool {
        matches!(instruction.instruction_opcode(), Some(Opcode::Load | Opcode::Store))
            && !instruction.is_atomic()
            && instruction.metadata(context.kinds().alias_scope) == Some(self.memory)
    }
}

/// Puts a loop's accesses into groups. None if it is not known where one of them goes.
pub fn group<'c>(scope: &mut Scope<'_, 'c>, instructions: &[Value<'c>]) -> Option<(Vec<Access<'c>>, Vec<Group<'c>>)> {
    let (mut accesses, mut groups) = (Vec::<Access<'c>>::new(), Vec::<Group<'c>>::new());
    for &instruction in instructions {
        let (mut access, mut group) = access(scope, instruction)?;
        let constant = group.width.signed(std::mem::take(&mut group.start.constant));
        access.index = constant;
        access.group = groups.iter().position(|other| other.same(&group)).unwrap_or_else(|| {
            groups.push(group);
            groups.len() - 1
        });
        accesses.push(access);
    }
    for (number, group) in groups.iter_mut().enumerate() {
        let members = || accesses.iter().filter(|access| access.group == number);
        let (least, most) = (members().map(|access| access.index).min()?, members().map(|access| access.index).max()?);
        if most.checked_sub(least)? > MAX_SPAN {
            return None;
        }
        group.start.constant = least as u64;
        accesses.iter_mut().filter(|access| access.group == number).for_each(|access| access.index -= least);
    }
    Some((accesses, groups))
}

impl<'c> Group<'c> {
    /// Whether the indices of both differ by a constant (their own constants left out).
    fn same(&self, other: &Self) -> bool {
        let one = (self.base, self.width, &self.start.terms, &self.step);
        one == (other.base, other.width, &other.start.terms, &other.step)
    }
}

/// An access with a group of its own; its index is the group's.
fn access<'c>(scope: &mut Scope<'_, 'c>, instruction: Value<'c>) -> Option<(Access<'c>, Group<'c>)> {
    let (operand, ty) = match instruction.instruction_opcode()? {
        Opcode::Load => (0, instruction.ty()),
        Opcode::Store => (1, instruction.operand(0)?.ty()),
        _ => return None,
    };
    let mut address = instruction.operand(operand)?;
    let mut offset = 0i64;
    let mut narrow: Option<(Value<'c>, u64)> = None;
    let mut wide: Vec<(Value<'c>, i64)> = Vec::new();
    while address.instruction_opcode() == Some(Opcode::GetElementPtr) {
        let scale = bytes(address.gep_element()?)?;
        let index = address.operand(1).filter(|_| address.operand_count() == 2)?;
        match index.as_const_int() {
            Some(number) if index.ty().int_width() == Some(64) => {
                offset = offset.checked_add((number as i64).checked_mul(scale)?)?;
            }
            Some(_) => return None,
            None if index.ty().int_width() != Some(64) => return None,
            None => match low_half(index).filter(|_| !scope.is_invariant(index)) {
                Some(half) if scale == 1 && narrow.is_none() => narrow = Some(half),
                Some(_) => return None,
                None => wide.push((index, scale)),
            },
        }
        address = address.operand(0)?;
    }
    let slot = slot(scope, address)?;
    // Offsets that are added to a 32-bit index have no part in its going around; all else is one sum of 64 bits.
    let (width, index, offset, zeros) = match (narrow, &wide[..]) {
        (Some((index, zeros)), []) => (Width::W32, scope.affine(index)?.modulo(Width::W32), offset, zeros),
        (None, _) => {
            let mut sum = super::affine::Affine { start: Linear::default(), step: Linear::default() };
            for &(index, scale) in &wide {
                let index = scope.affine(index)?;
                sum.start = sum.start.plus(&index.start, scale as u64);
                sum.step = sum.step.plus(&index.step, scale as u64);
            }
            sum.start.constant = sum.start.constant.wrapping_add(offset as u64);
            (Width::W64, sum, 0, 0)
        }
        _ => return None,
    };
    let step = match index.step.as_constant() {
        Some(step) => Step::Constant(width.signed(step)),
        None => Step::Value(index.step),
    };
    let fits = !matches!(step, Step::Constant(step) if step.checked_abs()? > MAX_STEP);
    // Then these bits are the same in all iterations.
    let fits = fits
        && (zeros == 0 || matches!(step, Step::Constant(step) if step % (zeros + 1).next_power_of_two() as i64 == 0));
    let fits = fits && (0..=MAX_SPAN * 2).contains(&offset);
    let access = Access { instruction, operand, group: 0, index: 0, offset, size: bytes(ty)?, zeros };
    fits.then_some((access, Group { base: address, slot, width, start: index.start, step }))
}

/// What the lowest 32 bits of make an address, and which of these must be zero: LLVM writes `zext(trunc(x))` as a mask, which
/// leaves out bits that are known to be zero.
fn low_half<'c>(index: Value<'c>) -> Option<(Value<'c>, u64)> {
    match index.instruction_opcode()? {
        Opcode::ZExt => index.operand(0).filter(|half| half.ty().int_width() == Some(32)).map(|half| (half, 0)),
        Opcode::And => {
            let zeros = u64::from(u32::MAX).checked_sub(index.operand(1)?.as_const_int()?)?;
            (zeros < MAX_ZEROS).then_some((index.operand(0)?, zeros))
        }
        _ => None,
    }
}

/// The context from which the address of a memory's first byte comes, and the place of the memory's slot in it.
fn slot<'c>(scope: &Scope<'_, 'c>, base: Value<'c>) -> Option<(Value<'c>, i64)> {
    let invariant = base.has_metadata(scope.context.kinds().invariant_load) && scope.is_invariant(base);
    let place = base.operand(0).filter(|_| invariant && base.instruction_opcode() == Some(Opcode::Load))?;
    let plain = place.instruction_opcode() == Some(Opcode::GetElementPtr) && place.operand_count() == 2;
    let offset = place.operand(1).filter(|_| plain)?.as_const_int()? as i64 * bytes(place.gep_element()?)?;
    let vmctx = place.operand(0)?;
    let own = scope.region.header.parent().params().next() == Some(vmctx);
    own.then_some((vmctx, offset - i64::from(MemorySlot::FIELDS.base.offset)))
}

/// The size of a type that accesses have, or addresses count in.
fn bytes(ty: Type<'_>) -> Option<i64> {
    match ty.kind() {
        TypeKind::Int(bits) if bits % 8 == 0 && bits.is_power_of_two() => Some(i64::from(bits) / 8),
        TypeKind::F32 => Some(4),
        TypeKind::F64 => Some(8),
        TypeKind::Vector | TypeKind::Array => bytes(ty.element()?)?.checked_mul(ty.element_count()?.try_into().ok()?),
        _ => None,
    }
}
