//! What is going to be done: everything that the flags say, checked and in the generator's units.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::payload::LineFormat;

/// A run that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Where the clients connect to, in turn.
    pub(crate) targets: Vec<SocketAddr>,
    /// Where they connect from; the system chooses otherwise.
    pub(crate) source: Option<IpAddr>,
    /// Connecting is given up when no connection came about for so long; never if `None`.
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) clients: u32,
    pub(crate) threads: u32,
    pub(crate) pace: Pace,
    pub(crate) said: LineFormat,
    pub(crate) heard: LineFormat,
    pub(crate) times: Times,
}

/// When a client says its next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Closed loop: when a line was answered; so many lines are unanswered at any time.
    Closed { in_flight: u32 },
    /// Open loop: at `rate` lines a second over all clients, whatever was answered. A line waits
    /// while `at_most` of its client's are unanswered, and the wait counts as latency.
    Open { rate: u64, at_most: Option<u32> },
}

/// The parts of a run, in nanoseconds since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// What was before is warm-up and does not count.
    pub(crate) measured_from: u64,
    /// No line is said from here on.
    pub(crate) end: u64,
    /// Nobody waits for replies any longer.
    pub(crate) given_up: u64,
}

impl Times {
    pub(crate) fn new(seconds: Duration, warm_up: Duration, grace: Duration) -> Times {
        Times {
            measured_from: nanos(warm_up),
            end: nanos(seconds),
            given_up: nanos(seconds + grace),
        }
    }

    /// Whether what happened at `moment` is measured.
    #[inline]
    pub(crate) fn measures(&self, moment: u64) -> bool {
        (self.measured_from..self.end).contains(&moment)
    }

    /// How often a run's figures are taken: a hundred times, but at least 20 times a second and
    /// at most once a second.
    pub(crate) fn interval(&self) -> u64 {
        // A hundred points make a line on the screen. Under 50 ms an interval has too few lines for
        // a p99, over 1 s one would wait for the first figure.
        (self.end / 100).clamp(50_000_000, 1_000_000_000)
    }
}

/// A duration in nanoseconds, at most five centuries.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Plan {
    /// Where `client` connects to.
    pub(crate) fn target(&self, client: u32) -> SocketAddr {
        self.targets[client as usize % self.targets.len()]
    }

    /// Descriptors that the run needs besides the clients' own: the standard three, a poller and a
    /// timer for each thread, and some for files to write.
    pub(crate) fn descriptors(&self) -> u64 {
        u64::from(self.clients) + 2 * u64::from(self.threads) + 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_and_what_comes_after_the_end_do_not_count() {
        let seconds = Duration::from_secs;
        let times = Times::new(seconds(10), seconds(2), seconds(5));
        let second = 1_000_000_000;
        let measured = [0, 2, 9, 10, 15].map(|at| times.measures(at * second));
        assert_eq!(measured, [false, true, true, false, false]);
        assert_eq!(times.interval(), second / 10);
    }

    #[test]
    fn figures_are_never_taken_too_often_or_too_rarely() {
        let interval = |run| Times::new(run, Duration::ZERO, Duration::ZERO).interval();
        assert_eq!(interval(Duration::from_millis(500)), 50_000_000);
        assert_eq!(interval(Duration::from_secs(3600)), 1_000_000_000);
    }
}
