//! Time as an input (usually: an injected clock): a number the caller counts up, never a clock that
//! is read.

use std::ops::Add;
use std::time::Duration;

/// A moment, in microseconds since a start of the caller's choosing.
///
/// Only differences mean anything. An engine counts from its own start on a monotonic clock; a
/// test counts by hand.
///
/// ```
/// use otherend_core::Time;
/// use std::time::Duration;
///
/// let start = Time::ZERO;
/// let later = start + Duration::from_millis(3);
/// assert_eq!(later.since(start), Duration::from_micros(3000));
/// assert_eq!(start.since(later), Duration::ZERO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// The start itself.
    pub const ZERO: Time = Time(0);

    /// The moment `micros` microseconds after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Time {
        Time(micros)
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The earlier of two moments that may never come.
    #[must_use]
    #[inline]
    pub fn earliest(a: Option<Time>, b: Option<Time>) -> Option<Time> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Time;

    /// Saturates: a deadline far away stays far away.
    #[inline]
    fn add(self, duration: Duration) -> Time {
        // Not `as_micros`, which counts in 128 bits: each line asks for the next deadline.
        let seconds = duration.as_secs().saturating_mul(1_000_000);
        let micros = seconds.saturating_add(duration.subsec_micros().into());
        Time(self.0.saturating_add(micros))
    }
}
