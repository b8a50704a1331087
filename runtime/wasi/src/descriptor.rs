//! Descriptors themselves: closing, renumbering, their rights and flags, the preopened ones.

use crate::context::Context;
use crate::errno::Errno;
use crate::layout::{Fdstat, Prestat};
use crate::memory::{Memory, Ptr};
use crate::table::{Directory, Fd, Object};
use crate::types::{FdFlags, Filetype, Rights, flags};

pub(crate) fn fd_close(context: &mut Context, _: &mut Memory<'_>, fd: Fd) -> Result<(), Errno> {
    context.table.close(fd)
}

pub(crate) fn fd_renumber(context: &mut Context, _: &mut Memory<'_>, from: Fd, to: Fd) -> Result<(), Errno> {
    context.table.renumber(from, to)
}

pub(crate) fn fd_sync(context: &mut Context, _: &mut Memory<'_>, fd: Fd) -> Result<(), Errno> {
    match context.table.object(fd, Rights::FD_SYNC)?.host() {
        Some(host) => Ok(rustix::fs::fsync(host)?),
        None => Err(Errno::Inval),
    }
}

pub(crate) fn fd_datasync(context: &mut Context, _: &mut Memory<'_>, fd: Fd) -> Result<(), Errno> {
    match context.table.object(fd, Rights::FD_DATASYNC)?.host() {
        Some(host) => Ok(rustix::fs::fdatasync(host)?),
        None => Err(Errno::Inval),
    }
}

pub(crate) fn fd_fdstat_get(context: &mut Context, memory: &mut Memory<'_>, fd: Fd, stat: Ptr) -> Result<(), Errno> {
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

pub(crate) fn fd_fdstat_set_flags(
    context: &mut Context,
    _: &mut Memory<'_>,
    fd: Fd,
    fdflags: u32,
) -> Result<(), Errno> {
    let entry = context.table.get_mut(fd)?;
    entry.require(Rights::FD_FDSTAT_SET_FLAGS)?;
    let flags = flags::<FdFlags>(fdflags)?;
    match &mut entry.object {
        Object::Stream(stream) => stream.set_flags(flags),
        // None of the flags means anything for a directory.
        Object::Directory(_) => {}
    }
    Ok(())
}

pub(crate) fn fd_fdstat_set_rights(
    context: &mut Context,
    _: &mut Memory<'_>,
    fd: Fd,
    base: u64,
    inheriting: u64,
) -> Result<(), Errno> {
    let entry = context.table.get_mut(fd)?;
    let base = Rights::from_bits_retain(base);
    let inheriting = Rights::from_bits_retain(inheriting);
    if !entry.base.contains(base) || !entry.inheriting.contains(inheriting) {
        return Err(Errno::Notcapable);
    }
    entry.base = base;
    entry.inheriting = inheriting;
    Ok(())
}

pub(crate) fn fd_prestat_get(
    context: &mut Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    prestat: Ptr,
) -> Result<(), Errno> {
    let name = preopened_name(context, fd)?;
    let prestat = memory.slot(prestat)?;
    let name_len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
    memory.put(prestat, Prestat { tag: 0, name_len });
    Ok(())
}

pub(crate) fn fd_prestat_dir_name(
    context: &mut Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    path: Ptr,
    path_len: u32,
) -> Result<(), Errno> {
    let name = preopened_name(context, fd)?;
    if (path_len as usize) < name.len() {
        return Err(Errno::Nametoolong);
    }
    memory.write_bytes(path, name)
}

/// C libraries ask for one number after another until `badf`, so this is the answer for every
/// descriptor that the guest has opened itself, too.
fn preopened_name(context: &Context, fd: Fd) -> Result<&[u8], Errno> {
    match &context.table.get(fd)?.object {
        Object::Directory(Directory { preopened_as: Some(name), .. }) => Ok(name),
        Object::Directory(_) | Object::Stream(_) => Err(Errno::Badf),
    }
}
