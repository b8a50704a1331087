//! The functions that run instructions: a handler for each row, made from its shape.
//!
//! A handler does what its instruction does and ends with a call of the next one's, which is a jump in optimized code: an
//! instruction costs one indirect jump from a place of its own, and what nearly every instruction needs stays in registers.
//! Nothing promises that such a call becomes a jump. It does if the function keeps nothing of its own in memory, so handlers are
//! small, pass on by value what they have, and leave what is rare or large to functions that are not inlined. A test holds that no
//! instruction deepens the stack. Where code is not optimized, a handler returns instead, and a loop calls the next one (`chained`).

use crate::context::{Code, Context, Exit, Handler, Step, go_on, go_to};
use crate::control;
use crate::frame::Frame;
use crate::fuse;
use crate::instruction::{Instr, Op};
use crate::semantics::{convert, float, int, reference, wide};
use abi::trap::TrapCode;
use abi::types::MemoryIdx;
use vm::Guest;

/// Gives instructions their handlers.
pub(crate) fn steps(instrs: &[Instr]) -> Box<[Step]> {
    let handler = |position: usize| match (instrs[position], instrs.get(position + 1)) {
        (Instr { op: Op::Far, .. }, Some(access)) => access.op.far_handler().expect("an access follows"),
        (Instr { op: Op::FarAny, .. }, Some(access)) => access.op.far_any_handler().expect("an access follows"),
        (first, Some(&second)) => fuse::pair(first, second).unwrap_or_else(|| first.op.handler()),
        (last, None) => last.op.handler(),
    };
    instrs.iter().enumerate().map(|(position, &instr)| Step::new(handler(position), instr)).collect()
}

/// Defines a handler.
macro_rules! handler {
    ($name:ident($context:ident, $step:ident, $code:ident, $frame:ident) $body:block) => {{
        #[allow(non_snake_case, unused_mut, unused_variables, unreachable_code)]
        fn $name<'s, 'm>(
            $context: &mut Context<'s, 'm, '_>,
            $step: &'m Step,
            steps: &'m [Step],
            at: u32,
            $frame: Frame<'s>,
        ) -> Exit {
            let mut $code = Code::new(steps, at);
            $body
        }
        $name as $crate::context::Handler
    }};
}

/// The next instruction, or the word that belongs to the one in front of it.
macro_rules! next {
    ($code:ident) => {
        match $code.next() {
            Some(step) => step,
            None => return $crate::context::Exit::Lost,
        }
    };
}

macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(code) => return $crate::context::Exit::Trap(code),
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
    ($op:ident $context:ident $step:ident $code:ident $frame:ident, paired $method:ident($($arg:expr),*)) => {{
        let data = next!($code).instr(Op::Data);
        $frame.$method($step.instr(Op::$op), data $(, $arg)*)
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
        let instr = $step.instr(Op::$op);
        check!($frame.$method($context.memory, instr, $frame.address(instr, instr.immediate()), $($arg),*))
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
        return control::$method($context, $step, $code, $frame)
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
            check!(frame.$method(memory, access, frame.address(access, far.immediate()), $($arg),*));
            go_on(context, code, frame)
        }))
    }};
    ($other:ident $name:ident $method:ident($($arg:expr),*)) => {
        None
    };
}

/// The handler of a `FarAny` in front of an access: one to a memory that is 64-bit or shared.
macro_rules! far_any_handler {
    (access $name:ident $method:ident($($arg:expr),*)) => {{
        #[inline(never)]
        fn outlined(context: &Context<'_, '_, '_>, far: &Step, access: &Step, frame: Frame<'_>) -> Result<(), TrapCode> {
            let place = &context.function.accesses[far.immediate() as usize];
            let access = access.instr(Op::$name);
            let address = frame.any_address(access.b, place)?;
            frame.$method(context.guest.any_memory(place.memory), access, address, $($arg),*)
        }
        Some(handler!($name(context, step, code, frame) {
            let access = next!(code);
            check!(outlined(context, step, access, frame));
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

            /// The function that runs a `FarAny` and this, if this is an access.
            fn far_any_handler(self) -> Option<Handler> {
                match self {
                    $(Op::$name => far_any_handler!($shape $name $method($($arg),*)),)*
                }
            }
        }
    };
}
for_each_instruction!(handlers);
