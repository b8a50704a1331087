//! Lowering one function: the loop over its operators, and the stacks that they work on.

use crate::Function;
use crate::env::Env;
use crate::frame::{Frame, Kind, Label};
use crate::ops::Dispatch;
use crate::scan::Scan;
use crate::ssa::{Ssa, TooManyPhis};
use crate::unit::{Callee, Defined, Form, Unit};
use abi::metering::Segments;
use abi::symbol::Local;
use abi::types::{FuncType, ValType};
use artifact::{Error, Kind as ErrorKind, Stage};
use llvm::{IntPredicate, Position, Value};
use wasmparser::{BinaryReader, BinaryReaderError, FunctionBody, Operator};

pub(crate) type Result<T = ()> = std::result::Result<T, Error>;

/// An operand. Conditions stay `i1` until they are used as numbers.
#[derive(Clone, Copy)]
pub(crate) enum Operand<'c> {
    Value(Value<'c>),
    /// The `i32` 0 or 1, as an `i1`.
    Condition(Value<'c>),
}

/// A function while it is being lowered.
pub(crate) struct Lowering<'a, 'c> {
    pub env: Env<'a, 'c>,
    pub ssa: Ssa<'c>,
    pub ty: &'a FuncType,
    pub form: Form,
    pub frames: Vec<Frame<'c>>,
    /// The positions of the `try_table`s in `frames`.
    pub tries: Vec<usize>,
    pub operands: Vec<Operand<'c>>,
    /// Whether control reaches the current operator. What it does not reach is skipped.
    pub reachable: bool,
    /// The byte offset of the current operator.
    pub offset: u64,
    /// What is charged where.
    pub segments: Segments,
    /// The local that is the first counter ([`crate::charge`]).
    pub first_counter: u32,
}

/// Lowers a function. Gives its code.
///
/// # Errors
/// If it uses what is not supported; places in the error are complete.
pub(crate) fn lower<'a, 'c>(unit: &'a Unit<'a, 'c>, function: &Function<'_>) -> Result<llvm::Function<'c>> {
    let Callee::Defined(defined) = unit.code(function.index) else {
        unreachable!("units consist of functions with a body");
    };
    let ty = &unit.input.interface.function(function.index).ty;
    body(unit, function, ty, defined).map_err(|error| error.in_function(function.index))?;
    if defined.form == Form::Tail {
        native_entry(unit, ty, defined);
    }
    Ok(defined.code)
}

/// Makes the native function of a function whose code is a tail function, for callers that do not know about it.
fn native_entry<'c>(unit: &Unit<'_, 'c>, ty: &FuncType, tail: Defined<'c>) {
    let name = Local { whose: tail.whose, tail: false }.to_string();
    let function = unit.guest_function(&name, ty, Form::Native, unit.input.interface.context_size());
    let env = Env::new(unit, function);
    let call = env.return_code(Form::Tail, ty, *tail.code, function.param(0), &env.params(ty, Form::Native));
    call.add_attribute(Position::Function, unit.no_inline());
    env.finish();
}

fn body<'a, 'c>(unit: &'a Unit<'a, 'c>, function: &Function<'_>, ty: &'a FuncType, defined: Defined<'c>) -> Result {
    let range = &function.range;
    let body = FunctionBody::new(BinaryReader::new(function.body, range.start));

    let form = defined.form;
    let env = Env::new(unit, defined.code);
    let mut locals = env.params(ty, form);
    for local in body.get_locals_reader().map_err(malformed)? {
        let (count, ty) = local.map_err(malformed)?;
        let Some(ty) = ValType::from_wasm(ty) else {
            return Err(unsupported(format!("type {ty}"), range.start));
        };
        locals.resize(locals.len() + count as usize, unit.types.value(ty).null());
    }

    let mut reader = body.get_operators_reader().map_err(malformed)?;
    let segments = unit.input.metering.segments(&reader).map_err(malformed)?;
    let first_counter = locals.len() as u32;
    locals.extend(env.load_counters());
    let scan = Scan::new(reader.clone(), first_counter..locals.len() as u32, &segments).map_err(malformed)?;
    let mut lowering = Lowering {
        env,
        ssa: Ssa::new(unit.context.builder(), scan, locals),
        ty,
        form,
        frames: Vec::new(),
        tries: Vec::new(),
        operands: Vec::new(),
        reachable: true,
        offset: range.start,
        segments,
        first_counter,
    };
    let entry = lowering.ssa.current();
    lowering.frames.push(Frame { kind: Kind::Block, entry, height: 0, label: Label::new(ty.results.len()) });

    // Frames opened in code that is not reached.
    let mut skipped = 0u32;
    while !reader.eof() {
        lowering.offset = reader.original_position();
        if lowering.reachable {
            lowering.charge();
            reader.visit_operator(&mut Dispatch(&mut lowering)).map_err(malformed)??;
            continue;
        }
        match reader.read().map_err(malformed)? {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                skipped += 1
            }
            Operator::End if skipped > 0 => skipped -= 1,
            Operator::End => lowering.end(),
            Operator::Else if skipped == 0 => lowering.otherwise(),
            _ => {}
        }
    }
    // First, since its blocks use values that may turn out to be others.
    lowering.env.finish();
    lowering.ssa.finish().map_err(|TooManyPhis| {
        let message = "too many locals change in too many nested branches";
        Error::new(Stage::Lower, ErrorKind::Limit, message).at(range.start)
    })
}

impl<'a, 'c> Lowering<'a, 'c> {
    /// Pushes a value.
    pub fn push(&mut self, value: Value<'c>) {
        self.operands.push(Operand::Value(value));
    }

    /// Pushes the `i32` 1 or 0 that an `i1` stands for.
    pub fn push_condition(&mut self, condition: Value<'c>) {
        self.operands.push(Operand::Condition(condition));
    }

    /// Pops a value.
    pub fn pop(&mut self) -> Value<'c> {
        let operand = self.pop_operand();
        self.value(operand)
    }

    /// Pops two values: the second operand is on top.
    pub fn pop2(&mut self) -> (Value<'c>, Value<'c>) {
        let second = self.pop();
        (self.pop(), second)
    }

    /// Pops the last `count` values, the last pushed last.
    pub fn pop_many(&mut self, count: usize) -> Vec<Value<'c>> {
        let operands = self.operands.split_off(self.operands.len() - count);
        operands.into_iter().map(|operand| self.value(operand)).collect()
    }

    /// Pops an `i32` as an `i1`: whether it is not zero.
    pub fn pop_condition(&mut self) -> Value<'c> {
        match self.pop_operand() {
            Operand::Condition(condition) => condition,
            Operand::Value(value) => self.env.builder.icmp(IntPredicate::Ne, value, value.ty().null()),
        }
    }

    /// Pops an operand as it is.
    pub fn pop_operand(&mut self) -> Operand<'c> {
        self.operands.pop().expect("validation has counted the operands")
    }

    /// The last `count` operands as values, left where they are.
    pub fn peek_many(&mut self, count: usize) -> Vec<Value<'c>> {
        let start = self.operands.len() - count;
        for position in start..self.operands.len() {
            self.operands[position] = Operand::Value(self.value(self.operands[position]));
        }
        self.operands[start..].iter().map(|&operand| self.value(operand)).collect()
    }

    fn value(&self, operand: Operand<'c>) -> Value<'c> {
        match operand {
            Operand::Value(value) => value,
            Operand::Condition(condition) => self.env.builder.zext(condition, self.env.unit.types.i32),
        }
    }

    /// The error for what is not supported, at the current operator.
    pub fn unsupported(&self, what: impl Into<String>) -> Error {
        unsupported(what, self.offset)
    }

    /// The error for what validation should have refused, at the current operator.
    pub fn bug(&self, what: impl Into<String>) -> Error {
        Error::new(Stage::Lower, ErrorKind::Bug, what).at(self.offset)
    }
}

fn unsupported(what: impl Into<String>, offset: u64) -> Error {
    let message = format!("{} is not supported", what.into());
    Error::new(Stage::Lower, ErrorKind::Unsupported, message).at(offset)
}

/// The bytes could not be read, which validation rules out.
pub(crate) fn malformed(error: BinaryReaderError) -> Error {
    Error::new(Stage::Lower, ErrorKind::Malformed, error.message()).at(error.offset())
}
