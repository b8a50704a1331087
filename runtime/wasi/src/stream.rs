//! What bytes are read from and written to: files, the standard streams, pipes in memory.
//!
//! The flags of a descriptor belong to the guest, not to the host's file: the standard streams are
//! shared with other processes, whose view must not change, and a host's append flag would also
//! divert `fd_pwrite`. So append and the sync flags are given with each write (`pwritev2`), and
//! whether to wait on a shared stream is decided by asking it first.

use std::fs::File;
use std::io::{Cursor, IoSlice, IoSliceMut, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{OFlags, SeekFrom};
use rustix::io::{Errno as Host, ReadWriteFlags, retry_on_intr};

use crate::errno::Errno;
use crate::types::{FdFlags, Filetype, Rights};

/// A pipe in memory that keeps what a program writes. Clones share the contents.
#[derive(Clone, Debug, Default)]
pub struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    /// An empty pipe.
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been written so far.
    pub fn contents(&self) -> Vec<u8> {
        lock(&self.0).clone()
    }

    fn write(&self, slices: &[IoSlice<'_>]) -> usize {
        let mut contents = lock(&self.0);
        let before = contents.len();
        slices.iter().for_each(|slice| contents.extend_from_slice(slice));
        contents.len() - before
    }
}

/// Bytes stay whole whoever panics, so a poisoned lock is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the bytes are.
#[derive(Debug)]
pub(crate) enum Source {
    /// Opened by the guest, used by nobody else.
    Opened(File),
    /// Given by the embedder, who may use it too.
    Given(File),
    /// A standard stream of this process.
    Inherited(BorrowedFd<'static>),
    /// Bytes to be read.
    Input(Mutex<Cursor<Vec<u8>>>),
    /// Takes what is written.
    Output(Pipe),
}

/// Something to read from or write to.
#[derive(Debug)]
pub(crate) struct Stream {
    source: Source,
    filetype: Filetype,
    flags: FdFlags,
}

impl Stream {
    /// A file that the guest has opened with these flags.
    pub fn opened(file: File, filetype: Filetype, flags: FdFlags) -> Self {
        Stream { source: Source::Opened(file), filetype, flags }
    }

    /// A stream that exists before the guest begins.
    pub fn standard(source: Source) -> Self {
        let stream = Stream { source, filetype: Filetype::Unknown, flags: FdFlags::empty() };
        match stream.host().map(|fd| (filetype_of(fd), flags_of(fd))) {
            Some((filetype, flags)) => Stream { filetype, flags, ..stream },
            None => stream,
        }
    }

    /// The host's descriptor, if there is one behind the stream.
    pub fn host(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Opened(file) | Source::Given(file) => Some(file.as_fd()),
            Source::Inherited(fd) => Some(*fd),
            Source::Input(_) | Source::Output(_) => None,
        }
    }

    pub fn filetype(&self) -> Filetype {
        self.filetype
    }

    pub fn flags(&self) -> FdFlags {
        self.flags
    }

    /// The rights that mean something for this stream.
    pub fn applicable_rights(&self) -> Rights {
        match self.host() {
            Some(fd) if rustix::termios::isatty(fd) => Rights::FILE - Rights::POSITION,
            _ => Rights::FILE,
        }
    }

    pub fn set_flags(&mut self, flags: FdFlags) -> Result<(), Errno> {
        if let Source::Opened(file) = &self.source {
            let mut host = rustix::fs::fcntl_getfl(file)?;
            host.set(OFlags::NONBLOCK, flags.contains(FdFlags::NONBLOCK));
            rustix::fs::fcntl_setfl(file, host)?;
        }
        self.flags = flags;
        Ok(())
    }

    /// Reads at the current position.
    pub fn read(&self, slices: &mut [IoSliceMut<'_>]) -> Result<usize, Errno> {
        if let Source::Input(input) = &self.source {
            return Ok(lock(input).read_vectored(slices)?);
        }
        self.transfer(PollFlags::IN, |fd| rustix::io::readv(fd, slices))
    }

    /// Reads at an offset; the position stays.
    pub fn read_at(&self, slices: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize, Errno> {
        let offset = host_offset(offset)?;
        let fd = self.host().ok_or(Errno::Spipe)?;
        Ok(retry_on_intr(|| rustix::io::preadv(fd, slices, offset))?)
    }

    /// Writes at the current position, or at the end if the descriptor appends.
    pub fn write(&self, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
        if let Source::Output(pipe) = &self.source {
            return Ok(pipe.write(slices));
        }
        let mut how = self.sync_flags();
        how.set(ReadWriteFlags::APPEND, self.flags.contains(FdFlags::APPEND));
        self.transfer(PollFlags::OUT, |fd| {
            if how.is_empty() {
                return rustix::io::writev(fd, slices);
            }
            // The offset -1 stands for the current position, which moves on.
            match rustix::io::pwritev2(fd, slices, u64::MAX, how) {
                Err(Host::NOSYS | Host::OPNOTSUPP) => write_in_steps(fd, slices, None, how),
                result => result,
            }
        })
    }

    /// Writes at an offset, also if the descriptor appends; the position stays.
    pub fn write_at(&self, slices: &[IoSlice<'_>], offset: u64) -> Result<usize, Errno> {
        let offset = host_offset(offset)?;
        let fd = self.host().ok_or(Errno::Spipe)?;
        let how = self.sync_flags();
        Ok(retry_on_intr(|| {
            if how.is_empty() {
                return rustix::io::pwritev(fd, slices, offset);
            }
            match rustix::io::pwritev2(fd, slices, offset, how) {
                Err(Host::NOSYS | Host::OPNOTSUPP) => write_in_steps(fd, slices, Some(offset), how),
                result => result,
            }
        })?)
    }

    /// Moves the position and returns the new one.
    pub fn seek(&self, to: SeekFrom) -> Result<u64, Errno> {
        let fd = self.host().ok_or(Errno::Spipe)?;
        Ok(rustix::fs::seek(fd, to)?)
    }

    /// How many bytes can be read at once, as far as it is known.
    pub fn available(&self) -> u64 {
        match (&self.source, self.host()) {
            (Source::Input(input), _) => {
                let input = lock(input);
                (input.get_ref().len() as u64).saturating_sub(input.position())
            }
            (_, Some(fd)) if self.filetype == Filetype::RegularFile => {
                let size = rustix::fs::fstat(fd).map_or(0, |stat| stat.st_size as u64);
                size.saturating_sub(rustix::fs::tell(fd).unwrap_or(0))
            }
            (_, Some(fd)) => rustix::io::ioctl_fionread(fd).unwrap_or(0),
            (_, None) => 0,
        }
    }

    /// What a write must wait for. Synchronized reads ask that writes have reached the disk, which
    /// Linux, too, gives by synchronizing the writes.
    fn sync_flags(&self) -> ReadWriteFlags {
        let mut how = ReadWriteFlags::empty();
        how.set(ReadWriteFlags::SYNC, self.flags.intersects(FdFlags::SYNC | FdFlags::RSYNC));
        how.set(ReadWriteFlags::DSYNC, self.flags.contains(FdFlags::DSYNC));
        how
    }

    /// Does something with the host's descriptor, and waits or not as the guest's flags say,
    /// whatever the host's flags are.
    fn transfer(
        &self,
        event: PollFlags,
        mut action: impl FnMut(BorrowedFd<'_>) -> Result<usize, Host>,
    ) -> Result<usize, Errno> {
        // Reading what can only be written, or the reverse.
        let fd = self.host().ok_or(Errno::Badf)?;
        let nonblock = self.flags.contains(FdFlags::NONBLOCK);
        let shared = !matches!(self.source, Source::Opened(_));
        if nonblock && shared && !wait(fd, event, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? {
            return Err(Errno::Again);
        }
        loop {
            match retry_on_intr(|| action(fd)) {
                Err(Host::AGAIN) if !nonblock => wait(fd, event, None)?,
                result => return Ok(result?),
            };
        }
    }
}

/// Waits until something happens; false if the time was over first.
fn wait(fd: BorrowedFd<'_>, event: PollFlags, timeout: Option<&Timespec>) -> Result<bool, Errno> {
    let mut fds = [PollFd::from_borrowed_fd(fd, event)];
    Ok(retry_on_intr(|| rustix::event::poll(&mut fds, timeout))? > 0)
}

/// An offset that the host takes; negative ones have meanings of their own there.
fn host_offset(offset: u64) -> Result<u64, Errno> {
    i64::try_from(offset).map(|_| offset).map_err(|_| Errno::Inval)
}

/// A write with flags on a host that has no `pwritev2` for them. Another process can write between
/// the steps.
fn write_in_steps(
    fd: BorrowedFd<'_>,
    slices: &[IoSlice<'_>],
    offset: Option<u64>,
    how: ReadWriteFlags,
) -> Result<usize, Host> {
    let written = match offset {
        Some(offset) => rustix::io::pwritev(fd, slices, offset)?,
        None => {
            if how.contains(ReadWriteFlags::APPEND) {
                match rustix::fs::seek(fd, SeekFrom::End(0)) {
                    // A pipe has no other place than its end.
                    Ok(_) | Err(Host::SPIPE) => {}
                    Err(error) => return Err(error),
                }
            }
            rustix::io::writev(fd, slices)?
        }
    };
    if how.contains(ReadWriteFlags::SYNC) {
        rustix::fs::fsync(fd)?;
    } else if how.contains(ReadWriteFlags::DSYNC) {
        rustix::fs::fdatasync(fd)?;
    }
    Ok(written)
}

fn filetype_of(fd: BorrowedFd<'_>) -> Filetype {
    let Ok(stat) = rustix::fs::fstat(fd) else {
        return Filetype::Unknown;
    };
    match Filetype::from(rustix::fs::FileType::from_raw_mode(stat.st_mode)) {
        Filetype::SocketStream => match rustix::net::sockopt::socket_type(fd) {
            Ok(rustix::net::SocketType::DGRAM) => Filetype::SocketDgram,
            _ => Filetype::SocketStream,
        },
        filetype => filetype,
    }
}

/// The flags of a file from outside; waiting is the guest's own affair.
fn flags_of(fd: BorrowedFd<'_>) -> FdFlags {
    let host = rustix::fs::fcntl_getfl(fd).unwrap_or(OFlags::empty());
    let mut flags = FdFlags::empty();
    flags.set(FdFlags::APPEND, host.contains(OFlags::APPEND));
    flags.set(FdFlags::SYNC, host.contains(OFlags::SYNC));
    flags.set(FdFlags::DSYNC, host.contains(OFlags::DSYNC));
    flags
}
