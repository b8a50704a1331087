//! Translation of a function body into instructions: the loop over its operators, and the stack that they work on.
//!
//! In: a valid body. Out: a [`Function`]. What must hold while it is made:
//!
//! - Every operand has a slot of its own, behind the locals and the operands below it. It need not be there: it can be a local
//!   that has not changed since, or a constant, until somebody needs it in its own slot.
//! - What is not reached is not translated.

use crate::context::Step;
use crate::frame::WINDOW;
use crate::handler;
use crate::instruction::{Instr, Op};
use crate::ops::{Access, AtomicOp, Charge, Dispatch, Handler, VectorOp};
use abi::metering::{Metering, Segments};
use abi::module::Module;
use abi::types::{DefinedFuncIdx, ValType};
use wasmparser::{BinaryReader, BinaryReaderError, Catch, FunctionBody, Operator, OperatorsReader};

pub(crate) type Result<T = ()> = std::result::Result<T, Error>;

/// Why a function cannot be translated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("malformed: {0}")]
    Malformed(BinaryReaderError),
    #[error("unsupported: {0}")]
    Unsupported(&'static str),
    #[error("limit: {0}")]
    Limit(&'static str),
}

/// A function ready to run.
#[derive(Debug, Default)]
pub(crate) struct Function {
    pub index: u32,
    pub code: Box<[Step]>,
    /// Constants that do not fit into an instruction.
    pub constants: Box<[u64]>,
    /// What the instructions on vectors do.
    pub vectors: Box<[VectorOp]>,
    /// What its `try_table`s catch, innermost first.
    pub handlers: Box<[Handler]>,
    /// Where accesses go to 64-bit and shared memories.
    pub accesses: Box<[Access]>,
    /// What the atomic instructions do.
    pub atomics: Box<[AtomicOp]>,
    /// What segments are charged.
    pub charges: Box<[Charge]>,
    /// How many slots parameters take.
    pub params: u32,
    /// How many slots the frame has.
    pub size: u32,
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In its own slot.
    Own,
    /// It is a local's value.
    Local(u32),
    /// It is known. Values of 32 bits have their sign extended.
    Constant(u64),
}

/// An operand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operand {
    pub place: Place,
    pub slot: u16,
    pub wide: bool,
}

impl Operand {
    /// How many slots it takes.
    pub fn width(self) -> u16 {
        1 + u16::from(self.wide)
    }

    /// The value as an immediate, if it is known and fits.
    pub fn immediate(self) -> Option<i32> {
        match self.place {
            Place::Constant(value) => i32::try_from(value.cast_signed()).ok(),
            Place::Own | Place::Local(_) => None,
        }
    }
}

/// A local.
pub(crate) struct Local {
    pub slot: u16,
    pub wide: bool,
    /// How many operands are its value.
    uses: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Block,
    Loop,
    If,
    Try,
}

/// A block that is open.
pub(crate) struct Block {
    pub kind: Kind,
    /// How many operands lie below its parameters.
    pub height: usize,
    /// The own slot of its first parameter and result.
    pub slot: u16,
    /// Its parameters and results: whether each is wide.
    pub params: Vec<bool>,
    pub results: Vec<bool>,
    /// Where it begins.
    pub start: usize,
    /// Branches to its end.
    pub branches: Vec<usize>,
    /// The branch to a conditional's second arm.
    pub otherwise: Option<usize>,
    /// What a `try_table` catches.
    pub catches: Vec<Catch>,
}

/// What a branch depends on.
pub(crate) enum Condition {
    Slot(u16),
    /// A comparison that was taken back.
    Comparison(Instr),
}

/// The instructions that made the operand on top.
struct Made {
    at: usize,
    end: usize,
}

/// A function while it is translated.
pub(crate) struct Translation<'m> {
    pub module: &'m Module,
    pub code: Vec<Instr>,
    pub locals: Vec<Local>,
    pub operands: Vec<Operand>,
    pub blocks: Vec<Block>,
    /// Whether control reaches the current operator.
    pub reachable: bool,
    pub vectors: Vec<VectorOp>,
    pub handlers: Vec<Handler>,
    pub accesses: Vec<Access>,
    pub atomics: Vec<AtomicOp>,
    pub metering: &'m Metering,
    /// What is charged where.
    pub segments: Segments,
    pub charges: Vec<Charge>,
    constants: Vec<u64>,
    /// Where the locals' slots end.
    locals_end: u16,
    made: Option<Made>,
    /// Below this operand none is a local's value.
    preserved: usize,
    /// Slots in use at most.
    size: u32,
}

/// Whether a value takes two slots.
pub(crate) fn is_wide(ty: ValType) -> bool {
    ty == ValType::V128
}

/// How many slots values take.
pub(crate) fn width(types: &[ValType]) -> u32 {
    types.iter().map(|&ty| 1 + u32::from(is_wide(ty))).sum()
}

/// Translates a function.
///
/// # Errors
/// If it uses what is not supported, or needs more slots than a frame can have.
pub(crate) fn translate(module: &Module, bytes: &[u8], index: DefinedFuncIdx, metering: &Metering) -> Result<Function> {
    Translation::run(module, bytes, index, metering)
}

impl<'m> Translation<'m> {
    fn run(module: &'m Module, bytes: &[u8], index: DefinedFuncIdx, metering: &'m Metering) -> Result<Function> {
        let ty = module.function_type(module.function(index));
        let range = module.bodies[index.index()].clone();
        let body = &bytes[range.start as usize..range.end as usize];
        let body = FunctionBody::new(BinaryReader::new(body, range.start));
        let mut translation = Translation {
            module,
            code: Vec::new(),
            locals: Vec::new(),
            operands: Vec::new(),
            blocks: Vec::new(),
            reachable: true,
            vectors: Vec::new(),
            handlers: Vec::new(),
            accesses: Vec::new(),
            atomics: Vec::new(),
            metering,
            segments: Segments::default(),
            charges: Vec::new(),
            constants: Vec::new(),
            locals_end: 0,
            made: None,
            preserved: 0,
            size: width(&ty.params).max(width(&ty.results)),
        };
        ty.params.iter().try_for_each(|&ty| translation.local(ty))?;
        for local in body.get_locals_reader().map_err(Error::Malformed)? {
            let (count, ty) = local.map_err(Error::Malformed)?;
            let ty = ValType::from_wasm(ty).ok_or(Error::Unsupported("a type of locals"))?;
            (0..count).try_for_each(|_| translation.local(ty))?;
        }
        translation.zero_locals(width(&ty.params));
        translation.blocks.push(Block {
            kind: Kind::Block,
            height: 0,
            slot: translation.locals_end,
            params: Vec::new(),
            results: ty.results.iter().map(|&ty| is_wide(ty)).collect(),
            start: 0,
            branches: Vec::new(),
            otherwise: None,
            catches: Vec::new(),
        });
        let operators = body.get_operators_reader().map_err(Error::Malformed)?;
        translation.segments = metering.segments(&operators).map_err(Error::Malformed)?;
        translation.operators(operators)?;
        if translation.size as usize >= WINDOW {
            return Err(TOO_LARGE);
        }
        Ok(Function {
            index: index.0,
            code: handler::steps(&translation.code),
            constants: translation.constants.into(),
            vectors: translation.vectors.into(),
            handlers: translation.handlers.into(),
            accesses: translation.accesses.into(),
            atomics: translation.atomics.into(),
            charges: translation.charges.into(),
            params: width(&ty.params),
            size: translation.size,
        })
    }

    fn local(&mut self, ty: ValType) -> Result {
        let wide = is_wide(ty);
        self.locals.push(Local { slot: self.locals_end, wide, uses: 0 });
        self.locals_end = self.locals_end.checked_add(1 + u16::from(wide)).ok_or(TOO_LARGE)?;
        self.size = self.size.max(self.locals_end.into());
        Ok(())
    }

    /// Makes locals that are no parameters begin as zero.
    fn zero_locals(&mut self, params: u32) {
        let count = u32::from(self.locals_end) - params;
        if count > ZEROED_BY_FOUR {
            return self.emit(Instr::wide(Op::Zero, params as u16, count));
        }
        // What lies behind the last local has no meaning yet.
        for first in (params..params + count).step_by(4) {
            self.size = self.size.max(first + 4);
            self.emit(Instr::new(Op::ZeroFour, first as u16, 0, 0));
        }
    }

    fn operators(&mut self, mut reader: OperatorsReader<'_>) -> Result {
        // Blocks opened where control does not come.
        let mut skipped = 0u32;
        while !reader.eof() {
            if self.size as usize >= WINDOW {
                return Err(TOO_LARGE);
            }
            if self.reachable {
                self.charge(reader.original_position());
                reader.visit_operator(&mut Dispatch(self)).map_err(Error::Malformed)??;
                continue;
            }
            match reader.read().map_err(Error::Malformed)? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    skipped += 1;
                }
                Operator::End if skipped > 0 => skipped -= 1,
                Operator::End => self.end(),
                Operator::Else if skipped == 0 => self.otherwise(),
                _ => {}
            }
        }
        Ok(())
    }

    pub fn emit(&mut self, instr: Instr) {
        self.code.push(instr);
    }

    /// The slot behind the last operand's. Past the limit it is wrong, and translation ends with the current operator.
    pub fn next_slot(&self) -> u16 {
        self.operands.last().map_or(self.locals_end, |operand| operand.slot.wrapping_add(operand.width()))
    }

    /// Pushes an operand that is, or will be, in its own slot. Gives the slot.
    pub fn push(&mut self, wide: bool) -> u16 {
        self.push_at(Place::Own, wide)
    }

    fn push_at(&mut self, place: Place, wide: bool) -> u16 {
        let slot = self.next_slot();
        self.size = self.size.max(u32::from(slot) + 1 + u32::from(wide));
        self.operands.push(Operand { place, slot, wide });
        slot
    }

    pub fn push_local(&mut self, local: u32) {
        let wide = self.locals[local as usize].wide;
        self.locals[local as usize].uses += 1;
        self.push_at(Place::Local(local), wide);
    }

    pub fn constant(&mut self, value: u64) -> Result {
        self.push_at(Place::Constant(value), false);
        Ok(())
    }

    /// Emits an instruction and pushes its result.
    pub fn result(&mut self, op: Op, b: u16, c: u16) {
        let a = self.push(false);
        self.emit(Instr::new(op, a, b, c));
        self.made(1);
    }

    /// The same, of an operand and an immediate.
    pub fn result_of_immediate(&mut self, op: Op, b: u16, immediate: i32) {
        let a = self.push(false);
        self.emit(Instr::with_immediate(op, a, b, immediate.cast_unsigned()));
        self.made(1);
    }

    /// Says that the last instructions made the operand on top: the first of them writes to its `a`, and reads nothing there.
    pub fn made(&mut self, instructions: usize) {
        self.made = Some(Made { at: self.code.len() - instructions, end: self.code.len() });
    }

    pub fn pop(&mut self) -> Operand {
        let operand = self.operands.pop().expect("validation has counted the operands");
        if let Place::Local(local) = operand.place {
            self.locals[local as usize].uses -= 1;
        }
        self.preserved = self.preserved.min(self.operands.len());
        operand
    }

    /// Pops two operands: the second one is on top.
    pub fn pop2(&mut self) -> (Operand, Operand) {
        let second = self.pop();
        (self.pop(), second)
    }

    /// The two operands on top.
    pub fn peek2(&self) -> (Operand, Operand) {
        let top = self.operands.len();
        (self.operands[top - 2], self.operands[top - 1])
    }

    /// Drops operands until so many are left.
    pub fn drop_to(&mut self, height: usize) {
        while self.operands.len() > height {
            self.pop();
        }
    }

    /// A slot in which an operand is. A constant comes into its own.
    pub fn slot(&mut self, operand: Operand) -> u16 {
        match operand.place {
            Place::Own => operand.slot,
            Place::Local(local) => self.locals[local as usize].slot,
            Place::Constant(_) => {
                self.move_to(operand, operand.slot);
                operand.slot
            }
        }
    }

    /// Brings an operand into a slot.
    pub fn move_to(&mut self, operand: Operand, slot: u16) {
        let from = match operand.place {
            Place::Own => operand.slot,
            Place::Local(local) => self.locals[local as usize].slot,
            Place::Constant(value) => return self.constant_to(value, slot),
        };
        if from != slot {
            self.emit(Instr::new(if operand.wide { Op::CopyWide } else { Op::Copy }, slot, from, 0));
        }
    }

    fn constant_to(&mut self, value: u64, slot: u16) {
        match i32::try_from(value.cast_signed()) {
            Ok(value) => self.emit(Instr::wide(Op::Const, slot, value.cast_unsigned())),
            Err(_) => {
                let index = self.constants.len() as u32;
                self.constants.push(value);
                self.emit(Instr::wide(Op::ConstLong, slot, index));
            }
        }
    }

    /// Brings the operands on top into their own slots.
    pub fn settle(&mut self, count: usize) {
        for position in self.operands.len() - count..self.operands.len() {
            self.settle_at(position);
        }
    }

    fn settle_at(&mut self, position: usize) {
        let operand = self.operands[position];
        if let Place::Local(local) = operand.place {
            self.locals[local as usize].uses -= 1;
        }
        self.move_to(operand, operand.slot);
        self.operands[position].place = Place::Own;
    }

    /// Copies all operands that are locals' values.
    pub fn preserve_all(&mut self) {
        for position in self.preserved..self.operands.len() {
            if let Place::Local(_) = self.operands[position].place {
                self.settle_at(position);
            }
        }
        self.preserved = self.operands.len();
    }

    /// Copies the operands that are a local's value. Gives whether there were some.
    pub fn preserve(&mut self, local: u32) -> bool {
        let used = self.locals[local as usize].uses > 0;
        let mut position = self.operands.len();
        while self.locals[local as usize].uses > 0 {
            position -= 1;
            if self.operands[position].place == Place::Local(local) {
                self.settle_at(position);
            }
        }
        used
    }

    /// Has the instruction that made an operand, which was popped, write to another slot. Gives whether it could be done.
    pub fn redirect(&mut self, value: Operand, slot: u16) -> bool {
        match self.made.take() {
            Some(Made { at, end }) if end == self.code.len() && self.code[at].a == value.slot => {
                self.code[at].a = slot;
                true
            }
            _ => false,
        }
    }

    /// Takes back the comparison of integers that made an operand, if it did and can be used.
    pub fn take_comparison(&mut self, value: Operand, is_usable: impl FnOnce(Instr) -> bool) -> Option<Instr> {
        let &Made { at, end } = self.made.as_ref()?;
        let instr = *self.code.get(at)?;
        if end != self.code.len() || instr.a != value.slot || instr.op.branch().is_none() || !is_usable(instr) {
            return None;
        }
        self.made = None;
        self.code.pop()
    }

    /// What a branch on an operand depends on. Nothing may be emitted but copies of other operands before it is used.
    pub fn condition(&mut self, value: Operand) -> Condition {
        let comparison = match value.place {
            Place::Own => self.take_comparison(value, |comparison| comparison.branch().is_some()),
            Place::Local(_) | Place::Constant(_) => None,
        };
        comparison.map_or_else(|| Condition::Slot(self.slot(value)), Condition::Comparison)
    }

    /// An operation whose operands and result are in their own slots, beginning at `a`.
    pub fn in_place(&mut self, op: Op, operands: usize, has_result: bool, immediate: u32) {
        self.settle(operands);
        self.drop_to(self.operands.len() - operands);
        let mut slot = self.next_slot();
        if has_result {
            slot = self.push(false);
        }
        self.emit(Instr::wide(op, slot, immediate));
    }

    /// The block at a depth.
    pub fn block(&self, depth: u32) -> &Block {
        &self.blocks[self.blocks.len() - 1 - depth as usize]
    }

    /// The block at a depth, to change.
    pub fn block_mut(&mut self, depth: u32) -> &mut Block {
        let position = self.blocks.len() - 1 - depth as usize;
        &mut self.blocks[position]
    }

    /// Control can come here from elsewhere.
    pub fn label(&mut self) {
        self.made = None;
    }

    /// What follows is not reached.
    pub fn leave(&mut self) {
        self.reachable = false;
        let height = self.block(0).height;
        self.drop_to(height);
    }

    /// Makes a branch go to where the code ends now.
    pub fn patch(&mut self, branch: usize) {
        self.patch_to(branch, self.code.len());
    }

    /// Makes a branch go somewhere.
    pub fn patch_to(&mut self, branch: usize, target: usize) {
        let Instr { op, a, b, .. } = self.code[branch];
        self.code[branch] = Instr::with_immediate(op, a, b, target as u32);
    }
}

/// So many locals are set to zero by fours.
const ZEROED_BY_FOUR: u32 = 16;

const TOO_LARGE: Error = Error::Limit("a function that needs more than 65535 words for its locals and operands");
