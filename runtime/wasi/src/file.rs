//! Reading, writing and positioning through a descriptor.

use std::num::NonZeroU64;

use rustix::fs::{Advice, FallocateFlags, SeekFrom};

use crate::Exit;
use crate::context::Context;
use crate::errno::Errno;
use crate::memory::{Memory, Ptr};
use crate::stream::Stream;
use crate::table::Fd;
use crate::types::Rights;

pub(crate) fn fd_read(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    nread: Ptr,
) -> Result<(), Errno> {
    let stream = context.table.stream(fd, Rights::FD_READ)?;
    let nread = memory.slot::<u32>(nread)?;
    let regions = memory.regions(iovs, count)?;
    let read = memory.scatter(&regions, |slices| stream.read(slices, context.interrupt()))?;
    memory.put(nread, size(read)?);
    Ok(())
}

pub(crate) fn fd_pread(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    offset: u64,
    nread: Ptr,
) -> Result<(), Errno> {
    let stream = context.table.stream(fd, Rights::FD_READ | Rights::FD_SEEK)?;
    let nread = memory.slot::<u32>(nread)?;
    let regions = memory.regions(iovs, count)?;
    let read = memory.scatter(&regions, |slices| stream.read_at(slices, offset))?;
    memory.put(nread, size(read)?);
    Ok(())
}

/// What was transferred, as calls give it. [`Memory::regions`] names no more than fits.
pub(crate) fn size(bytes: usize) -> Result<u32, Errno> {
    u32::try_from(bytes).map_err(|_| Errno::Overflow)
}

/// A program that writes to a standard stream whose other end is closed ends as one for the host does, by a signal.
pub(crate) fn fd_write(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    nwritten: Ptr,
) -> Result<Result<(), Errno>, Exit> {
    let stream = match context.table.stream(fd, Rights::FD_WRITE) {
        Ok(stream) => stream,
        Err(errno) => return Ok(Err(errno)),
    };
    match write(context, memory, &stream, iovs, count, nwritten) {
        Err(Errno::Pipe) if stream.is_inherited() => Err(Exit::BROKEN_PIPE),
        done => Ok(done),
    }
}

fn write(
    context: &Context,
    memory: &mut Memory<'_>,
    stream: &Stream,
    iovs: Ptr,
    count: u32,
    nwritten: Ptr,
) -> Result<(), Errno> {
    let nwritten = memory.slot::<u32>(nwritten)?;
    let regions = memory.regions(iovs, count)?;
    let written = memory.gather(&regions, |slices| stream.write(slices, context.interrupt()))?;
    memory.put(nwritten, size(written)?);
    Ok(())
}

pub(crate) fn fd_pwrite(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    iovs: Ptr,
    count: u32,
    offset: u64,
    nwritten: Ptr,
) -> Result<(), Errno> {
    let stream = context.table.stream(fd, Rights::FD_WRITE | Rights::FD_SEEK)?;
    let nwritten = memory.slot::<u32>(nwritten)?;
    let regions = memory.regions(iovs, count)?;
    let written = memory.gather(&regions, |slices| stream.write_at(slices, offset))?;
    memory.put(nwritten, size(written)?);
    Ok(())
}

pub(crate) fn fd_seek(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    delta: i64,
    whence: u32,
    position: Ptr,
) -> Result<(), Errno> {
    let to = match whence {
        0 => SeekFrom::Start(u64::try_from(delta).map_err(|_| Errno::Inval)?),
        1 => SeekFrom::Current(delta),
        2 => SeekFrom::End(delta),
        _ => return Err(Errno::Inval),
    };
    match to {
        SeekFrom::Current(0) => fd_tell(context, memory, fd, position),
        _ => {
            let stream = context.table.stream(fd, Rights::FD_SEEK)?;
            let slot = memory.slot::<u64>(position)?;
            memory.put(slot, stream.seek(to)?);
            Ok(())
        }
    }
}

pub(crate) fn fd_tell(context: &Context, memory: &mut Memory<'_>, fd: Fd, position: Ptr) -> Result<(), Errno> {
    // The right to seek includes the right to tell.
    let entry = context.table.get(fd)?;
    let right = if entry.base.contains(Rights::FD_SEEK) { Rights::FD_SEEK } else { Rights::FD_TELL };
    let stream = entry.stream(right)?;
    let slot = memory.slot::<u64>(position)?;
    memory.put(slot, stream.seek(SeekFrom::Current(0))?);
    Ok(())
}

pub(crate) fn fd_advise(
    context: &Context,
    _: &mut Memory<'_>,
    fd: Fd,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Errno> {
    let stream = context.table.stream(fd, Rights::FD_ADVISE)?;
    let advice = match advice {
        0 => Advice::Normal,
        1 => Advice::Sequential,
        2 => Advice::Random,
        3 => Advice::WillNeed,
        4 => Advice::DontNeed,
        5 => Advice::NoReuse,
        _ => return Err(Errno::Inval),
    };
    i64::try_from(offset).and_then(|_| i64::try_from(len)).map_err(|_| Errno::Inval)?;
    let host = stream.host().ok_or(Errno::Spipe)?;
    Ok(rustix::fs::fadvise(host, offset, NonZeroU64::new(len), advice)?)
}

pub(crate) fn fd_allocate(context: &Context, _: &mut Memory<'_>, fd: Fd, offset: u64, len: u64) -> Result<(), Errno> {
    let stream = context.table.stream(fd, Rights::FD_ALLOCATE)?;
    let host = stream.host().ok_or(Errno::Spipe)?;
    i64::try_from(offset).and_then(|_| i64::try_from(len)).map_err(|_| Errno::Inval)?;
    Ok(rustix::fs::fallocate(host, FallocateFlags::empty(), offset, len)?)
}

pub(crate) fn fd_filestat_set_size(context: &Context, _: &mut Memory<'_>, fd: Fd, size: u64) -> Result<(), Errno> {
    let stream = context.table.stream(fd, Rights::FD_FILESTAT_SET_SIZE)?;
    let host = stream.host().ok_or(Errno::Inval)?;
    i64::try_from(size).map_err(|_| Errno::Inval)?;
    Ok(rustix::fs::ftruncate(host, size)?)
}
