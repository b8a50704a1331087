//! What bytes are read from and written to: files, the standard streams, pipes in memory.
//!
//! The flags of a descriptor belong to the guest, not to the host's file: the standard streams are
//! shared with other processes, whose view must not change, and a host's append flag would also
//! divert `fd_pwrite`. So append and the sync flags are given with each write (`pwritev2`). The host
//! never waits for a pipe, device or socket that the guest has opened; whoever waits does so in
//! `poll`, where an interrupt is heard. A stream that others use too is asked first whether it is
//! ready, if the guest must not wait or can be interrupted.

use std::fs::File;
use std::io::{Cursor, IoSlice, IoSliceMut, Read};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::PollFlags;
use rustix::fs::{OFlags, SeekFrom};
use rustix::io::{Errno as Host, ReadWriteFlags, retry_on_intr};
use rustix::net::{RecvAncillaryBuffer, RecvFlags, RecvMsg, SendAncillaryBuffer, SendFlags};

use crate::errno::Errno;
use crate::interrupt::{Interrupt, wait_for};
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

    fn write(&self, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut contents = lock(&self.0);
        let mut room = MAX_TRANSFER;
        let before = contents.len();
        for slice in slices {
            let piece = &slice[..slice.len().min(room)];
            contents.try_reserve(piece.len()).map_err(|_| Errno::Nospc)?;
            contents.extend_from_slice(piece);
            room -= piece.len();
        }
        Ok(contents.len() - before)
    }
}

/// The most bytes of one write to a pipe in memory; about what Linux takes at once.
const MAX_TRANSFER: usize = 1 << 30;

/// What a pipe that is ready takes at once without keeping the writer waiting (`PIPE_BUF` of Linux).
const PIPE_BUF: usize = 4096;

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

impl Source {
    fn host(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Source::Opened(file) | Source::Given(file) => Some(file.as_fd()),
            Source::Inherited(fd) => Some(*fd),
            Source::Input(_) | Source::Output(_) => None,
        }
    }
}

/// Something to read from or write to.
#[derive(Debug)]
pub(crate) struct Stream {
    source: Source,
    filetype: Filetype,
    /// Of [`FdFlags`].
    flags: AtomicU32,
    timeouts: Mutex<Timeouts>,
    turn: Mutex<()>,
}

/// How long a socket waits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timeouts {
    /// To receive, in nanoseconds; none is forever.
    pub receive: Option<u64>,
    /// To send.
    pub send: Option<u64>,
    /// To send what is left when it is closed, in seconds, if the guest has said.
    pub linger: Option<u32>,
}

impl Stream {
    /// A file that the guest has opened with these flags. On the host it is open without waiting.
    pub fn opened(file: File, filetype: Filetype, flags: FdFlags) -> Self {
        Stream::new(Source::Opened(file), filetype, flags)
    }

    /// A stream that exists before the guest begins.
    pub fn standard(source: Source) -> Self {
        let (filetype, flags) = match source.host() {
            Some(fd) => (filetype_of(fd), flags_of(fd)),
            None => (Filetype::Unknown, FdFlags::empty()),
        };
        Stream::new(source, filetype, flags)
    }

    fn new(source: Source, filetype: Filetype, flags: FdFlags) -> Self {
        Stream {
            source,
            filetype,
            flags: AtomicU32::new(flags.bits()),
            timeouts: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// The host's descriptor, if there is one behind the stream.
    pub fn host(&self) -> Option<BorrowedFd<'_>> {
        self.source.host()
    }

    pub fn filetype(&self) -> Filetype {
        self.filetype
    }

    pub fn flags(&self) -> FdFlags {
        FdFlags::from_bits_truncate(self.flags.load(Ordering::SeqCst))
    }

    /// A standard stream of this process.
    pub fn is_inherited(&self) -> bool {
        matches!(self.source, Source::Inherited(_))
    }

    pub fn is_socket(&self) -> bool {
        matches!(self.filetype, Filetype::SocketDgram | Filetype::SocketStream)
    }

    /// The host's descriptor, which must be a socket.
    pub fn socket(&self) -> Result<BorrowedFd<'_>, Errno> {
        self.host().filter(|_| self.is_socket()).ok_or(Errno::Notsock)
    }

    /// The rights that mean something for this stream, but those of sockets alone.
    pub fn applicable_rights(&self) -> Rights {
        match self.host() {
            Some(fd) if rustix::termios::isatty(fd) => Rights::FILE - Rights::POSITION,
            _ => Rights::FILE,
        }
    }

    pub fn set_flags(&self, flags: FdFlags) {
        self.flags.store(flags.bits(), Ordering::SeqCst);
    }

    pub fn timeouts(&self) -> Timeouts {
        *lock(&self.timeouts)
    }

    pub fn set_timeouts(&self, set: impl FnOnce(&mut Timeouts)) {
        set(&mut lock(&self.timeouts));
    }

    /// Whether the guest does not want to wait.
    pub fn nonblock(&self) -> bool {
        self.flags().contains(FdFlags::NONBLOCK)
    }

    /// Reads at the current position.
    pub fn read(&self, slices: &mut [IoSliceMut<'_>], interrupt: Option<&Interrupt>) -> Result<usize, Errno> {
        if let Source::Input(input) = &self.source {
            return Ok(lock(input).read_vectored(slices)?);
        }
        if self.moves_nothing(slices.is_empty()) {
            return Ok(0);
        }
        if self.is_socket() {
            return Ok(self.receive(slices, RecvFlags::empty(), interrupt)?.bytes);
        }
        self.transfer(PollFlags::IN, interrupt, |fd| rustix::io::readv(fd, slices))
    }

    /// Reads at an offset; the position stays.
    pub fn read_at(&self, slices: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize, Errno> {
        let offset = host_offset(offset)?;
        let fd = self.host().ok_or(Errno::Spipe)?;
        Ok(retry_on_intr(|| rustix::io::preadv(fd, slices, offset))?)
    }

    /// Writes at the current position, or at the end if the descriptor appends.
    pub fn write(&self, slices: &[IoSlice<'_>], interrupt: Option<&Interrupt>) -> Result<usize, Errno> {
        if let Source::Output(pipe) = &self.source {
            return pipe.write(slices);
        }
        if self.moves_nothing(slices.is_empty()) {
            return Ok(0);
        }
        if self.is_socket() {
            return self.send(slices, None, interrupt);
        }
        if !self.keeps_waiting() {
            return self.write_some(slices, interrupt);
        }
        self.write_all(slices, |slices| match self.source {
            // The host waits until all is written, and would not hear of an interrupt.
            Source::Given(_) | Source::Inherited(_) if interrupt.is_some() => {
                let bytes = slices.iter().fold(0, |sum: usize, slice| sum.saturating_add(slice.len()));
                match slices.iter().find(|slice| !slice.is_empty()) {
                    Some(first) if bytes > PIPE_BUF => {
                        self.write_some(&[IoSlice::new(&first[..first.len().min(PIPE_BUF)])], interrupt)
                    }
                    _ => self.write_some(slices, interrupt),
                }
            }
            _ => self.write_some(slices, interrupt),
        })
    }

    /// Writes until nothing is left, if the guest waits: the host takes in pieces what it is not to wait for.
    fn write_all(
        &self,
        slices: &[IoSlice<'_>],
        mut write: impl FnMut(&[IoSlice<'_>]) -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        let mut left = slices.to_vec();
        let mut left = &mut left[..];
        let mut written = 0;
        loop {
            match write(left) {
                Ok(bytes) => {
                    written += bytes;
                    IoSlice::advance_slices(&mut left, bytes);
                    if bytes == 0 || left.is_empty() || self.nonblock() {
                        return Ok(written);
                    }
                }
                // What has been written must not be lost; the error comes again with the next call.
                Err(_) if written > 0 => return Ok(written),
                Err(errno) => return Err(errno),
            }
        }
    }

    fn write_some(&self, slices: &[IoSlice<'_>], interrupt: Option<&Interrupt>) -> Result<usize, Errno> {
        let mut how = self.sync_flags();
        how.set(ReadWriteFlags::APPEND, self.flags().contains(FdFlags::APPEND));
        self.transfer(PollFlags::OUT, interrupt, |fd| {
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

    /// Receives a message, or what a socket of bytes has.
    pub fn receive(
        &self,
        slices: &mut [IoSliceMut<'_>],
        how: RecvFlags,
        interrupt: Option<&Interrupt>,
    ) -> Result<RecvMsg, Errno> {
        self.transfer(PollFlags::IN, interrupt, |fd| {
            rustix::net::recvmsg(fd, slices, &mut RecvAncillaryBuffer::default(), how | RecvFlags::DONTWAIT)
        })
    }

    /// Sends a message, to an address if there is one, or bytes.
    pub fn send(
        &self,
        slices: &[IoSlice<'_>],
        to: Option<SocketAddr>,
        interrupt: Option<&Interrupt>,
    ) -> Result<usize, Errno> {
        // A connection that is closed is an error, not a signal.
        let how = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        let send = |slices: &[IoSlice<'_>]| {
            let control = &mut SendAncillaryBuffer::default();
            self.transfer(PollFlags::OUT, interrupt, |fd| match to {
                Some(to) => rustix::net::sendmsg_addr(fd, &to, slices, control, how),
                None => rustix::net::sendmsg(fd, slices, control, how),
            })
        };
        match self.filetype {
            Filetype::SocketStream => self.write_all(slices, send),
            // A message goes as a whole.
            _ => send(slices),
        }
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
        how.set(ReadWriteFlags::SYNC, self.flags().intersects(FdFlags::SYNC | FdFlags::RSYNC));
        how.set(ReadWriteFlags::DSYNC, self.flags().contains(FdFlags::DSYNC));
        how
    }

    /// Whether a read or write may have to wait for somebody else.
    fn keeps_waiting(&self) -> bool {
        !matches!(self.filetype, Filetype::RegularFile | Filetype::BlockDevice | Filetype::Directory)
    }

    /// Whether there is nothing to wait for, since nothing is to be moved. An empty message is something.
    pub fn moves_nothing(&self, empty: bool) -> bool {
        empty && self.keeps_waiting() && self.filetype != Filetype::SocketDgram
    }

    /// Does something with the host's descriptor, and waits or not as the guest's flags say,
    /// whatever the host's flags are.
    pub fn transfer<T>(
        &self,
        event: PollFlags,
        interrupt: Option<&Interrupt>,
        mut action: impl FnMut(BorrowedFd<'_>) -> Result<T, Host>,
    ) -> Result<T, Errno> {
        // Reading what can only be written, or the reverse.
        let fd = self.host().ok_or(Errno::Badf)?;
        if !self.keeps_waiting() {
            return Ok(retry_on_intr(|| action(fd))?);
        }
        let own = matches!(self.source, Source::Opened(_));
        let timeout = match (self.nonblock(), event) {
            (true, _) => Some(0),
            (false, PollFlags::OUT) => self.timeouts().send,
            (false, _) => self.timeouts().receive,
        };
        if own {
            // What nobody writes to yet would seem to be at its end.
            if !self.nonblock() && !wait_for(fd, event, timeout, interrupt)? {
                return Err(Errno::Again);
            }
        } else if self.nonblock() || interrupt.is_some() {
            return self.take_turns(event, timeout, interrupt, action);
        }
        loop {
            match retry_on_intr(|| action(fd)) {
                Err(Host::AGAIN) if !self.nonblock() => {
                    if !wait_for(fd, event, timeout, interrupt)? {
                        return Err(Errno::Again);
                    }
                }
                result => return Ok(result?),
            }
        }
    }

    /// The same for a stream on which the host may wait, but must not. One thread at a time asks whether it is ready, and takes
    /// what it is ready for, so that no other one waits on the host for what is gone.
    fn take_turns<T>(
        &self,
        event: PollFlags,
        timeout: Option<u64>,
        interrupt: Option<&Interrupt>,
        mut action: impl FnMut(BorrowedFd<'_>) -> Result<T, Host>,
    ) -> Result<T, Errno> {
        let fd = self.host().ok_or(Errno::Badf)?;
        loop {
            if !wait_for(fd, event, timeout, interrupt)? {
                return Err(Errno::Again);
            }
            let _turn = lock(&self.turn);
            if wait_for(fd, event, Some(0), interrupt)? {
                match retry_on_intr(|| action(fd)) {
                    Err(Host::AGAIN) if !self.nonblock() => {}
                    result => return Ok(result?),
                }
            }
        }
    }
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
