//! The functions that run instructions: a handler for each row, made from its shape.
//!
//! A handler does what its instruction does and ends with a call of the next one's, which is a jump in optimized code: an
//! instruction costs one indirect jump from a place of its own, and what nearly every instruction needs stays in registers.
//! Nothing promises that such a call becomes a jump. It does if the function keeps nothing of its own in memory, so handlers are
//! small, pass on by value what they have, and leave what is rare or large to functions that are not inlined. A test holds that no
//! instruction deepens the stack. Where code is not optimized, a handler returns instead, and a loop calls the next one (`chained`).

use crate::Interpreter;
use crate::frame::Frame;
use crate::fuse;
use crate::instruction::{Instr, Op};
use crate::semantics::{convert, float, int};
use crate::translate::Function;
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, FuncIdx, MemoryIdx, TableIdx, TypeIdx};
use std::cell::Cell;
use vm::{Callee, Foreign, Guest, MemoryView, Module};

/// Runs an instruction and those that follow. Gets its function's code and which instruction comes after it: as a [`Code`], which
/// does not fit into registers as a whole.
pub(crate) type Handler = for<'s, 'm, 'g> fn(&mut Context<'s, 'm, 'g>, &'m Step, &'m [Step], usize, Frame<'s>) -> Exit;

/// Defines a handler.
macro_rules! handler {
    ($name:ident($context:ident, $step:ident, $code:ident, $frame:ident) $body:block) => {{
        #[allow(non_snake_case, unused_mut, unused_variables, unreachable_code)]
        fn $name<'s, 'm>(
            $context: &mut Context<'s, 'm, '_>,
            $step: &'m Step,
            steps: &'m [Step],
            at: usize,
            $frame: Frame<'s>,
        ) -> Exit {
            let mut $code = Code::new(steps, at);
            $body
        }
        $name as $crate::handler::Handler
    }};
}

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
    /// Gives instructions their handlers.
    pub fn all(instrs: &[Instr]) -> Box<[Step]> {
        let step = |(position, &Instr { op, a, b, c, d }): (usize, &Instr)| {
            let run = match op {
                Op::Far => instrs[position + 1].op.far_handler().expect("an access follows"),
                _ => instrs
                    .get(position + 1)
                    .and_then(|&next| fuse::pair(instrs[position], next))
                    .unwrap_or_else(|| op.handler()),
            };
            Step { run, a, b, c, d }
        };
        instrs.iter().enumerate().map(step).collect()
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
        (self.run)(context, self, code.steps, code.at, frame)
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
    pub fn new(steps: &'m [Step], at: usize) -> Code<'m> {
        Code { steps, at }
    }

    /// The same code from another instruction on.
    #[inline(always)]
    fn to(self, at: u32) -> Code<'m> {
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
    fn word(self, position: usize) -> Option<&'m Step> {
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
    /// The code ended, or a branch left it. Translation makes no such code; to panic here would cost handlers a frame on the stack.
    Lost,
}

/// What is needed to go on with a function that called another one.
pub(crate) struct Caller<'m> {
    pub function: &'m Function,
    /// The instruction behind the call.
    pub at: usize,
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
    fn own(&mut self, callee: Callee, arguments: u16) -> Option<DefinedFuncIdx> {
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

/// The next instruction, or the word that belongs to the one in front of it.
macro_rules! next {
    ($code:ident) => {
        match $code.next() {
            Some(step) => step,
            None => return $crate::handler::Exit::Lost,
        }
    };
}

macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(code) => return $crate::handler::Exit::Trap(code),
        }
    };
}

pub(crate) use {check, handler, next};

// What each shape of a row means.
macro_rules! run {
    // From slots to a slot.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, value $method:ident($($arg:expr),*)) => {
        $frame.$method($step.instr(Op::$op) $(, $arg)*)
    };
    // The same, with the word that follows.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, paired $method:ident()) => {{
        let data = next!($code).instr(Op::Data);
        $frame.$method($step.instr(Op::$op), data)
    }};
    // The same, or a trap.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, trapping $method:ident($arg:expr)) => {
        check!($frame.$method($step.instr(Op::$op), $arg))
    };
    // A comparison, and a branch if it holds.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, branch $method:ident($arg:expr)) => {
        if $frame.$method($step.instr(Op::$op), $arg) {
            return go_to($context, $step.immediate(), $code, $frame);
        }
    };
    // An access to the first memory.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, access $method:ident($($arg:expr),*)) => {
        check!($frame.$method($context.memory, $step.instr(Op::$op), $step.immediate(), $($arg),*))
    };
    // What concerns the instance, and is as short as a handler must be.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, global $method:ident()) => {
        $frame.$method($context.guest, $step.instr(Op::$op))
    };
    // What concerns the instance; the same, or a trap; the same, with the word that follows.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, guest $method:ident()) => {{
        #[inline(never)]
        fn outlined(frame: Frame<'_>, guest: &mut Guest<'_>, step: &Step) {
            frame.$method(guest, step.instr(Op::$op))
        }
        outlined($frame, $context.guest, $step)
    }};
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, checked $method:ident()) => {{
        #[inline(never)]
        fn outlined(frame: Frame<'_>, guest: &mut Guest<'_>, step: &Step) -> Result<(), TrapCode> {
            frame.$method(guest, step.instr(Op::$op))
        }
        check!(outlined($frame, $context.guest, $step))
    }};
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, bulk $method:ident()) => {{
        #[inline(never)]
        fn outlined(frame: Frame<'_>, guest: &mut Guest<'_>, step: &Step, data: &Step) -> Result<(), TrapCode> {
            frame.$method(guest, step.instr(Op::$op), data.instr(Op::Data))
        }
        let data = next!($code);
        check!(outlined($frame, $context.guest, $step, data))
    }};
    // What goes on elsewhere, or changes what handlers share: a function below.
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, control $method:ident()) => {
        return $method($context, $step, $code, $frame)
    };
}

/// The handler of a `Far` in front of an access: one to another memory than the first, or with a large offset.
macro_rules! far_handler {
    (access $name:ident $method:ident($($arg:expr),*)) => {{
        Some(handler!($name(context, step, code, frame) {
            let far = step.instr(Op::Far);
            let memory = match far.a {
                0 => context.memory,
                index => context.guest.memory(MemoryIdx(index.into())),
            };
            let access = next!(code).instr(Op::$name);
            check!(frame.$method(memory, access, far.immediate(), $($arg),*));
            go_on(context, code, frame)
        }))
    }};
    ($other:ident $name:ident $method:ident($($arg:expr),*)) => {
        None
    };
}

macro_rules! handlers {
    ($($shape:ident $name:ident: $method:ident($($arg:expr),*);)*) => {
        impl Op {
            /// The function that runs it.
            fn handler(self) -> Handler {
                match self {
                    $(Op::$name => {
                        handler!($name(context, step, code, frame) {
                            run!($name context step code frame, $shape $method($($arg),*));
                            go_on(context, code, frame)
                        })
                    })*
                }
            }

            /// The function that runs a `Far` and this, if this is an access.
            fn far_handler(self) -> Option<Handler> {
                match self {
                    $(Op::$name => far_handler!($shape $name $method($($arg),*)),)*
                }
            }
        }
    };
}
for_each_instruction!(handlers);

#[inline(always)]
fn jump<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    go_to(context, step.immediate(), code, frame)
}

#[inline(always)]
fn br_if<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    match frame.get(step.a) {
        true => jump(context, step, code, frame),
        false => go_on(context, code, frame),
    }
}

#[inline(always)]
fn br_unless<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    match frame.get(step.a) {
        true => go_on(context, code, frame),
        false => jump(context, step, code, frame),
    }
}

#[inline(always)]
fn br_table<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    br_table_at(context, frame.get(step.a), step, code, frame)
}

/// Goes on where the entry for an index says.
#[inline(always)]
pub(crate) fn br_table_at<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    index: u32,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    match code.word(index.min(step.immediate()) as usize) {
        Some(entry) => go_to(context, entry.immediate(), code, frame),
        None => Exit::Lost,
    }
}

#[inline(always)]
fn call<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, _: Frame<'s>) -> Exit {
    call_own(context, DefinedFuncIdx(step.immediate()), step.a, code)
}

#[inline(always)]
fn call_import<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, _: Frame<'s>) -> Exit {
    let callee = import(context, FuncIdx(step.immediate()), step.a);
    call_any(context, callee, step.a, code)
}

#[inline(always)]
fn call_indirect<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let ty = TypeIdx(next!(code).immediate());
    let index: u32 = frame.get(step.b);
    let callee = check!(element(context, TableIdx(step.c.into()), index.into(), ty, step.a));
    call_any(context, callee, step.a, code)
}

/// What an import leads to: a function of the instance itself, or one that the context notes with its arguments.
#[inline(never)]
fn import(context: &mut Context<'_, '_, '_>, function: FuncIdx, arguments: u16) -> Option<DefinedFuncIdx> {
    let callee = context.guest.import(function);
    context.own(callee, arguments)
}

/// The same for an element of a table.
#[inline(never)]
fn element(
    context: &mut Context<'_, '_, '_>,
    table: TableIdx,
    index: u64,
    ty: TypeIdx,
    arguments: u16,
) -> Result<Option<DefinedFuncIdx>, TrapCode> {
    let callee = context.guest.indirect(table, index, ty)?;
    Ok(context.own(callee, arguments))
}

/// Calls a function with arguments that begin in a slot: one of the instance itself, or the one that the context has noted.
#[inline(always)]
fn call_any<'m>(
    context: &mut Context<'_, 'm, '_>,
    callee: Option<DefinedFuncIdx>,
    arguments: u16,
    code: Code<'m>,
) -> Exit {
    match callee {
        Some(callee) => call_own(context, callee, arguments, code),
        None => {
            context.code = code;
            Exit::Foreign
        }
    }
}

#[inline(always)]
fn call_own<'m>(context: &mut Context<'_, 'm, '_>, callee: DefinedFuncIdx, arguments: u16, code: Code<'m>) -> Exit {
    match context.interpreter.translated(callee) {
        Some(callee) => enter(context, callee, arguments, code.at),
        None => enter_first(context, callee, arguments, code.at),
    }
}

/// Calls a function for the first time.
#[cold]
#[inline(never)]
fn enter_first(context: &mut Context<'_, '_, '_>, callee: DefinedFuncIdx, arguments: u16, at: usize) -> Exit {
    let callee = context.interpreter.translate(context.module, callee);
    enter(context, callee, arguments, at)
}

/// Calls a function with arguments that begin in a slot, to return to an instruction.
#[inline(always)]
fn enter<'m>(context: &mut Context<'_, 'm, '_>, callee: &'m Function, arguments: u16, at: usize) -> Exit {
    let start = context.start + usize::from(arguments);
    let Some(frame) = Frame::with_size(context.words, start, callee.size) else {
        return Exit::Trap(TrapCode::CallStackExhausted);
    };
    if context.callers.len() == context.callers.capacity() {
        return enter_deeper(context, callee, arguments, at);
    }
    context.callers.push(Caller { function: context.function, at, start: context.start });
    (context.function, context.start) = (callee, start);
    go_on(context, Code::new(&callee.code, 0), frame)
}

/// Calls a function where more calls are under way than ever in this run.
#[cold]
#[inline(never)]
fn enter_deeper<'m>(context: &mut Context<'_, 'm, '_>, callee: &'m Function, arguments: u16, at: usize) -> Exit {
    let calls = context.callers.len();
    if calls == context.max_callers {
        return Exit::Trap(TrapCode::CallStackExhausted);
    }
    context.callers.reserve_exact(calls.max(16).min(context.max_callers - calls));
    enter(context, callee, arguments, at)
}

#[inline(always)]
fn return_none<'s, 'm>(context: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    let Some(Caller { function, at, start }) = context.callers.pop() else { return Exit::Return };
    (context.function, context.start) = (function, start);
    match context.frame() {
        Some(frame) => go_on(context, Code::new(&function.code, at), frame),
        None => Exit::Lost,
    }
}

#[inline(always)]
fn zero<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    frame.zero(step.a, step.immediate() as usize);
    go_on(context, code, frame)
}

#[inline(always)]
fn return_one<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    frame.set_word(0, frame.word(step.a));
    return_none(context, step, code, frame)
}

#[inline(always)]
fn return_many<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    frame.move_down(step.a, step.immediate() as usize);
    return_none(context, step, code, frame)
}

#[inline(always)]
fn unreachable<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    Exit::Trap(TrapCode::Unreachable)
}

#[inline(always)]
fn constant_long<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    match context.function.constants.get(step.immediate() as usize) {
        Some(&word) => frame.set_word(step.a, word),
        None => return Exit::Lost,
    }
    go_on(context, code, frame)
}

#[inline(always)]
fn far<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    unreachable!("it has the handler of the access that follows")
}

#[inline(always)]
fn vector<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, mut code: Code<'m>, frame: Frame<'s>) -> Exit {
    let data = next!(code);
    check!(operate_on_vectors(context, step, data, frame));
    go_on(context, code, frame)
}

#[inline(never)]
fn operate_on_vectors(
    context: &mut Context<'_, '_, '_>,
    step: &Step,
    data: &Step,
    frame: Frame<'_>,
) -> Result<(), TrapCode> {
    let op = &context.function.vectors[data.immediate() as usize];
    frame.vector(context.guest, op, step.instr(Op::Vector), data.instr(Op::Data))
}

#[inline(always)]
fn memory_grow<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    grow_memory(context, step, frame);
    go_on(context, code, frame)
}

#[inline(never)]
fn grow_memory(context: &mut Context<'_, '_, '_>, step: &Step, frame: Frame<'_>) {
    frame.memory_grow(context.guest, step.instr(Op::MemoryGrow));
    context.memory = context.guest.memory(MemoryIdx(0));
}

#[inline(always)]
fn data<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    unreachable!("words belong to the instruction in front of them")
}
