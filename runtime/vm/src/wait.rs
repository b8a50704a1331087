//! Waiting at an address of a shared memory until another thread notifies (threads proposal, section on wait and notify).
//!
//! A memory has one lock for all its queues. A thread compares the value and joins its queue under that lock, and who notifies
//! takes it too: so no notification that follows a change of the value is missed. Nor is an interrupt: who waits has said so
//! before it looks, and who interrupts takes the lock before it wakes.

use crate::atomic::{Atomic, aligned};
use crate::linear::Linear;
use crate::meter::Poll;
use abi::trap::TrapCode;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a wait ended. The numbers are those that guest code sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum WaitResult {
    /// Another thread has notified.
    Woken = 0,
    /// The memory did not hold the expected value.
    Mismatch = 1,
    /// The time was over.
    TimedOut = 2,
}

/// The threads that wait at a memory's addresses.
#[derive(Default)]
pub(crate) struct Waiters {
    queues: Mutex<Queues>,
}

/// By address, first come, first served. An address where nobody waits has no queue.
type Queues = HashMap<u64, VecDeque<Arc<Waiter>>>;

#[derive(Default)]
struct Waiter {
    /// Set, under the lock, by who has taken the waiter from its queue.
    woken: AtomicBool,
    condvar: Condvar,
}

/// A wait that is under way, for who may interrupt it.
#[derive(Clone)]
pub(crate) struct Sleeper {
    linear: Arc<Linear>,
    waiter: Arc<Waiter>,
}

impl Sleeper {
    /// Has the thread that waits look again whether it shall.
    pub(crate) fn wake(&self) {
        let _held = self.linear.waiters.lock();
        self.waiter.condvar.notify_one();
    }
}

impl Waiters {
    /// No panic happens while the lock is held but for want of memory, which leaves the queues whole.
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self, address: u64, count: u32) -> u32 {
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(&address) else { return 0 };
        let count = queue.len().min(count as usize);
        for waiter in queue.drain(..count) {
            waiter.woken.store(true, Ordering::Relaxed);
            waiter.condvar.notify_one();
        }
        if queue.is_empty() {
            queues.remove(&address);
        }
        count as u32
    }
}

fn remove(queues: &mut Queues, address: u64, waiter: &Arc<Waiter>) {
    let Some(queue) = queues.get_mut(&address) else { return };
    queue.retain(|other| !Arc::ptr_eq(other, waiter));
    if queue.is_empty() {
        queues.remove(&address);
    }
}

/// The checks come in the order of the proposal: alignment, whether the memory is shared, bounds. A request by `poll`, if there is
/// one, interrupts a wait.
impl Linear {
    /// `memory.atomic.wait32`; a negative timeout, in nanoseconds, is none.
    pub(crate) fn wait32(
        self: &Arc<Linear>,
        address: u64,
        expected: u32,
        timeout: i64,
        poll: Option<&Poll>,
    ) -> Result<WaitResult, TrapCode> {
        let at = self.waited_at::<AtomicU32>(address)?;
        self.wait(address, || at.load(Ordering::SeqCst) == expected, duration(timeout), poll)
    }

    /// `memory.atomic.wait64`; a negative timeout, in nanoseconds, is none.
    pub(crate) fn wait64(
        self: &Arc<Linear>,
        address: u64,
        expected: u64,
        timeout: i64,
        poll: Option<&Poll>,
    ) -> Result<WaitResult, TrapCode> {
        let at = self.waited_at::<AtomicU64>(address)?;
        self.wait(address, || at.load(Ordering::SeqCst) == expected, duration(timeout), poll)
    }

    fn wait(
        self: &Arc<Linear>,
        address: u64,
        is_expected: impl FnOnce() -> bool,
        timeout: Option<Duration>,
        poll: Option<&Poll>,
    ) -> Result<WaitResult, TrapCode> {
        // A time that no clock can tell never comes.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let waiter = Arc::new(Waiter::default());
        let _sleep = poll.map(|poll| poll.sleep(Sleeper { linear: self.clone(), waiter: waiter.clone() }));
        let mut queues = self.waiters.lock();
        if !is_expected() {
            return Ok(WaitResult::Mismatch);
        }
        queues.entry(address).or_default().push_back(waiter.clone());
        while !waiter.woken.load(Ordering::Relaxed) {
            if poll.is_some_and(Poll::is_requested) {
                remove(&mut queues, address, &waiter);
                return Err(TrapCode::Interrupted);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            queues = match left {
                None => waiter.condvar.wait(queues).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => {
                    remove(&mut queues, address, &waiter);
                    return Ok(WaitResult::TimedOut);
                }
                Some(left) => waiter.condvar.wait_timeout(queues, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        Ok(WaitResult::Woken)
    }

    /// `memory.atomic.notify`. Gives how many threads were woken.
    pub(crate) fn notify(&self, address: u64, count: u32) -> Result<u32, TrapCode> {
        aligned(address, size_of::<u32>())?;
        self.range(address, size_of::<u32>() as u64)?;
        Ok(self.waiters.notify(address, count))
    }

    /// The place at an address, an atomic integer of this machine.
    fn waited_at<T: Atomic>(&self, address: u64) -> Result<&T, TrapCode> {
        aligned(address, size_of::<T>())?;
        if !self.ty().shared {
            return Err(TrapCode::ExpectedSharedMemory);
        }
        let at = self.range(address, size_of::<T>() as u64)?;
        // SAFETY: the place lies in the memory, which lives as long as `self`, and is aligned: the address is, and the base is
        // that of a page. Any bytes are an integer. Guest code that races for it is not Rust's.
        Ok(unsafe { &*at.cast::<T>() })
    }
}

fn duration(timeout: i64) -> Option<Duration> {
    u64::try_from(timeout).ok().map(Duration::from_nanos)
}
