//! A run: from a call from outside until it returns.
//!
//! Calls within a module do not recurse: a call notes what is needed to return. The stack of words is the store's, and is given
//! back while a function of another kind runs; for that handlers return to here.
//!
//! A tail call replaces the function that runs and notes nothing. To a function that is not the instance's own it is a call by
//! the caller, from where that had called; if it has none in this run, the run ends and whoever started it goes on with the call.

use crate::Interpreter;
use crate::boundary;
use crate::context::{Caller, Code, Context, Exit};
use crate::frame::WINDOW;
use crate::translate::{Function, width};
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, MemoryIdx, TagIdx};
use std::cell::Cell;
use vm::{Foreign, FrameStack, Guest, Module, Slot, TailCall, Trap};

/// For so many words of the stack one call may be under way: frames can have no words, but what is needed to return has some.
const WORDS_PER_CALL: usize = 4;

/// Why a run stops early.
pub(crate) enum Stop {
    Code(TrapCode),
    Trap(Trap),
}

impl From<TrapCode> for Stop {
    fn from(code: TrapCode) -> Stop {
        Stop::Code(code)
    }
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Stop {
        Stop::Trap(trap)
    }
}

/// Runs a function with arguments in slots.
pub(crate) fn run(
    interpreter: &Interpreter,
    guest: &mut Guest<'_>,
    function: DefinedFuncIdx,
    slots: &mut [Slot],
) -> Result<Option<TailCall>, Trap> {
    let mut stack = guest.take_stack();
    if stack.words.is_empty() {
        stack.words = vec![0; guest.stack_size() / size_of::<u64>() + WINDOW];
    }
    let module = guest.module().clone();
    let ty = module.declarations().function_type(module.declarations().function(function));
    let start = stack.top;
    let function = interpreter.translate(&module, function);
    let mut run = Run { interpreter, module: &module, guest, stack, callers: Vec::new(), function, start, at: 0 };
    let outcome = run.check_room().and_then(|()| {
        boundary::to_words(&ty.params, slots, &mut run.stack.words[start..]);
        run.go()
    });
    let words = &run.stack.words[start..];
    let result = match outcome {
        Ok(None) => {
            boundary::to_slots(&ty.results, words, slots);
            Ok(None)
        }
        Ok(Some(callee)) => {
            let ty = run.guest.function_type(callee);
            let mut slots = vec![Slot::ZERO; ty.slots()];
            boundary::to_slots(&ty.params, words, &mut slots);
            Ok(Some(run.guest.tail_call(callee, slots)))
        }
        Err(stop) => Err(run.trap(stop)),
    };
    let Run { guest, stack, .. } = run;
    guest.give_stack(stack);
    result
}

pub(crate) struct Run<'r, 'm, 's> {
    interpreter: &'m Interpreter,
    pub module: &'m Module,
    pub guest: &'r mut Guest<'s>,
    pub stack: FrameStack,
    pub callers: Vec<Caller<'m>>,
    /// The function that runs; after a stop the one that stopped.
    pub function: &'m Function,
    /// Where its frame starts.
    pub start: usize,
    /// The instruction with which it goes on. Behind the one that has stopped, if that was a call or threw.
    pub at: u32,
}

impl<'m> Run<'_, 'm, '_> {
    /// The end of the words that frames may use.
    fn limit(&self) -> usize {
        self.stack.words.len() - WINDOW
    }

    /// How many more calls may be under way.
    fn max_callers(&self) -> usize {
        (self.limit() / WORDS_PER_CALL).saturating_sub(self.stack.depth)
    }

    fn check_room(&self) -> Result<(), Stop> {
        match self.start + self.function.size as usize <= self.limit() && self.max_callers() > 0 {
            true => Ok(()),
            false => Err(TrapCode::CallStackExhausted.into()),
        }
    }

    /// The trap for a stop, with the frames of this run.
    fn trap(&self, stop: Stop) -> Trap {
        let mut trap = match stop {
            Stop::Code(code) => Trap::from(code),
            Stop::Trap(trap) => trap,
        };
        let callers = self.callers.iter().rev().map(|caller| caller.function);
        for function in std::iter::once(self.function).chain(callers) {
            self.guest.record_frame(&mut trap, DefinedFuncIdx(function.index));
        }
        trap
    }

    /// Runs the function, with the handlers of exceptions on the way. If it ends with a tail call that leads elsewhere, gives the
    /// function to call; its arguments begin where the function's frame did.
    fn go(&mut self) -> Result<Option<Foreign>, Stop> {
        loop {
            match self.instructions() {
                Err(Stop::Trap(trap)) if trap.exception().is_some() => self.catch(trap)?,
                outcome => return outcome,
            }
        }
    }

    /// The same, until an exception comes.
    fn instructions(&mut self) -> Result<Option<Foreign>, Stop> {
        loop {
            match self.until_exit() {
                (Exit::Return, _) => return Ok(None),
                (Exit::Trap(code), _) => return Err(code.into()),
                (Exit::Throw, _) => return Err(self.thrown(true)),
                (Exit::ThrowRef, _) => return Err(self.thrown(false)),
                (Exit::Foreign, Some((callee, arguments))) => self.call_foreign(callee, arguments)?,
                (Exit::ForeignTail, Some((callee, arguments))) => {
                    let words = width(&self.guest.function_type(callee).params) as usize;
                    self.stack.words.copy_within(arguments..arguments + words, self.start);
                    let arguments = self.start;
                    let Some(Caller { function, at, start }) = self.callers.pop() else { return Ok(Some(callee)) };
                    (self.function, self.at, self.start) = (function, at, start);
                    self.call_foreign(callee, arguments)?;
                }
                (Exit::Foreign | Exit::ForeignTail, None) => unreachable!("the instruction has said what to call"),
                (Exit::Next | Exit::Lost, _) => unreachable!("code goes on to its end, and branches stay in it"),
            }
        }
    }

    /// Runs instructions as long as they go on by themselves. Gives why they do not, and what is to be called if that is why.
    fn until_exit(&mut self) -> (Exit, Option<(Foreign, usize)>) {
        let max_callers = self.max_callers();
        let words = Cell::from_mut(&mut *self.stack.words).as_slice_of_cells();
        let mut context = Context {
            interpreter: self.interpreter,
            module: self.module,
            memory: self.guest.memory(MemoryIdx(0)),
            guest: self.guest,
            words,
            callers: &mut self.callers,
            max_callers,
            function: self.function,
            start: self.start,
            code: Code::new(&self.function.code, self.at),
            foreign: None,
        };
        let exit = loop {
            let step = context.code.next().expect("the last instruction of a function is none that goes on");
            let frame = context.frame().expect("a window's width is kept free behind the last frame");
            let code = context.code;
            match step.run(&mut context, code, frame) {
                Exit::Next => {}
                exit => break exit,
            }
        };
        let foreign = context.foreign;
        (self.function, self.start, self.at) = (context.function, context.start, context.code.position());
        (exit, foreign)
    }

    /// What a `Throw`, which makes a new exception, or a `ThrowRef` throws. The function would go on behind it.
    fn thrown(&mut self, is_new: bool) -> Stop {
        let step = &self.function.code[self.at as usize - 1];
        let slot = self.start + usize::from(step.a);
        let exception = match is_new {
            true => self.new_exception(TagIdx(step.immediate()), slot),
            false => self.stack.words[slot],
        };
        match self.guest.thrown(exception) {
            Ok(trap) => trap.into(),
            Err(code) => code.into(),
        }
    }

    /// Makes an exception that carries values, the first of them at a word of the stack.
    fn new_exception(&mut self, tag: TagIdx, values: usize) -> u64 {
        let params = &self.module.declarations().tag_type(tag).params;
        let mut slots = vec![Slot::ZERO; params.len()];
        boundary::to_slots(params, &self.stack.words[values..], &mut slots);
        let top = self.start + self.function.size as usize;
        self.guest.new_exception(tag, &slots, &self.stack.words[..top])
    }

    /// Calls a function of another instance or of the host, with arguments that begin at a word of the stack.
    fn call_foreign(&mut self, callee: Foreign, arguments: usize) -> Result<(), Trap> {
        self.stack.top = self.start + self.function.size as usize;
        call_foreign(self.guest, &mut self.stack, callee, arguments, self.callers.len() + 1)
    }
}

/// Calls a function of another instance or of the host, with arguments that begin at a word of the stack.
#[inline(never)]
fn call_foreign(
    guest: &mut Guest<'_>,
    stack: &mut FrameStack,
    callee: Foreign,
    start: usize,
    depth: usize,
) -> Result<(), Trap> {
    let ty = guest.function_type(callee);
    let mut slots = vec![Slot::ZERO; ty.slots()];
    boundary::to_slots(&ty.params, &stack.words[start..], &mut slots);
    // Where a tail call left them, arguments may go on behind the frame. References among them must be found.
    stack.top = stack.top.max(start + width(&ty.params) as usize);
    stack.depth += depth;
    guest.give_stack(std::mem::take(stack));
    let result = guest.call(callee, &mut slots);
    *stack = guest.take_stack();
    stack.depth -= depth;
    result?;
    boundary::to_words(&ty.results, &slots, &mut stack.words[start..]);
    Ok(())
}
