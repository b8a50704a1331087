//! A run: from a call from outside until it returns.
//!
//! Calls within a module do not recurse: a call notes what is needed to return. The stack of words is the store's, and is given
//! back while a function of another kind runs; for that handlers return to here.

use crate::Interpreter;
use crate::boundary;
use crate::context::{Caller, Code, Context, Exit};
use crate::frame::WINDOW;
use crate::translate::Function;
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, MemoryIdx};
use std::cell::Cell;
use vm::{Foreign, FrameStack, Guest, Module, Slot, Trap};

/// For so many words of the stack one call may be under way: frames can have no words, but what is needed to return has some.
const WORDS_PER_CALL: usize = 4;

/// Why the loop stops early.
enum Stop {
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
) -> Result<(), Trap> {
    let mut stack = guest.take_stack();
    if stack.words.is_empty() {
        stack.words = vec![0; guest.stack_size() / size_of::<u64>() + WINDOW];
    }
    let module = guest.module().clone();
    let ty = module.declarations().function_type(module.declarations().function(function));
    let start = stack.top;
    let function = interpreter.translate(&module, function);
    let mut run = Run { interpreter, module: &module, guest, stack, callers: Vec::new(), function };
    let mut outcome = run.check_room(start);
    if outcome.is_ok() {
        let words = &mut run.stack.words[start..];
        boundary::to_words(&ty.params, slots, words);
        outcome = run.instructions(start);
    }
    let result = match outcome {
        Ok(()) => {
            boundary::to_slots(&ty.results, &run.stack.words[start..], slots);
            Ok(())
        }
        Err(stop) => Err(run.trap(stop)),
    };
    let Run { guest, stack, .. } = run;
    guest.give_stack(stack);
    result
}

struct Run<'r, 'm, 's> {
    interpreter: &'m Interpreter,
    module: &'m Module,
    guest: &'r mut Guest<'s>,
    stack: FrameStack,
    callers: Vec<Caller<'m>>,
    /// The function that runs first; after a trap the one that trapped.
    function: &'m Function,
}

impl Run<'_, '_, '_> {
    /// The end of the words that frames may use.
    fn limit(&self) -> usize {
        self.stack.words.len() - WINDOW
    }

    /// How many more calls may be under way.
    fn max_callers(&self) -> usize {
        (self.limit() / WORDS_PER_CALL).saturating_sub(self.stack.depth)
    }

    fn check_room(&self, start: usize) -> Result<(), Stop> {
        match start + self.function.size as usize <= self.limit() && self.max_callers() > 0 {
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

    /// Runs the function, whose frame starts at a word of the stack.
    fn instructions(&mut self, mut start: usize) -> Result<(), Stop> {
        let max_callers = self.max_callers();
        let mut code = Code::new(&self.function.code, 0);
        loop {
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
                start,
                code,
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
            (self.function, start, code) = (context.function, context.start, context.code);
            match exit {
                Exit::Next | Exit::Return => return Ok(()),
                Exit::Lost => unreachable!("code goes on to its end, and branches stay in it"),
                Exit::Trap(code) => return Err(code.into()),
                Exit::Foreign => {
                    let (callee, arguments) = foreign.expect("the instruction has said what to call");
                    self.stack.top = start + self.function.size as usize;
                    call_foreign(self.guest, &mut self.stack, callee, arguments, self.callers.len() + 1)?;
                }
            }
        }
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
    stack.depth += depth;
    guest.give_stack(std::mem::take(stack));
    let result = guest.call(callee, &mut slots);
    *stack = guest.take_stack();
    stack.depth -= depth;
    result?;
    boundary::to_words(&ty.results, &slots, &mut stack.words[start..]);
    Ok(())
}
