//! The handlers of the instructions that go on elsewhere, or change what handlers share: branches, calls, returns.

use crate::context::{Caller, Code, Context, Exit, Step, go_on, go_to};
use crate::frame::Frame;
use crate::handler::{check, next};
use crate::instruction::Op;
use crate::translate::Function;
use abi::trap::TrapCode;
use abi::types::{DefinedFuncIdx, FuncIdx, MemoryIdx, TableIdx, TypeIdx};

#[inline(always)]
pub(crate) fn jump<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    go_to(context, step.immediate(), code, frame)
}

#[inline(always)]
pub(crate) fn br_if<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    match frame.get(step.a) {
        true => jump(context, step, code, frame),
        false => go_on(context, code, frame),
    }
}

#[inline(always)]
pub(crate) fn br_unless<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    match frame.get(step.a) {
        true => go_on(context, code, frame),
        false => jump(context, step, code, frame),
    }
}

#[inline(always)]
pub(crate) fn br_table<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
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
pub(crate) fn call<'s, 'm>(context: &mut Context<'s, 'm, '_>, step: &'m Step, code: Code<'m>, _: Frame<'s>) -> Exit {
    call_own(context, DefinedFuncIdx(step.immediate()), step.a, code)
}

#[inline(always)]
pub(crate) fn call_import<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    _: Frame<'s>,
) -> Exit {
    let callee = import(context, FuncIdx(step.immediate()), step.a);
    call_any(context, callee, step.a, code)
}

#[inline(always)]
pub(crate) fn call_indirect<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let callee = check!(element(context, step, next!(code), frame));
    call_any(context, callee, step.a, code)
}

#[inline(always)]
pub(crate) fn call_ref<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let callee = check!(referred(context, step, next!(code), frame));
    call_any(context, callee, step.a, code)
}

#[inline(always)]
pub(crate) fn return_call<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    _: Code<'m>,
    _: Frame<'s>,
) -> Exit {
    replace(context, DefinedFuncIdx(step.immediate()), step.a)
}

#[inline(always)]
pub(crate) fn return_call_import<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    _: Code<'m>,
    _: Frame<'s>,
) -> Exit {
    let callee = import(context, FuncIdx(step.immediate()), step.a);
    replace_by_any(context, callee, step.a)
}

#[inline(always)]
pub(crate) fn return_call_indirect<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let callee = check!(element(context, step, next!(code), frame));
    replace_by_any(context, callee, step.a)
}

#[inline(always)]
pub(crate) fn return_call_ref<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let callee = check!(referred(context, step, next!(code), frame));
    replace_by_any(context, callee, step.a)
}

#[inline(always)]
pub(crate) fn throw<'s, 'm>(context: &mut Context<'s, 'm, '_>, _: &'m Step, code: Code<'m>, _: Frame<'s>) -> Exit {
    context.code = code;
    Exit::Throw
}

#[inline(always)]
pub(crate) fn throw_ref<'s, 'm>(context: &mut Context<'s, 'm, '_>, _: &'m Step, code: Code<'m>, _: Frame<'s>) -> Exit {
    context.code = code;
    Exit::ThrowRef
}

/// What an import leads to: a function of the instance itself, or one that the context notes with its arguments.
#[inline(never)]
fn import(context: &mut Context<'_, '_, '_>, function: FuncIdx, arguments: u16) -> Option<DefinedFuncIdx> {
    let callee = context.guest.import(function);
    context.own(callee, arguments)
}

/// The same for an element of a table; `data` is the word behind the instruction.
#[inline(never)]
fn element(
    context: &mut Context<'_, '_, '_>,
    step: &Step,
    data: &Step,
    frame: Frame<'_>,
) -> Result<Option<DefinedFuncIdx>, TrapCode> {
    let index = frame.index(step.b, data.a != 0);
    let callee = context.guest.indirect(TableIdx(step.c.into()), index, TypeIdx(data.immediate()))?;
    Ok(context.own(callee, step.a))
}

/// The same for a reference.
#[inline(never)]
fn referred(
    context: &mut Context<'_, '_, '_>,
    step: &Step,
    data: &Step,
    frame: Frame<'_>,
) -> Result<Option<DefinedFuncIdx>, TrapCode> {
    let callee = context.guest.referred(frame.word(step.b), TypeIdx(data.immediate()))?;
    Ok(context.own(callee, step.a))
}

/// Calls a function with arguments that begin in a slot: one of the instance itself, or the one that the context has noted.
#[inline(always)]
pub(crate) fn call_any<'m>(
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
pub(crate) fn call_own<'m>(
    context: &mut Context<'_, 'm, '_>,
    callee: DefinedFuncIdx,
    arguments: u16,
    code: Code<'m>,
) -> Exit {
    match context.interpreter.translated(callee) {
        Some(callee) => enter(context, callee, arguments, code.position()),
        None => enter_first(context, callee, arguments, code.position()),
    }
}

/// Calls a function for the first time.
#[cold]
#[inline(never)]
fn enter_first(context: &mut Context<'_, '_, '_>, callee: DefinedFuncIdx, arguments: u16, at: u32) -> Exit {
    let callee = context.interpreter.translate(context.module, callee);
    enter(context, callee, arguments, at)
}

/// Calls a function with arguments that begin in a slot, to return to an instruction.
#[inline(always)]
pub(crate) fn enter<'m>(context: &mut Context<'_, 'm, '_>, callee: &'m Function, arguments: u16, at: u32) -> Exit {
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
fn enter_deeper<'m>(context: &mut Context<'_, 'm, '_>, callee: &'m Function, arguments: u16, at: u32) -> Exit {
    let calls = context.callers.len();
    if calls == context.max_callers {
        return Exit::Trap(TrapCode::CallStackExhausted);
    }
    context.callers.reserve_exact(calls.max(16).min(context.max_callers - calls));
    enter(context, callee, arguments, at)
}

/// Makes a tail call: of a function of the instance itself, or of the one that the context has noted.
#[inline(always)]
fn replace_by_any(context: &mut Context<'_, '_, '_>, callee: Option<DefinedFuncIdx>, arguments: u16) -> Exit {
    match callee {
        Some(callee) => replace(context, callee, arguments),
        None => Exit::ForeignTail,
    }
}

/// Has a function take the place of the one that runs, and its caller. Its arguments begin in a slot.
#[inline(always)]
fn replace(context: &mut Context<'_, '_, '_>, callee: DefinedFuncIdx, arguments: u16) -> Exit {
    match context.interpreter.translated(callee) {
        Some(callee) => replace_by(context, callee, arguments),
        None => replace_first(context, callee, arguments),
    }
}

/// Makes the first call of a function a tail call.
#[cold]
#[inline(never)]
fn replace_first(context: &mut Context<'_, '_, '_>, callee: DefinedFuncIdx, arguments: u16) -> Exit {
    let callee = context.interpreter.translate(context.module, callee);
    replace_by(context, callee, arguments)
}

#[inline(always)]
fn replace_by<'m>(context: &mut Context<'_, 'm, '_>, callee: &'m Function, arguments: u16) -> Exit {
    let Some(frame) = Frame::with_size(context.words, context.start, callee.size) else {
        return Exit::Trap(TrapCode::CallStackExhausted);
    };
    frame.move_down(arguments, callee.params as usize);
    context.function = callee;
    go_on(context, Code::new(&callee.code, 0), frame)
}

#[inline(always)]
pub(crate) fn return_none<'s, 'm>(context: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    let Some(Caller { function, at, start }) = context.callers.pop() else { return Exit::Return };
    (context.function, context.start) = (function, start);
    match context.frame() {
        Some(frame) => go_on(context, Code::new(&function.code, at), frame),
        None => Exit::Lost,
    }
}

#[inline(always)]
pub(crate) fn zero<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    frame.zero(step.a, step.immediate() as usize);
    go_on(context, code, frame)
}

#[inline(always)]
pub(crate) fn return_one<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    frame.set_word(0, frame.word(step.a));
    return_none(context, step, code, frame)
}

#[inline(always)]
pub(crate) fn return_many<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    frame.move_down(step.a, step.immediate() as usize);
    return_none(context, step, code, frame)
}

#[inline(always)]
pub(crate) fn unreachable<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    Exit::Trap(TrapCode::Unreachable)
}

#[inline(always)]
pub(crate) fn constant_long<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    match context.function.constants.get(step.immediate() as usize) {
        Some(&word) => frame.set_word(step.a, word),
        None => return Exit::Lost,
    }
    go_on(context, code, frame)
}

#[inline(always)]
pub(crate) fn charge<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let Some(charge) = context.function.charges.get(step.immediate() as usize) else { return Exit::Lost };
    check!(context.guest.charge(charge.instructions, charge.gas));
    go_on(context, code, frame)
}

#[inline(always)]
pub(crate) fn poll<'s, 'm>(context: &mut Context<'s, 'm, '_>, _: &'m Step, code: Code<'m>, frame: Frame<'s>) -> Exit {
    check!(context.guest.poll());
    go_on(context, code, frame)
}

#[inline(always)]
pub(crate) fn far<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    unreachable!("it has the handler of the access that follows")
}

#[inline(always)]
pub(crate) fn vector<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
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
pub(crate) fn far_any<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    unreachable!("it has the handler of the access that follows")
}

#[inline(always)]
pub(crate) fn atomic<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    mut code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    let data = next!(code);
    check!(operate_atomically(context, step, data, frame));
    go_on(context, code, frame)
}

#[inline(never)]
fn operate_atomically(
    context: &mut Context<'_, '_, '_>,
    step: &Step,
    data: &Step,
    frame: Frame<'_>,
) -> Result<(), TrapCode> {
    let op = &context.function.atomics[data.immediate() as usize];
    frame.atomic(context.guest, op, step.instr(Op::Atomic), data.instr(Op::Data))
}

#[inline(always)]
pub(crate) fn memory_grow<'s, 'm>(
    context: &mut Context<'s, 'm, '_>,
    step: &'m Step,
    code: Code<'m>,
    frame: Frame<'s>,
) -> Exit {
    grow_memory(context, step, frame);
    go_on(context, code, frame)
}

#[inline(never)]
fn grow_memory(context: &mut Context<'_, '_, '_>, step: &Step, frame: Frame<'_>) {
    frame.memory_grow(context.guest, step.instr(Op::MemoryGrow));
    context.memory = context.guest.memory(MemoryIdx(0));
}

#[inline(always)]
pub(crate) fn data<'s, 'm>(_: &mut Context<'s, 'm, '_>, _: &'m Step, _: Code<'m>, _: Frame<'s>) -> Exit {
    unreachable!("words belong to the instruction in front of them")
}
