//! What handlers work on: code, what they share, and how one goes on with the next.

use crate::Interpreter;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::translate::Function;
use abi::trap::TrapCode;
use abi::types::DefinedFuncIdx;
use std::cell::Cell;
use vm::{Callee, Foreign, Guest, MemoryView, Module};

/// Runs an instruction and those that follow. Gets its function's code and which instruction comes after it: as a [`Code`], which
/// does not fit into registers as a whole.
pub(crate) type Handler = for<'s, 'm, 'g> fn(&mut Context<'s, 'm, 'g>, &'m Step, &'m [Step], u32, Frame<'s>) -> Exit;

/// An instruction with its handler.
#[derive(Debug)]
pub(crate) struct Step {
    run: Handler,
    pub a: u16,
    pub b: u16,
    pub c: u16,
    d: u16,
}

const _: () = assert!(size_of::<Step>() == 16);

impl Step {
    /// An instruction with its handler.
    pub fn new(run: Handler, instr: Instr) -> Step {
        let Instr { op: _, a, b, c, d } = instr;
        Step { run, a, b, c, d }
    }

    /// The instruction, of which the handler knows what it does.
    #[inline(always)]
    pub fn instr(&self, op: Op) -> Instr {
        let Step { a, b, c, d, .. } = *self;
        Instr { op, a, b, c, d }
    }

    /// The immediate of 32 bits.
    #[inline(always)]
    pub fn immediate(&self) -> u32 {
        self.instr(Op::Data).immediate()
    }

    /// Runs the instruction and those that follow.
    #[inline(always)]
    pub fn run<'s, 'm>(&'m self, context: &mut Context<'s, 'm, '_>, code: Code<'m>, frame: Frame<'s>) -> Exit {
        (self.run)(context, self, code.steps, code.position(), frame)
    }
}

/// A function's code, and which of it comes next.
#[derive(Clone, Copy)]
pub(crate) struct Code<'m> {
    steps: &'m [Step],
    at: usize,
}

impl<'m> Code<'m> {
    #[inline(always)]
    pub fn new(steps: &'m [Step], at: u32) -> Code<'m> {
        Code { steps, at: at as usize }
    }

    /// Which instruction comes next, counted from the first of the function.
    #[inline(always)]
    pub fn position(self) -> u32 {
        self.at as u32
    }

    /// Whether so many instructions come next. Asked once it answers for all of them.
    #[inline(always)]
    pub fn has(self, count: usize) -> bool {
        self.at + count <= self.steps.len()
    }

    /// The same code from another instruction on.
    #[inline(always)]
    pub fn to(self, at: u32) -> Code<'m> {
        Code { at: at as usize, ..self }
    }

    /// The next instruction, or the word that belongs to the one in front of it.
    #[inline(always)]
    pub fn next(&mut self) -> Option<&'m Step> {
        let step = self.steps.get(self.at)?;
        self.at += 1;
        Some(step)
    }

    /// One of the words that come next.
    #[inline(always)]
    pub fn word(self, position: usize) -> Option<&'m Step> {
        self.steps.get(self.at + position)
    }
}

/// Why handlers return.
pub(crate) enum Exit {
    /// To have the loop go on where the context says.
    Next,
    /// The function that ran first has returned.
    Return,
    Trap(TrapCode),
    /// To have a function of another kind called; the context says which.
    Foreign,
    /// The same for a tail call: the function that runs is left.
    ForeignTail,
    /// To have the instruction that ran last throw: a `Throw`, a `ThrowRef`.
    Throw,
    ThrowRef,
    /// The code ended, or a branch left it. Translation makes no such code; to panic here would cost handlers a frame on the stack.
    Lost,
}

/// What is needed to go on with a function that called another one.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'m> {
    pub function: &'m Function,
    /// The instruction behind the call.
    pub at: u32,
    pub start: usize,
}

/// What handlers share: a run, while nobody else uses the stack.
pub(crate) struct Context<'s, 'm, 'g> {
    pub interpreter: &'m Interpreter,
    pub module: &'m Module,
    pub guest: &'s mut Guest<'g>,
    /// The first memory.
    pub memory: MemoryView<'g>,
    /// The stack, with a window's width behind the last frame.
    pub words: &'s [Cell<u64>],
    pub callers: &'s mut Vec<Caller<'m>>,
    /// How many calls may be under way in this run.
    pub max_callers: usize,
    /// The function that runs, and where its frame starts.
    pub function: &'m Function,
    pub start: usize,
    /// Where to go on, after an exit.
    pub code: Code<'m>,
    /// The function that is to be called, and where its arguments start.
    pub foreign: Option<(Foreign, usize)>,
}

impl<'s> Context<'s, '_, '_> {
    /// The frame of the function that runs.
    #[inline(always)]
    pub fn frame(&self) -> Option<Frame<'s>> {
        Frame::new(self.words, self.start)
    }

    /// A function, if it is the instance's own. If not, notes it with its arguments, which begin in a slot.
    pub fn own(&mut self, callee: Callee, arguments: u16) -> Option<DefinedFuncIdx> {
        match callee {
            Callee::Own(callee) => Some(callee),
            Callee::Foreign(callee) => {
                self.foreign = Some((callee, self.start + usize::from(arguments)));
                None
            }
        }
    }
}

/// Goes on with the next instruction.
#[inline(always)]
pub(crate) fn go_on<'s, 'm>(context: &mut Context<'s, 'm, '_>, mut code: Code<'m>, frame: Frame<'s>) -> Exit {
    if cfg!(chained) {
        match code.next() {
            Some(step) => step.run(context, code, frame),
            None => Exit::Lost,
        }
    } else {
        context.code = code;
        Exit::Next
    }
}

/// Goes on with another instruction of the function.
#[inline(always)]
pub(crate) fn go_to<'s, 'm>(context: &mut Context<'s, 'm, '_>, target: u32, code: Code<'m>, frame: Frame<'s>) -> Exit {
    go_on(context, code.to(target), frame)
}
