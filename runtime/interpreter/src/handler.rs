//! The functions that run instructions: a handler for each row, made from its shape.
//!
//! A handler does what its instruction does and ends with a call of the next one's, which is a jump in optimized code: an
//! instruction costs one indirect jump from a place of its own, and what nearly every instruction needs stays in registers.
//! Nothing promises that such a call becomes a jump. It does if the function keeps nothing of its own in memory, so handlers are
//! small, pass on by value what they have, and leave what is rare or large to functions that are not inlined. A test holds that no
//! instruction deepens the stack. Where code is not optimized, a handler returns instead, and a loop calls the next one (`chained`).

use crate::Interpreter;
use crate::frame::Frame;
use crate::instruction::{Instr, Op};
use crate::semantics::{convert, float, int};
use crate::translate::Function;
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, FuncIdx, MemoryIdx, TableIdx, TypeIdx};
use std::cell::Cell;
use vm::{Callee, Foreign, Guest, MemoryView, Module};

/// Runs an instruction and those that follow. Gets the code behind it.
pub(crate) type Handler = for<'s, 'm, 'g> fn(&mut Context<'s, 'm, 'g>, &'m Step, Code<'m>, Frame<'s>) -> Exit;

/// An instruction with its handler.
#[derive(Debug)]
pub(crate) struct Step {
    run: Handler,
    a: u16,
    b: u16,
    c: u16,
    d: u16,
}

const _: () = assert!(size_of::<Step>() == 16);

impl Step {
    /// Gives instructions their handlers.
    pub fn all(instrs: &[Instr]) -> Box<[Step]> {
        let step = |(position, &Instr { op, a, b, c, d }): (usize, &Instr)| {
            let run = match op {
                Op::Far => instrs[position + 1].op.far_handler().expect("an access follows"),
                _ => op.handler(),
            };
            Step { run, a, b, c, d }
        };
        instrs.iter().enumerate().map(step).collect()
    }

    /// The instruction, of which the handler knows what it does.
    #[inline(always)]
    fn instr(&self, op: Op) -> Instr {
        let Step { a, b, c, d, .. } = *self;
        Instr { op, a, b, c, d }
    }

    /// The word that belongs to the instruction in front of it.
    #[inline(always)]
    fn data(&self) -> Instr {
        self.instr(Op::Data)
    }

    /// Runs the instruction and those that follow.
    #[inline(always)]
    pub fn run<'s, 'm>(&'m self, context: &mut Context<'s, 'm, '_>, code: Code<'m>, frame: Frame<'s>) -> Exit {
        (self.run)(context, self, code, frame)
    }
}

/// Code from some instruction on to the end of its function.
pub(crate) type Code<'m> = std::slice::Iter<'m, Step>;

/// Why handlers return.
pub(crate) enum Exit {
    /// To have the loop go on where the context says.
    Next,
    /// The function that ran first has returned.
    Return,
    Trap(TrapCode),
    /// To have a function of another kind called; the context says which.
    Foreign,
}

/// What is needed to go on with a function that called another one.
pub(crate) struct Caller<'m> {
    pub function: &'m Function,
    pub code: Code<'m>,
    pub start: usize,
}

/// What handlers share: a run, while nobody else uses the stack.
pub(crate) struct Context<'s, 'm, 'g> {
    pub interpreter: &'m Interpreter,
    pub module: &'m Module,
    pub guest: &'s mut Guest<'g>,
    /// The first memory.
    pub memory: MemoryView<'g>,
    pub words: &'s [Cell<u64>],
    /// The end of the words that frames may use.
    pub limit: usize,
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

impl<'s, 'm> Context<'s, 'm, '_> {
    /// The frame of the function that runs.
    #[inline(always)]
    pub fn frame(&self) -> Frame<'s> {
        Frame::new(self.words, self.start)
    }

    /// The code of the function that runs, from an instruction on.
    #[inline(always)]
    fn code_at(&self, target: usize) -> Code<'m> {
        self.function.code[target..].iter()
    }
}

/// Goes on with the next instruction.
#[inline(always)]
fn go_on<'s, 'm>(context: &mut Context<'s, 'm, '_>, mut code: Code<'m>, frame: Frame<'s>) -> Exit {
    if cfg!(chained) {
        let step = next(&mut code);
        step.run(context, code, frame)
    } else {
        context.code = code;
        Exit::Next
    }
}

/// The next instruction, or the word that belongs to this one.
#[inline(always)]
pub(crate) fn next<'m>(code: &mut Code<'m>) -> &'m Step {
    code.next().expect("the last instruction of a function is none that goes on")
}

macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(code) => return Exit::Trap(code),
        }
    };
}

// What each shape of a row means.
macro_rules! run {
    // From slots to a slot.
    ($context:ident $instr:ident $code:ident $frame:ident, value $method:ident($($arg:expr),*)) => {
        $frame.$method($instr $(, $arg)*)
    };
    // The same, with the word that follows.
    ($context:ident $instr:ident $code:ident $frame:ident, paired $method:ident()) => {{
        let data = next(&mut $code);
        $frame.$method($instr, data.data())
    }};
    // The same, or a trap.
    ($context:ident $instr:ident $code:ident $frame:ident, trapping $method:ident($arg:expr)) => {
        check!($frame.$method($instr, $arg))
    };
    // A comparison, and a branch if it holds.
    ($context:ident $instr:ident $code:ident $frame:ident, branch $method:ident($arg:expr)) => {
        if $frame.$method($instr, $arg) {
            $code = $context.code_at($instr.immediate() as usize);
        }
    };
    // An access to the first memory.
    ($context:ident $instr:ident $code:ident $frame:ident, access $method:ident($($arg:expr),*)) => {
        check!($frame.$method($context.memory, $instr, $instr.immediate(), $($arg),*))
    };
    // What concerns the instance, and is as short as a handler must be.
    ($context:ident $instr:ident $code:ident $frame:ident, global $method:ident()) => {
        $frame.$method($context.guest, $instr)
    };
    // What concerns the instance; the same, or a trap; the same, with the word that follows.
    ($context:ident $instr:ident $code:ident $frame:ident, guest $method:ident()) => {{
        #[inline(never)]
        fn outlined(frame: Frame<'_>, guest: &mut Guest<'_>, instr: Instr) {
            frame.$method(guest, instr)
        }
        outlined($frame, $context.guest, $instr)
    }};
    ($context:ident $instr:ident $code:ident $frame:ident, checked $method:ident()) => {{
        #[inline(never)]
        fn outlined(frame: Frame<'_>, guest: &mut Guest<'_>, instr: Instr) -> Result<(), TrapCode> {
            frame.$method(guest, instr)
        }
        check!(outlined($frame, $context.guest, $instr))
    }};
    ($context:ident $instr:ident $code:ident $frame:ident, bulk $method:ident()) => {{
        #[inline(never)]
        fn outlined(frame: Frame<'_>, guest: &mut Guest<'_>, instr: Instr, data: Instr) -> Result<(), TrapCode> {
            frame.$method(guest, instr, data)
        }
        let data = next(&mut $code);
        check!(outlined($frame, $context.guest, $instr, data.data()))
    }};
    // What goes on elsewhere, or changes what handlers share: a function below.
    ($context:ident $instr:ident $code:ident $frame:ident, control $method:ident()) => {
        return $method($context, $instr, $code, $frame)
    };
}

/// The handler of a `Far` in front of an access: one to another memory than the first, or with a large offset.
macro_rules! far_handler {
    (access $name:ident $method:ident($($arg:expr),*)) => {{
        #[allow(non_snake_case)]
        fn $name<'s, 'm>(
            context: &mut Context<'s, 'm, '_>,
            step: &'m Step,
            mut code: Code<'m>,
            frame: Frame<'s>,
        ) -> Exit {
            let far = step.instr(Op::Far);
            let memory = match far.a {
                0 => context.memory,
                index => context.guest.memory(MemoryIdx(index.into())),
            };
            let access = next(&mut code).instr(Op::$name);
            check!(frame.$method(memory, access, far.immediate(), $($arg),*));
            go_on(context, code, frame)
        }
        Some($name)
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
                        #[allow(non_snake_case, unused_mut, unreachable_code, unused_variables)]
                        fn $name<'s, 'm>(
                            context: &mut Context<'s, 'm, '_>,
                            step: &'m Step,
                            mut code: Code<'m>,
                            frame: Frame<'s>,
                        ) -> Exit {
                            let instr = step.instr(Op::$name);
                            run!(context instr code frame, $shape $method($($arg),*));
                            go_on(context, code, frame)
                        }
                        $name
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
fn jump<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, _: Code<'m>, frame: Frame<'s>) -> Exit {
    let target = context.code_at(instr.immediate() as usize);
    go_on(context, target, frame)
}

#[inline(always)]
fn br_if<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, frame: Frame<'s>) -> Exit {
    match frame.get(instr.a) {
        true => jump(context, instr, code, frame),
        false => go_on(context, code, frame),
    }
}

#[inline(always)]
fn br_unless<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, frame: Frame<'s>) -> Exit {
    match frame.get(instr.a) {
        true => go_on(context, code, frame),
        false => jump(context, instr, code, frame),
    }
}

#[inline(always)]
fn br_table<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, frame: Frame<'s>) -> Exit {
    let index: u32 = frame.get(instr.a);
    let entry = &code.as_slice()[index.min(instr.immediate()) as usize];
    jump(context, entry.data(), code, frame)
}

#[inline(always)]
fn call<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, _: Frame<'s>) -> Exit {
    call_own(context, DefinedFuncIdx(instr.immediate()), instr.a, code)
}

#[inline(always)]
fn call_import<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, _: Frame<'s>) -> Exit {
    let callee = context.guest.import(FuncIdx(instr.immediate()));
    call_any(context, callee, instr.a, code)
}

#[inline(always)]
fn call_indirect<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    instr: Instr,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let ty = TypeIdx(next(&mut code).data().immediate());
    let index: u32 = frame.get(instr.b);
    let callee = check!(context.guest.indirect(TableIdx(instr.c.into()), index.into(), ty));
    call_any(context, callee, instr.a, code)
}

/// Calls a function with arguments that begin in a slot.
#[inline(always)]
fn call_any<'m>(context: &mut Context<'_, 'm, '_>, callee: Callee, arguments: u16, code: Code<'m>) -> Exit {
    match callee {
        Callee::Own(callee) => call_own(context, callee, arguments, code),
        Callee::Foreign(callee) => {
            context.foreign = Some((callee, context.start + usize::from(arguments)));
            context.code = code;
            Exit::Foreign
        }
    }
}

#[inline(always)]
fn call_own<'m>(context: &mut Context<'_, 'm, '_>, callee: DefinedFuncIdx, arguments: u16, code: Code<'m>) -> Exit {
    match context.interpreter.translated(callee) {
        Some(callee) => enter(context, callee, arguments, code),
        None => enter_first(context, callee, arguments, code),
    }
}

/// Calls a function for the first time.
#[cold]
#[inline(never)]
fn enter_first<'m>(context: &mut Context<'_, 'm, '_>, callee: DefinedFuncIdx, arguments: u16, code: Code<'m>) -> Exit {
    let callee = context.interpreter.translate(context.module, callee);
    enter(context, callee, arguments, code)
}

#[inline(always)]
fn enter<'m>(context: &mut Context<'_, 'm, '_>, callee: &'m Function, arguments: u16, code: Code<'m>) -> Exit {
    let start = context.start + usize::from(arguments);
    if start + callee.size as usize > context.limit || context.callers.len() >= context.max_callers {
        return Exit::Trap(TrapCode::CallStackExhausted);
    }
    context.callers.push(Caller { function: context.function, code, start: context.start });
    (context.function, context.start) = (callee, start);
    let frame = context.frame();
    for slot in callee.params..callee.locals {
        frame.set_word(slot as u16, 0);
    }
    go_on(context, callee.code.iter(), frame)
}

#[inline(always)]
fn return_none<'s, 'm>(context: &mut Context<'s, 'm, '_>, _: Instr, _: Code<'m>, _: Frame<'s>) -> Exit {
    let Some(Caller { function, code, start }) = context.callers.pop() else { return Exit::Return };
    (context.function, context.start) = (function, start);
    let frame = context.frame();
    go_on(context, code, frame)
}

#[inline(always)]
fn return_one<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, frame: Frame<'s>) -> Exit {
    frame.set_word(0, frame.word(instr.a));
    return_none(context, instr, code, frame)
}

#[inline(always)]
fn return_many<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, frame: Frame<'s>) -> Exit {
    frame.move_down(instr.a, instr.immediate() as usize);
    return_none(context, instr, code, frame)
}

#[inline(always)]
fn unreachable<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: Instr, _: Code<'m>, _: Frame<'s>) -> Exit {
    Exit::Trap(TrapCode::Unreachable)
}

#[inline(always)]
fn constant_long<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, frame: Frame<'s>) -> Exit {
    frame.set_word(instr.a, context.function.constants[instr.immediate() as usize]);
    go_on(context, code, frame)
}

#[inline(always)]
fn far<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: Instr, _: Code<'m>, _: Frame<'s>) -> Exit {
    unreachable!("it has the handler of the access that follows")
}

#[inline(always)]
fn vector<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, mut code: Code<'m>, frame: Frame<'s>) -> Exit {
    let data = next(&mut code).data();
    let op = &context.function.vectors[data.immediate() as usize];
    check!(frame.vector(context.guest, op, instr, data));
    go_on(context, code, frame)
}

#[inline(always)]
fn memory_grow<'s, 'm>(context: &mut Context<'s, 'm, '_>, instr: Instr, code: Code<'m>, frame: Frame<'s>) -> Exit {
    frame.memory_grow(context.guest, instr);
    context.memory = context.guest.memory(MemoryIdx(0));
    go_on(context, code, frame)
}

#[inline(always)]
fn data<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: Instr, _: Code<'m>, _: Frame<'s>) -> Exit {
    unreachable!("words belong to the instruction in front of them")
}
