//! Ending a program from another thread, also while it waits in a call.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd};
use rustix::io::Errno as Host;

use crate::clock::{Clock, timespec};
use crate::errno::Errno;

/// Ends a program from another thread: give it to [`Builder::interrupt`](crate::Builder::interrupt), and raise it when the
/// program is to end. A call that waits for a pipe, a terminal, a socket or a clock then ends with
/// [`End::Interrupted`](crate::End::Interrupted) at once, and every later call does.
///
/// What does not end early: reading and writing files on disks, resolving a host name, and a write or `accept` on a stream
/// that this process shares with others, if another one takes what the call has seen to be ready. Clones are the same
/// interrupt; one can serve several programs.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<State>);

#[derive(Debug)]
struct State {
    /// Held while the two others change, so that they agree.
    changing: Mutex<()>,
    raised: AtomicBool,
    /// Readable while the interrupt is raised.
    event: OwnedFd,
}

impl Interrupt {
    /// An interrupt that is not raised.
    ///
    /// # Errors
    ///
    /// The host's error if it has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Interrupt(Arc::new(State { changing: Mutex::new(()), raised: AtomicBool::new(false), event })))
    }

    /// Ends the programs that have it.
    pub fn raise(&self) {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.raised.store(true, Ordering::SeqCst);
        // It fails only if the counter is at its end, and then the descriptor is readable anyway.
        let _ = rustix::io::write(&self.0.event, &1_u64.to_ne_bytes());
    }

    /// Takes it back, so that the programs that have it can be called again.
    pub fn clear(&self) {
        let _changing = self.0.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.raised.store(false, Ordering::SeqCst);
        // It fails only if there is nothing to take back.
        let _ = rustix::io::read(&self.0.event, &mut [0; 8]);
    }

    /// Whether it is raised.
    pub fn is_raised(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }
}

/// Waits for descriptors; gives how many have something to tell, none if the time, in nanoseconds, was over first.
///
/// # Errors
///
/// `intr` if the program is interrupted: then the call that waits ends, and with it the program.
pub(crate) fn wait_for_any<'f>(
    fds: &mut Vec<PollFd<'f>>,
    timeout: Option<u64>,
    interrupt: Option<&'f Interrupt>,
) -> Result<usize, Errno> {
    let deadline = timeout.map(|timeout| Clock::Monotonic.now().saturating_add(timeout));
    let asked = fds.len();
    if let Some(interrupt) = interrupt {
        fds.push(PollFd::from_borrowed_fd(interrupt.0.event.as_fd(), PollFlags::IN));
    }
    let result = loop {
        let left = deadline.map(|deadline| timespec(deadline.saturating_sub(Clock::Monotonic.now())));
        match rustix::event::poll(fds, left.as_ref()) {
            Err(Host::INTR) => continue,
            result => break result,
        }
    };
    fds.truncate(asked);
    let ready = result?;
    if interrupt.is_some_and(Interrupt::is_raised) {
        return Err(Errno::Intr);
    }
    Ok(ready)
}

/// As [`wait_for_any`], for one descriptor; false if the time was over first.
pub(crate) fn wait_for<'f>(
    fd: BorrowedFd<'f>,
    event: PollFlags,
    timeout: Option<u64>,
    interrupt: Option<&'f Interrupt>,
) -> Result<bool, Errno> {
    let mut fds = vec![PollFd::from_borrowed_fd(fd, event)];
    Ok(wait_for_any(&mut fds, timeout, interrupt)? > 0)
}
