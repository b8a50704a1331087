//! Descriptors themselves: closing, renumbering, their rights and flags, the preopened ones.

use crate::context::Context;
use crate::errno::Errno;
use crate::layout::{Fdstat, Prestat};
use crate::memory::{Memory, Ptr};
use crate::table::{Fd, Object};
use crate::types::{FdFlags, Filetype, Rights, flags};

pub(crate) fn fd_close(context: &Context, _: &mut Memory<'_>, fd: Fd) -> Result<(), Errno> {
    context.table.close(fd)
}

pub(crate) fn fd_renumber(context: &Context, _: &mut Memory<'_>, from: Fd, to: Fd) -> Result<(), Errno> {
    context.table.renumber(from, to)
}

pub(crate) fn fd_sync(context: &Context, _: &mut Memory<'_>, fd: Fd) -> Result<(), Errno> {
    match context.table.object(fd, Rights::FD_SYNC)?.host() {
        Some(host) => Ok(rustix::fs::fsync(host)?),
        None => Err(Errno::Inval),
    }
}

pub(crate) fn fd_datasync(context: &Context, _: &mut Memory<'_>, fd: Fd) -> Result<(), Errno> {
    match context.table.object(fd, Rights::FD_DATASYNC)?.host() {
        Some(host) => Ok(rustix::fs::fdatasync(host)?),
        None => Err(Errno::Inval),
    }
}

pub(crate) fn fd_fdstat_get(context: &Context, memory: &mut Memory<'_>, fd: Fd, stat: Ptr) -> Result<(), Errno> {
    let entry = context.table.get(fd)?;
    let stat = memory.slot(stat)?;
    let (filetype, flags) = match &entry.object {
        Object::Stream(stream) => (stream.filetype(), stream.flags()),
        Object::Directory(_) => (Filetype::Directory, FdFlags::empty()),
    };
    let value = Fdstat {
        filetype: filetype as u8,
        flags: flags.bits() as u16,
        rights_base: entry.base.bits(),
        rights_inheriting: entry.inheriting.bits(),
    };
    memory.put(stat, value);
    Ok(())
}

pub(crate) fn fd_fdstat_set_flags(context: &Context, _: &mut Memory<'_>, fd: Fd, fdflags: u32) -> Result<(), Errno> {
    let object = context.table.object(fd, Rights::FD_FDSTAT_SET_FLAGS)?;
    let flags = flags::<FdFlags>(fdflags)?;
    match object {
        Object::Stream(stream) => stream.set_flags(flags),
        // None of the flags means anything for a directory.
        Object::Directory(_) => {}
    }
    Ok(())
}

pub(crate) fn fd_fdstat_set_rights(
    context: &Context,
    _: &mut Memory<'_>,
    fd: Fd,
    base: u64,
    inheriting: u64,
) -> Result<(), Errno> {
    context.table.limit(fd, Rights::from_bits_retain(base), Rights::from_bits_retain(inheriting))
}

pub(crate) fn fd_prestat_get(context: &Context, memory: &mut Memory<'_>, fd: Fd, prestat: Ptr) -> Result<(), Errno> {
    let name = preopened_name(context, fd)?;
    let prestat = memory.slot(prestat)?;
    let name_len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
    memory.put(prestat, Prestat { tag: 0, name_len });
    Ok(())
}

pub(crate) fn fd_prestat_dir_name(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let name = preopened_name(context, fd)?;
    if (path_len as usize) < name.len() {
        return Err(Errno::Nametoolong);
    }
    memory.write_bytes(path, &name)
}

/// C libraries ask for one number after another until `badf`, so this is the answer for every
/// descriptor that the guest has opened itself, too.
fn preopened_name(context: &Context, fd: Fd) -> Result<Vec<u8>, Errno> {
    match context.table.get(fd)?.object {
        Object::Directory(directory) => directory.preopened_as.clone().ok_or(Errno::Badf),
        Object::Stream(_) => Err(Errno::Badf),
    }
}
