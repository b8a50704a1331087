//! Times, and what several of them say together.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Processor time that a call took on this thread. Unlike time on the wall it does not count what others did meanwhile.
pub fn time<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let start = now();
    let result = call();
    (result, now() - start)
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Several times of the same thing, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Summary {
    pub fastest: f64,
    pub median: f64,
    pub slowest: f64,
}

impl Summary {
    /// Sums times up. There must be one at least.
    pub fn of(times: &[Duration]) -> Summary {
        let mut times: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        Summary { fastest: times[0], median: times[times.len() / 2], slowest: times[times.len() - 1] }
    }

    /// How far the times lie apart, relative to their median.
    pub fn spread(&self) -> f64 {
        (self.slowest - self.fastest) / self.median
    }
}

/// The geometric mean; none of nothing.
pub fn geometric_mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let logarithms: Vec<f64> = values.map(f64::ln).collect();
    (!logarithms.is_empty()).then(|| (logarithms.iter().sum::<f64>() / logarithms.len() as f64).exp())
}
