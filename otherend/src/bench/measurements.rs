//! What one worker counts: latencies, replies, and the same for each interval of the run.

use std::mem;

use hdrhistogram::Histogram;

use super::plan::Times;

/// The shortest and longest latency told apart: 100 ns and an hour.
const BOUNDS: (u64, u64) = (100, 3_600_000_000_000);

/// Three digits: what the run's percentiles are taken from.
pub(crate) fn fine_histogram() -> Histogram<u64> {
    histogram(3)
}

fn histogram(digits: u8) -> Histogram<u64> {
    Histogram::new_with_bounds(BOUNDS.0, BOUNDS.1, digits).expect("the bounds are constants")
}

/// A stretch of the run as one worker saw it.
#[derive(Debug, Clone)]
pub(crate) struct Interval {
    /// Which one, counted from 0.
    pub(crate) index: usize,
    /// From when to when, in nanoseconds since the start.
    pub(crate) from: u64,
    pub(crate) to: u64,
    /// Replies heard.
    pub(crate) lines: u64,
    /// Their latencies, to two digits.
    pub(crate) latency: Histogram<u64>,
    /// Clients whose connection ended.
    pub(crate) ended: u64,
}

impl Interval {
    fn new(index: usize, from: u64) -> Interval {
        Interval {
            index,
            from,
            to: from,
            lines: 0,
            latency: histogram(2),
            ended: 0,
        }
    }

    /// Replies a second.
    pub(crate) fn rate(&self) -> f64 {
        match self.to.saturating_sub(self.from) {
            0 => 0.0,
            span => self.lines as f64 * 1e9 / span as f64,
        }
    }

    /// Join what another worker saw of the same interval.
    pub(crate) fn join(&mut self, other: &Interval) {
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
        self.lines += other.lines;
        self.ended += other.ended;
        self.latency
            .add(&other.latency)
            .expect("all intervals have the same bounds");
    }
}

/// What one worker counts.
#[derive(Debug)]
pub(crate) struct Measurements {
    times: Times,
    /// Latencies of the lines that were said, or due, in the measured part.
    pub(crate) latency: Histogram<u64>,
    /// Replies heard in the measured part.
    pub(crate) heard: u64,
    /// Open loop: how late this worker itself was to notice that a line was due.
    pub(crate) lateness: Histogram<u64>,
    interval: Interval,
}

impl Measurements {
    pub(crate) fn new(times: Times) -> Measurements {
        Measurements {
            times,
            latency: fine_histogram(),
            heard: 0,
            lateness: fine_histogram(),
            interval: Interval::new(0, 0),
        }
    }

    /// `lines` replies were heard at `now`, to lines said or due at `said_at`.
    #[inline]
    pub(crate) fn answered(&mut self, now: u64, said_at: u64, lines: u64) {
        let latency = now.saturating_sub(said_at);
        // A line belongs to the part in which it was said: one that was said in the warm-up and
        // answered after it would bring the warm-up's latency. Throughput counts what came when.
        if self.times.measures(said_at) {
            self.latency.saturating_record_n(latency, lines);
        }
        if self.times.measures(now) {
            self.heard += lines;
        }
        self.interval.lines += lines;
        self.interval.latency.saturating_record_n(latency, lines);
    }

    /// Nobody waits any longer, at `now`, for the reply to a line said or due at `said_at`: its
    /// latency is at least this.
    pub(crate) fn unanswered(&mut self, now: u64, said_at: u64, lines: u64) {
        if self.times.measures(said_at) {
            self.latency
                .saturating_record_n(now.saturating_sub(said_at), lines);
        }
    }

    /// A line due at `due` was noticed at `now`.
    #[inline]
    pub(crate) fn noticed(&mut self, now: u64, due: u64) {
        if self.times.measures(due) {
            self.lateness.saturating_record(now.saturating_sub(due));
        }
    }

    /// A client's connection ended.
    pub(crate) fn ended(&mut self) {
        self.interval.ended += 1;
    }

    /// When the interval under way should end.
    pub(crate) fn interval_ends(&self) -> u64 {
        (self.interval.index as u64 + 1) * self.times.interval()
    }

    /// End the interval at `now` and begin the one that `now` lies in.
    pub(crate) fn end_interval(&mut self, now: u64) -> Interval {
        self.interval.to = now;
        let next = ((now / self.times.interval()) as usize).max(self.interval.index + 1);
        mem::replace(&mut self.interval, Interval::new(next, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: u64 = 1_000_000_000;

    fn measurements() -> Measurements {
        let seconds = Duration::from_secs;
        Measurements::new(Times::new(seconds(10), seconds(2), seconds(5)))
    }

    #[test]
    fn replies_count_when_heard_and_latencies_when_said() {
        let mut measurements = measurements();
        measurements.answered(SECOND, SECOND / 2, 5);
        measurements.answered(3 * SECOND, SECOND, 10);
        measurements.answered(4 * SECOND, 3 * SECOND, 20);
        measurements.answered(11 * SECOND, 9 * SECOND, 40);
        assert_eq!(measurements.heard, 30);
        assert_eq!(measurements.latency.len(), 60);
        assert!(
            measurements
                .latency
                .equivalent(measurements.latency.max(), 2 * SECOND)
        );
    }

    #[test]
    fn what_is_never_answered_has_at_least_its_age() {
        let mut measurements = measurements();
        measurements.unanswered(15 * SECOND, 3 * SECOND, 2);
        assert_eq!((measurements.heard, measurements.latency.len()), (0, 2));
        assert!(
            measurements
                .latency
                .equivalent(measurements.latency.min(), 12 * SECOND)
        );
    }

    #[test]
    fn an_interval_that_was_missed_is_left_out() {
        let mut measurements = measurements();
        assert_eq!(measurements.interval_ends(), SECOND / 10);
        measurements.answered(SECOND / 4, 0, 7);
        let first = measurements.end_interval(SECOND / 4);
        assert_eq!((first.index, first.lines, first.rate()), (0, 7, 28.0));
        assert_eq!(measurements.end_interval(SECOND).index, 2);
    }

    #[test]
    fn two_workers_make_one_interval() {
        let (mut one, mut two) = (measurements(), measurements());
        one.answered(10, 0, 1);
        two.answered(20, 0, 2);
        let mut joined = one.end_interval(SECOND / 10);
        joined.join(&two.end_interval(SECOND / 5));
        assert_eq!(
            (joined.lines, joined.to, joined.latency.len()),
            (3, SECOND / 5, 3)
        );
    }
}
