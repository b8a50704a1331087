//! Arguments, environment, random bytes, and how a program ends.

use crate::Exit;
use crate::context::Context;
use crate::errno::Errno;
use crate::memory::{Memory, Ptr};

pub(crate) fn args_get(context: &Context, memory: &mut Memory<'_>, argv: Ptr, argv_buf: Ptr) -> Result<(), Errno> {
    write_strings(memory, &context.args, argv, argv_buf)
}

pub(crate) fn args_sizes_get(context: &Context, memory: &mut Memory<'_>, count: Ptr, size: Ptr) -> Result<(), Errno> {
    write_sizes(memory, &context.args, count, size)
}

pub(crate) fn environ_get(
    context: &Context,
    memory: &mut Memory<'_>,
    environ: Ptr,
    environ_buf: Ptr,
) -> Result<(), Errno> {
    write_strings(memory, &context.environ, environ, environ_buf)
}

pub(crate) fn environ_sizes_get(
    context: &Context,
    memory: &mut Memory<'_>,
    count: Ptr,
    size: Ptr,
) -> Result<(), Errno> {
    write_sizes(memory, &context.environ, count, size)
}

/// The strings one after another, each with a NUL, and an array of pointers to them.
fn write_strings(memory: &mut Memory<'_>, strings: &[Vec<u8>], pointers: Ptr, buffer: Ptr) -> Result<(), Errno> {
    let mut written = 0;
    for (index, string) in strings.iter().enumerate() {
        let at = buffer.after(written)?;
        memory.write_element(pointers, index, at.0)?;
        memory.write_bytes(at, string)?;
        memory.write_bytes(at.after(string.len())?, &[0])?;
        written += string.len() + 1;
    }
    Ok(())
}

fn write_sizes(memory: &mut Memory<'_>, strings: &[Vec<u8>], count: Ptr, size: Ptr) -> Result<(), Errno> {
    let (count, size) = (memory.slot(count)?, memory.slot(size)?);
    let bytes: usize = strings.iter().map(|string| string.len() + 1).sum();
    let number = u32::try_from(strings.len()).map_err(|_| Errno::Overflow)?;
    let bytes = u32::try_from(bytes).map_err(|_| Errno::Overflow)?;
    memory.put(count, number);
    memory.put(size, bytes);
    Ok(())
}

pub(crate) fn random_get(context: &Context, memory: &mut Memory<'_>, buf: Ptr, len: u32) -> Result<(), Errno> {
    memory.fill(buf, len, |piece| {
        // All of a large memory takes seconds.
        context.check().map_err(|_| Errno::Intr)?;
        getrandom::fill(piece).map_err(|_| Errno::Io)
    })
}

pub(crate) fn sched_yield(_: &Context, _: &mut Memory<'_>) -> Result<(), Errno> {
    std::thread::yield_now();
    Ok(())
}

pub(crate) fn proc_exit(_: &Context, _: &mut Memory<'_>, code: u32) -> Exit {
    Exit(code)
}

/// The signals of preview 1 by what they do to a program that does not handle them; it cannot.
pub(crate) fn proc_raise(_: &Context, _: &mut Memory<'_>, signal: u32) -> Result<Result<(), Errno>, Exit> {
    match signal {
        // none, pipe, chld, cont, urg, winch: ignored, or nothing to do.
        0 | 13 | 16 | 17 | 22 | 27 => Ok(Ok(())),
        // stop, tstp, ttin, ttou: there is nobody who could continue the program.
        18..=21 => Ok(Err(Errno::Notsup)),
        // All others end the program; the exit code is the one shells give for a signal.
        1..=30 => Err(Exit(128 + signal)),
        _ => Ok(Err(Errno::Inval)),
    }
}
