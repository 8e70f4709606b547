//! How much of its time a thread of the load computed, and how much it waited for a core.
//!
//! A load that has no time left measures itself and not the server; only its CPU tells.

use std::time::{Duration, Instant};

use crate::system::process::thread_cpu;

/// From this share on, computing and waiting for a core together, the load is the limit.
const SATURATED: f64 = 0.9;

/// A thread's time since some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch {
    since: Instant,
    busy: Duration,
    waiting: Option<Duration>,
}

/// What a thread did with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CpuShare {
    /// Time that passed.
    pub(crate) wall: Duration,
    /// Time that it computed, the system's work for it included.
    pub(crate) busy: Duration,
    /// Time that it could have computed while others had the core, where the system tells.
    pub(crate) waiting: Option<Duration>,
}

impl Stopwatch {
    /// Start for the thread that calls.
    pub(crate) fn start() -> Stopwatch {
        Stopwatch {
            since: Instant::now(),
            busy: thread_cpu(),
            waiting: waited_for_a_core(),
        }
    }

    /// What has passed since; to be asked by the same thread.
    pub(crate) fn read(&self) -> CpuShare {
        CpuShare {
            wall: self.since.elapsed(),
            busy: thread_cpu().saturating_sub(self.busy),
            waiting: self
                .waiting
                .zip(waited_for_a_core())
                .map(|(before, after)| after.saturating_sub(before)),
        }
    }
}

impl CpuShare {
    /// The share of its time that it computed, 0 to 1.
    pub(crate) fn busy_share(&self) -> f64 {
        share(self.busy, self.wall)
    }

    /// The share of its time that it waited for a core, 0 to 1.
    pub(crate) fn waiting_share(&self) -> f64 {
        share(self.waiting.unwrap_or_default(), self.wall)
    }

    /// There was no time left: more load was not to be had from this thread.
    pub(crate) fn is_saturated(&self) -> bool {
        // Waiting for a core counts as work: with a server on the same core the load computes half
        // of the time and has none left all the same.
        self.busy_share() + self.waiting_share() >= SATURATED
    }
}

fn share(part: Duration, whole: Duration) -> f64 {
    match whole.is_zero() {
        true => 0.0,
        false => (part.as_secs_f64() / whole.as_secs_f64()).min(1.0),
    }
}

/// The scheduler's word for this thread: its second figure is nanoseconds on a run queue.
fn waited_for_a_core() -> Option<Duration> {
    // Of the thread that calls; what procfs has is a process's, or a task's by a number that std
    // does not tell.
    let figures = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos = figures.split_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(busy: u64, waiting: u64) -> CpuShare {
        CpuShare {
            wall: Duration::from_millis(1000),
            busy: Duration::from_millis(busy),
            waiting: Some(Duration::from_millis(waiting)),
        }
    }

    #[test]
    fn a_thread_is_saturated_when_it_had_no_time_left() {
        assert!(!shares(500, 100).is_saturated());
        assert!(shares(950, 0).is_saturated());
        assert!(shares(500, 450).is_saturated());
    }

    #[test]
    fn computing_is_seen() {
        let watch = Stopwatch::start();
        let mut sum = 0_u64;
        while watch.since.elapsed() < Duration::from_millis(5) {
            sum = sum.wrapping_add(1);
        }
        assert!(std::hint::black_box(sum) > 0);
        let share = watch.read();
        assert!(share.busy > Duration::ZERO && share.busy <= share.wall * 2);
    }
}
