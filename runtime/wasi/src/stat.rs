//! Attributes of files: by descriptor and by path.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use cap_fs_ext::{DirExt, SystemTimeSpec};
use cap_std::fs::{Metadata, MetadataExt};
use cap_std::time::SystemTime;
use rustix::fs::{FileType, Stat, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::time::Timespec;

use crate::clock::{nanoseconds, timespec};
use crate::context::Context;
use crate::errno::Errno;
use crate::layout::Filestat;
use crate::memory::{Memory, Ptr};
use crate::table::{Fd, Object};
use crate::types::{Filetype, LookupFlags, Rights, TimeFlags, flags};

#[allow(clippy::unnecessary_cast, reason = "the host's widths differ between architectures")]
impl From<Stat> for Filestat {
    fn from(stat: Stat) -> Self {
        let time = |tv_sec, tv_nsec| nanoseconds(Timespec { tv_sec, tv_nsec });
        Filestat {
            dev: stat.st_dev,
            ino: stat.st_ino,
            filetype: Filetype::from(FileType::from_raw_mode(stat.st_mode)) as u8,
            nlink: stat.st_nlink as u64,
            size: stat.st_size as u64,
            atim: time(stat.st_atime, stat.st_atime_nsec as i64),
            mtim: time(stat.st_mtime, stat.st_mtime_nsec as i64),
            ctim: time(stat.st_ctime, stat.st_ctime_nsec as i64),
        }
    }
}

impl From<Metadata> for Filestat {
    fn from(metadata: Metadata) -> Self {
        let time = |tv_sec, tv_nsec| nanoseconds(Timespec { tv_sec, tv_nsec });
        Filestat {
            dev: metadata.dev(),
            ino: metadata.ino(),
            filetype: Filetype::from(FileType::from_raw_mode(metadata.mode())) as u8,
            nlink: metadata.nlink(),
            size: metadata.size(),
            atim: time(metadata.atime(), metadata.atime_nsec()),
            mtim: time(metadata.mtime(), metadata.mtime_nsec()),
            ctim: time(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

pub(crate) fn fd_filestat_get(context: &Context, memory: &mut Memory<'_>, fd: Fd, stat: Ptr) -> Result<(), Errno> {
    let object = context.table.object(fd, Rights::FD_FILESTAT_GET)?;
    let slot = memory.slot(stat)?;
    let mut value = match object.host() {
        Some(host) => Filestat::from(rustix::fs::fstat(host)?),
        // A stream in memory has no attributes.
        None => Filestat::default(),
    };
    // A stream knows more about sockets than a mode does.
    if let Object::Stream(stream) = object {
        value.filetype = stream.filetype() as u8;
    }
    memory.put(slot, value);
    Ok(())
}

pub(crate) fn path_filestat_get(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    lookup: u32,
    path: Ptr,
    path_len: u32,
    stat: Ptr,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::PATH_FILESTAT_GET)?;
    let slot = memory.slot(stat)?;
    let path = memory.path(path, path_len)?;
    let metadata =
        if follows(lookup, &path)? { directory.dir.metadata(path)? } else { directory.dir.symlink_metadata(path)? };
    memory.put(slot, Filestat::from(metadata));
    Ok(())
}

/// Whether a link that the path ends with is to be followed. One with a slash behind it always is, as it must be a directory
/// then; cap-std overlooks that.
fn follows(lookup: u32, path: &Path) -> Result<bool, Errno> {
    let bytes = path.as_os_str().as_bytes();
    let must = bytes.ends_with(b"/") || bytes.ends_with(b"/.");
    Ok(flags::<LookupFlags>(lookup)?.contains(LookupFlags::SYMLINK_FOLLOW) || must)
}

/// What a time of a file becomes.
#[derive(Clone, Copy, Debug)]
enum NewTime {
    Same,
    Now,
    At(u64),
}

impl NewTime {
    /// From a time and the two flags for it.
    fn new(nanoseconds: u64, flags: TimeFlags, at: TimeFlags, now: TimeFlags) -> Result<Self, Errno> {
        match (flags.contains(at), flags.contains(now)) {
            (false, false) => Ok(NewTime::Same),
            (false, true) => Ok(NewTime::Now),
            (true, false) => Ok(NewTime::At(nanoseconds)),
            (true, true) => Err(Errno::Inval),
        }
    }

    /// Access and modification time from the arguments of a call.
    fn pair(atim: u64, mtim: u64, bits: u32) -> Result<(Self, Self), Errno> {
        let flags = flags::<TimeFlags>(bits)?;
        Ok((
            NewTime::new(atim, flags, TimeFlags::ATIM, TimeFlags::ATIM_NOW)?,
            NewTime::new(mtim, flags, TimeFlags::MTIM, TimeFlags::MTIM_NOW)?,
        ))
    }

    fn host(self) -> Timespec {
        match self {
            NewTime::Same => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            NewTime::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
            NewTime::At(nanoseconds) => timespec(nanoseconds),
        }
    }

    fn spec(self) -> Option<SystemTimeSpec> {
        match self {
            NewTime::Same => None,
            NewTime::Now => Some(SystemTimeSpec::SymbolicNow),
            NewTime::At(nanoseconds) => Some(SystemTimeSpec::Absolute(SystemTime::from_std(
                std::time::UNIX_EPOCH + Duration::from_nanos(nanoseconds),
            ))),
        }
    }
}

pub(crate) fn fd_filestat_set_times(
    context: &Context,
    _: &mut Memory<'_>,
    fd: Fd,
    atim: u64,
    mtim: u64,
    fstflags: u32,
) -> Result<(), Errno> {
    let object = context.table.object(fd, Rights::FD_FILESTAT_SET_TIMES)?;
    let (access, modification) = NewTime::pair(atim, mtim, fstflags)?;
    let host = object.host().ok_or(Errno::Inval)?;
    let times = Timestamps { last_access: access.host(), last_modification: modification.host() };
    Ok(rustix::fs::futimens(host, &times)?)
}

#[expect(clippy::too_many_arguments, reason = "the signature in the witx")]
pub(crate) fn path_filestat_set_times(
    context: &Context,
    memory: &mut Memory<'_>,
    fd: Fd,
    lookup: u32,
    path: Ptr,
    path_len: u32,
    atim: u64,
    mtim: u64,
    fstflags: u32,
) -> Result<(), Errno> {
    let directory = context.table.directory(fd, Rights::PATH_FILESTAT_SET_TIMES)?;
    let path = memory.path(path, path_len)?;
    let follow = follows(lookup, &path)?;
    let (access, modification) = NewTime::pair(atim, mtim, fstflags)?;
    let dir = &directory.dir;
    if follow {
        // Resolved first: to set times through a link, cap-std opens the file, which can fail, or wait for a pipe's
        // other end.
        return Ok(dir.set_symlink_times(dir.canonicalize(path)?, access.spec(), modification.spec())?);
    }
    Ok(dir.set_symlink_times(path, access.spec(), modification.spec())?)
}
