//! Waiting for clocks and descriptors.
//!
//! A subscription that cannot be waited for (a closed descriptor, a missing right, an unknown
//! clock) makes an event with an error at once, as the witx has it; the call itself succeeds.

use std::sync::Arc;

use bitflags::bitflags;
use rustix::event::{PollFd, PollFlags};

use crate::clock::Clock;
use crate::context::Context;
use crate::errno::Errno;
use crate::interrupt::{Interrupt, wait_for_any};
use crate::layout::{Event, Subscription};
use crate::memory::{Memory, Ptr};
use crate::stream::Stream;
use crate::table::{Fd, Table};
use crate::types::{Rights, flags};

/// The most subscriptions of one call.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// The longest sleep towards a time of day: the clock can be set meanwhile.
const REALTIME_SLICE: u64 = 1_000_000_000;

const EVENT_CLOCK: u8 = 0;
const EVENT_FD_READ: u8 = 1;
const EVENT_FD_WRITE: u8 = 2;

bitflags! {
    /// `subclockflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct ClockFlags: u32 {
        const ABSTIME = 1 << 0;
    }

    /// `eventrwflags`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct ReadWriteFlags: u16 {
        const HANGUP = 1 << 0;
    }
}

/// What a subscription waits for.
#[derive(Debug)]
enum Awaited {
    /// Nothing: it has happened, or cannot be waited for.
    Over { error: Errno, nbytes: u64 },
    /// A clock reaches a time.
    Deadline { clock: Clock, at: u64, absolute: bool },
    /// A stream of the host is ready.
    Ready { stream: Arc<Stream>, event: PollFlags },
}

impl Awaited {
    fn new(subscription: &Subscription, table: &Table) -> Result<Self, Errno> {
        let awaited = match subscription.tag {
            EVENT_CLOCK => Self::clock(subscription),
            EVENT_FD_READ => Self::stream(subscription, table, Rights::FD_READ, PollFlags::IN),
            EVENT_FD_WRITE => Self::stream(subscription, table, Rights::FD_WRITE, PollFlags::OUT),
            _ => return Err(Errno::Inval),
        };
        Ok(awaited.unwrap_or_else(|error| Awaited::Over { error, nbytes: 0 }))
    }

    fn clock(subscription: &Subscription) -> Result<Self, Errno> {
        let clock = Clock::try_from(subscription.id)?;
        if let Clock::ProcessCputime | Clock::ThreadCputime = clock {
            // They stand still while the program waits.
            return Err(Errno::Notsup);
        }
        let absolute = flags::<ClockFlags>(subscription.flags.into())?.contains(ClockFlags::ABSTIME);
        Ok(if absolute {
            Awaited::Deadline { clock, at: subscription.timeout, absolute }
        } else {
            // A span does not depend on a clock being set, so any is measured by this one.
            let clock = Clock::Monotonic;
            let at = clock.now().saturating_add(subscription.timeout);
            Awaited::Deadline { clock, at, absolute }
        })
    }

    fn stream(subscription: &Subscription, table: &Table, right: Rights, event: PollFlags) -> Result<Self, Errno> {
        let stream = table.stream(Fd(subscription.id), Rights::POLL_FD_READWRITE | right)?;
        Ok(match stream.host() {
            Some(_) => Awaited::Ready { stream, event },
            // Memory never keeps anybody waiting.
            None => Awaited::Over { error: Errno::Success, nbytes: stream.available() },
        })
    }

    /// The longest wait that this one allows, if it limits it.
    fn timeout(&self) -> Option<u64> {
        match *self {
            Awaited::Over { .. } => Some(0),
            Awaited::Deadline { clock, at, absolute } => {
                let span = at.saturating_sub(clock.now());
                let sliced = absolute && clock == Clock::Realtime;
                Some(if sliced { span.min(REALTIME_SLICE) } else { span })
            }
            Awaited::Ready { .. } => None,
        }
    }

    /// The event, if it has happened. `polled` is what the host says of the next stream.
    fn event(&self, subscription: &Subscription, polled: PollFlags) -> Option<Event> {
        let mut result = Event { userdata: subscription.userdata, tag: subscription.tag, ..Event::default() };
        match *self {
            Awaited::Over { error, nbytes } => {
                result.error = error as u16;
                result.nbytes = nbytes;
            }
            Awaited::Deadline { clock, at, .. } => {
                if clock.now() < at {
                    return None;
                }
            }
            Awaited::Ready { ref stream, event } => {
                if polled.is_empty() {
                    return None;
                }
                if polled.contains(PollFlags::NVAL) {
                    result.error = Errno::Badf as u16;
                } else if polled.contains(PollFlags::ERR) && !polled.contains(PollFlags::HUP) && !stream.is_socket() {
                    // Of a socket the error itself comes with the next call.
                    result.error = Errno::Io as u16;
                }
                if polled.contains(PollFlags::HUP) {
                    result.flags = ReadWriteFlags::HANGUP.bits();
                }
                if event == PollFlags::IN {
                    result.nbytes = stream.available();
                }
            }
        }
        Some(result)
    }
}

pub(crate) fn poll_oneoff(
    context: &Context,
    memory: &mut Memory<'_>,
    subscriptions: Ptr,
    events: Ptr,
    count: u32,
    stored: Ptr,
) -> Result<(), Errno> {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Inval);
    }
    memory.check_array::<Event>(events, count)?;
    let stored = memory.slot::<u32>(stored)?;
    let subscriptions = (0..count as usize)
        .map(|index| memory.read_element(subscriptions, index))
        .collect::<Result<Vec<Subscription>, Errno>>()?;
    let awaited = subscriptions
        .iter()
        .map(|subscription| Awaited::new(subscription, &context.table))
        .collect::<Result<Vec<_>, Errno>>()?;

    let happened = wait(&subscriptions, &awaited, context.interrupt())?;
    for (index, event) in happened.iter().enumerate() {
        memory.write_element(events, index, *event)?;
    }
    memory.put(stored, happened.len() as u32);
    Ok(())
}

/// Waits until at least one event has happened.
fn wait(
    subscriptions: &[Subscription],
    awaited: &[Awaited],
    interrupt: Option<&Interrupt>,
) -> Result<Vec<Event>, Errno> {
    let mut fds: Vec<PollFd<'_>> = awaited
        .iter()
        .filter_map(|awaited| match awaited {
            Awaited::Ready { stream, event } => Some(PollFd::from_borrowed_fd(stream.host()?, *event)),
            Awaited::Over { .. } | Awaited::Deadline { .. } => None,
        })
        .collect();
    loop {
        let timeout = awaited.iter().filter_map(Awaited::timeout).min();
        wait_for_any(&mut fds, timeout, interrupt)?;
        let mut polled = fds.iter().map(PollFd::revents);
        let mut happened = Vec::new();
        for (subscription, awaited) in subscriptions.iter().zip(awaited) {
            let revents = match awaited {
                Awaited::Ready { .. } => polled.next().unwrap_or(PollFlags::empty()),
                Awaited::Over { .. } | Awaited::Deadline { .. } => PollFlags::empty(),
            };
            happened.extend(awaited.event(subscription, revents));
        }
        if !happened.is_empty() {
            return Ok(happened);
        }
    }
}
