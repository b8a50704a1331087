//! The clocks.

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

use crate::context::Context;
use crate::errno::Errno;
use crate::memory::{Memory, Ptr};

/// `clockid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Realtime,
    Monotonic,
    ProcessCputime,
    ThreadCputime,
}

impl TryFrom<u32> for Clock {
    type Error = Errno;

    fn try_from(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Clock::Realtime),
            1 => Ok(Clock::Monotonic),
            2 => Ok(Clock::ProcessCputime),
            3 => Ok(Clock::ThreadCputime),
            _ => Err(Errno::Inval),
        }
    }
}

impl Clock {
    fn host(self) -> ClockId {
        match self {
            Clock::Realtime => ClockId::Realtime,
            Clock::Monotonic => ClockId::Monotonic,
            Clock::ProcessCputime => ClockId::ProcessCPUTime,
            Clock::ThreadCputime => ClockId::ThreadCPUTime,
        }
    }

    /// The clock's time in nanoseconds.
    pub fn now(self) -> u64 {
        nanoseconds(clock_gettime(self.host()))
    }
}

/// A time of the host in nanoseconds; what is before zero or beyond 2554 is the nearest value.
pub(crate) fn nanoseconds(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec as u64)
}

/// Nanoseconds as the host wants them.
pub(crate) fn timespec(nanoseconds: u64) -> Timespec {
    Timespec { tv_sec: (nanoseconds / 1_000_000_000) as i64, tv_nsec: (nanoseconds % 1_000_000_000) as i64 }
}

pub(crate) fn clock_res_get(_: &Context, memory: &mut Memory<'_>, id: u32, resolution: Ptr) -> Result<(), Errno> {
    let clock = Clock::try_from(id)?;
    let resolution = memory.slot(resolution)?;
    memory.put(resolution, nanoseconds(clock_getres(clock.host())).max(1));
    Ok(())
}

pub(crate) fn clock_time_get(
    _: &Context,
    memory: &mut Memory<'_>,
    id: u32,
    _precision: u64,
    time: Ptr,
) -> Result<(), Errno> {
    let clock = Clock::try_from(id)?;
    let time = memory.slot(time)?;
    memory.put(time, clock.now());
    Ok(())
}
