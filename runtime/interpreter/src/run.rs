//! The loop that runs instructions.
//!
//! What it holds in variables (code, frame, first memory) is what nearly every instruction needs; the rest is behind [`Guest`].
//! Calls within a module do not recurse: a call notes what is needed to return. The stack of words is the store's, and is given
//! back while a function of another kind runs.
//!
//! A tail call replaces the function that runs and notes nothing. To a function that is not the instance's own it is a call by
//! the caller, from where that had called; if it has none in this run, the run ends and whoever started it goes on with the call.

use crate::Interpreter;
use crate::boundary;
use crate::frame::{Frame, WINDOW};
use crate::instruction::{Instr, Op};
use crate::ops::Access;
use crate::semantics::{convert, float, int, reference, wide};
use crate::translate::{Function, width};
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, FuncIdx, MemoryIdx, TableIdx, TagIdx, TypeIdx};
use vm::{Callee, Foreign, FrameStack, Guest, MemoryView, Slot, TailCall, Trap, View};

/// For so many words of the stack one call may be under way: frames can have no words, but what is needed to return has some.
const WORDS_PER_CALL: usize = 4;

/// What is needed to go on with a function that called another one.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'m> {
    pub function: &'m Function,
    pub pc: usize,
    pub start: usize,
}

/// Why the loop stops early.
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
    let mut run = Run {
        interpreter,
        guest,
        stack,
        callers: Vec::new(),
        function: interpreter.function(&module, function),
        stopped: (start, 0),
    };
    let outcome = run.check_room(start).and_then(|()| {
        let words = &mut run.stack.words[start..];
        boundary::to_words(&ty.params, slots, words);
        words[run.function.params as usize..run.function.locals as usize].fill(0);
        run.go(start)
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

/// A run: from a call from outside until it returns.
pub(crate) struct Run<'r, 's> {
    interpreter: &'r Interpreter,
    pub guest: &'r mut Guest<'s>,
    pub stack: FrameStack,
    pub callers: Vec<Caller<'r>>,
    /// The function that runs first; after a stop the one that stopped.
    pub function: &'r Function,
    /// Where its frame starts, and which instruction would have been next.
    pub stopped: (usize, usize),
}

impl Run<'_, '_> {
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

    /// Runs the function, whose frame starts at a word of the stack, and the handlers of exceptions on the way. If it ends with
    /// a tail call that leads elsewhere, gives the function to call; its arguments begin at that word.
    fn go(&mut self, start: usize) -> Result<Option<Foreign>, Stop> {
        let mut outcome = self.instructions(start, 0);
        loop {
            match outcome {
                Err(Stop::Trap(trap)) if trap.exception().is_some() => {
                    let (start, pc) = self.catch(trap)?;
                    outcome = self.instructions(start, pc);
                }
                outcome => return outcome,
            }
        }
    }

    /// Runs the function from an instruction on. What [`Run::go`] says holds until an exception comes.
    fn instructions(&mut self, mut start: usize, mut pc: usize) -> Result<Option<Foreign>, Stop> {
        let (limit, max_callers) = (self.limit(), self.max_callers());
        let Run { interpreter, guest, stack, callers, function: current, stopped } = self;
        let mut function = *current;
        let mut code = &*function.code;
        let mut frame = Frame::new(&mut stack.words, start);
        let mut memory = guest.memory(MemoryIdx(0));

        macro_rules! stop {
            ($reason:expr) => {{
                *current = function;
                *stopped = (start, pc);
                return Err($reason.into());
            }};
        }
        macro_rules! check {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(reason) => stop!(reason),
                }
            };
        }
        macro_rules! next {
            () => {{
                let instr = code[pc];
                pc += 1;
                instr
            }};
        }
        macro_rules! enter {
            ($callee:expr, $arguments:expr) => {{
                let callee: &Function = $callee;
                let callee_start = start + usize::from($arguments);
                if callee_start + callee.size as usize > limit || callers.len() >= max_callers {
                    stop!(TrapCode::CallStackExhausted);
                }
                callers.push(Caller { function, pc, start });
                function = callee;
                code = &callee.code;
                pc = 0;
                start = callee_start;
                frame = Frame::new(&mut stack.words, start);
                for slot in callee.params..callee.locals {
                    frame.set_word(slot as u16, 0);
                }
            }};
        }
        // The callee takes the place of the function that runs, and its caller.
        macro_rules! replace {
            ($callee:expr, $arguments:expr) => {{
                let callee: &Function = $callee;
                if start + callee.size as usize > limit {
                    stop!(TrapCode::CallStackExhausted);
                }
                let arguments = usize::from($arguments);
                frame.slots().copy_within(arguments..arguments + callee.params as usize, 0);
                function = callee;
                code = &callee.code;
                pc = 0;
                for slot in callee.params..callee.locals {
                    frame.set_word(slot as u16, 0);
                }
            }};
        }
        // The caller of the function that runs, if it is one of this run, calls the function instead. If not, the run ends.
        macro_rules! replace_by_foreign {
            ($callee:expr, $arguments:expr) => {{
                let callee: Foreign = $callee;
                let words = width(&guest.function_type(callee).params) as usize;
                let arguments = usize::from($arguments);
                frame.slots().copy_within(arguments..arguments + words, 0);
                let Some(caller) = callers.pop() else { return Ok(Some(callee)) };
                let place = start;
                Caller { function, pc, start } = caller;
                code = &function.code;
                call_foreign!(callee, place - start);
            }};
        }
        macro_rules! return_call {
            ($callee:expr, $arguments:expr) => {
                match $callee {
                    Callee::Own(callee) => replace!(interpreter.function(guest.module(), callee), $arguments),
                    Callee::Foreign(callee) => replace_by_foreign!(callee, $arguments),
                }
            };
        }
        macro_rules! call_foreign {
            ($callee:expr, $arguments:expr) => {{
                stack.top = start + function.size as usize;
                let depth = callers.len() + 1;
                check!(call_foreign(guest, stack, $callee, start + $arguments, depth));
                frame = Frame::new(&mut stack.words, start);
                memory = guest.memory(MemoryIdx(0));
            }};
        }
        macro_rules! leave {
            () => {{
                let Some(caller) = callers.pop() else { return Ok(None) };
                Caller { function, pc, start } = caller;
                code = &function.code;
                frame = Frame::new(&mut stack.words, start);
            }};
        }

        loop {
            let instr = next!();
            // What each shape of a row means.
            macro_rules! run {
                // From slots to a slot.
                (value $method:ident($arg:expr $(, $args:expr)*)) => { frame.$method(instr, $arg $(, $args)*) };
                (value $method:ident()) => { frame.$method(instr) };
                // The same, with the word that follows.
                (paired $method:ident($($arg:expr),*)) => {{
                    let data = next!();
                    frame.$method(instr, data $(, $arg)*)
                }};
                // The same, or a trap.
                (trapping $method:ident($arg:expr)) => { check!(frame.$method(instr, $arg)) };
                // A comparison, and a branch if it holds.
                (branch $method:ident($arg:expr)) => {
                    if frame.$method(instr, $arg) {
                        pc = jump(pc, instr.short().into());
                    }
                };
                // An access to the first memory.
                (access $method:ident($($arg:expr),*)) => {{
                    let address = frame.address(instr, instr.c.into());
                    check!(frame.$method(memory, instr, address, $($arg),*))
                }};
                // What concerns the instance; the same, or a trap; the same, with the word that follows.
                (guest $method:ident()) => { frame.$method(guest, instr) };
                (checked $method:ident()) => { check!(frame.$method(guest, instr)) };
                (bulk $method:ident()) => {{
                    let data = next!();
                    check!(frame.$method(guest, instr, data))
                }};
                // What changes the variables of the loop.
                (control jump()) => { pc = jump(pc, instr.immediate().cast_signed()) };
                (control br_if()) => {
                    if frame.get(instr.a) {
                        pc = jump(pc, instr.immediate().cast_signed());
                    }
                };
                (control br_unless()) => {
                    if !frame.get::<bool>(instr.a) {
                        pc = jump(pc, instr.immediate().cast_signed());
                    }
                };
                (control br_table()) => {{
                    let index: u32 = frame.get(instr.a);
                    let entry = pc + index.min(instr.immediate()) as usize;
                    pc = jump(entry + 1, code[entry].immediate().cast_signed());
                }};
                (control call()) => {{
                    let callee = interpreter.function(guest.module(), DefinedFuncIdx(instr.immediate()));
                    enter!(callee, instr.a)
                }};
                (control call_import()) => {
                    match guest.import(FuncIdx(instr.immediate())) {
                        Callee::Own(callee) => enter!(interpreter.function(guest.module(), callee), instr.a),
                        Callee::Foreign(callee) => call_foreign!(callee, usize::from(instr.a)),
                    }
                };
                (control call_indirect()) => {{
                    let data = next!();
                    let index = frame.index(instr.b, data.a != 0);
                    match check!(guest.indirect(TableIdx(instr.c.into()), index, TypeIdx(data.immediate()))) {
                        Callee::Own(callee) => enter!(interpreter.function(guest.module(), callee), instr.a),
                        Callee::Foreign(callee) => call_foreign!(callee, usize::from(instr.a)),
                    }
                }};
                (control return_call()) => {{
                    let callee = interpreter.function(guest.module(), DefinedFuncIdx(instr.immediate()));
                    replace!(callee, instr.a)
                }};
                (control return_call_import()) => { return_call!(guest.import(FuncIdx(instr.immediate())), instr.a) };
                (control return_call_indirect()) => {{
                    let data = code[pc];
                    let index = frame.index(instr.b, data.a != 0);
                    let callee = check!(guest.indirect(TableIdx(instr.c.into()), index, TypeIdx(data.immediate())));
                    return_call!(callee, instr.a)
                }};
                (control call_ref()) => {{
                    let ty = TypeIdx(next!().immediate());
                    match check!(guest.referred(frame.word(instr.b), ty)) {
                        Callee::Own(callee) => enter!(interpreter.function(guest.module(), callee), instr.a),
                        Callee::Foreign(callee) => call_foreign!(callee, usize::from(instr.a)),
                    }
                }};
                (control return_call_ref()) => {{
                    let ty = TypeIdx(code[pc].immediate());
                    return_call!(check!(guest.referred(frame.word(instr.b), ty)), instr.a)
                }};
                (control throw()) => {{
                    let values = start + usize::from(instr.a);
                    let top = start + function.size as usize;
                    let exception = new_exception(guest, TagIdx(instr.immediate()), &stack.words[..top], values);
                    stop!(check!(guest.thrown(exception)))
                }};
                (control throw_ref()) => { stop!(check!(guest.thrown(frame.word(instr.a)))) };
                (control return_none()) => { leave!() };
                (control return_one()) => {{
                    frame.set_word(0, frame.word(instr.a));
                    leave!()
                }};
                (control return_many()) => {{
                    let first = usize::from(instr.a);
                    frame.slots().copy_within(first..first + instr.immediate() as usize, 0);
                    leave!()
                }};
                (control unreachable()) => { stop!(TrapCode::Unreachable) };
                (control constant_long()) => { frame.set_word(instr.a, function.constants[instr.immediate() as usize]) };
                (control far()) => {{
                    let view = if instr.a == 0 { memory } else { guest.memory(MemoryIdx(instr.a.into())) };
                    let access = next!();
                    check!(far(&mut frame, view, access, instr.immediate()));
                }};
                (control far_any()) => {{
                    let place = &function.accesses[instr.immediate() as usize];
                    let access = next!();
                    check!(far_any(&mut frame, guest, access, place));
                }};
                (control vector()) => {{
                    let data = next!();
                    let op = &function.vectors[data.immediate() as usize];
                    check!(frame.vector(guest, op, instr, data));
                }};
                (control atomic()) => {{
                    let data = next!();
                    let op = &function.atomics[data.immediate() as usize];
                    check!(frame.atomic(guest, op, instr, data));
                }};
                (control memory_grow()) => {{
                    frame.memory_grow(guest, instr);
                    memory = guest.memory(MemoryIdx(0));
                }};
                (control data()) => { unreachable!("words belong to the instruction in front of them") };
            }
            macro_rules! dispatch {
                ($($shape:ident $name:ident: $method:ident($($arg:expr),*);)*) => {
                    match instr.op {
                        $(Op::$name => run!($shape $method($($arg),*)),)*
                    }
                };
            }
            for_each_instruction!(dispatch);
        }
    }
}

/// Makes an exception that carries values, the first of them at a word of the stack.
#[inline(never)]
fn new_exception(guest: &mut Guest<'_>, tag: TagIdx, words: &[u64], values: usize) -> u64 {
    let module = guest.module().clone();
    let params = &module.declarations().tag_type(tag).params;
    let mut slots = vec![Slot::ZERO; params.len()];
    boundary::to_slots(params, &words[values..], &mut slots);
    guest.new_exception(tag, &slots, words)
}

/// The instruction at a distance.
#[inline(always)]
fn jump(pc: usize, distance: i32) -> usize {
    pc.wrapping_add_signed(distance as isize)
}

/// An access with an offset that does not fit into its instruction, or to another memory than the first.
#[inline(never)]
fn far(frame: &mut Frame<'_>, memory: MemoryView<'_>, instr: Instr, offset: u32) -> Result<(), TrapCode> {
    let address = frame.address(instr, offset);
    access(frame, memory, instr, address)
}

/// An access to a memory that is 64-bit or shared.
#[inline(never)]
fn far_any(frame: &mut Frame<'_>, guest: &Guest<'_>, instr: Instr, place: &Access) -> Result<(), TrapCode> {
    let address = frame.any_address(instr.b, place)?;
    access(frame, guest.any_memory(place.memory), instr, address)
}

fn access(frame: &mut Frame<'_>, memory: impl View, instr: Instr, address: u64) -> Result<(), TrapCode> {
    macro_rules! access {
        (access $method:ident($($arg:expr),*)) => { frame.$method(memory, instr, address, $($arg),*) };
        ($other:ident $method:ident($($arg:expr),*)) => { unreachable!("an access follows") };
    }
    macro_rules! dispatch {
        ($($shape:ident $name:ident: $method:ident($($arg:expr),*);)*) => {
            match instr.op {
                $(Op::$name => access!($shape $method($($arg),*)),)*
            }
        };
    }
    for_each_instruction!(dispatch)
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
