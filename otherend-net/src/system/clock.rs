//! The monotonic clock of one server or client, as the core's [`Time`].

use std::time::{Duration, Instant};

use otherend_core::Time;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Counts from the moment it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    zero: Timespec,
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Clock {
            zero: clock_gettime(ClockId::Monotonic),
            start: Instant::now(),
        }
    }

    /// The moment it was made.
    pub(crate) fn zero(self) -> Instant {
        self.start
    }

    #[inline]
    pub(crate) fn now(self) -> Time {
        // Of two `Instant`s the difference is checked and normalised, which each turn of a
        // conversation would pay for.
        let now = clock_gettime(ClockId::Monotonic);
        let seconds = now.tv_sec - self.zero.tv_sec;
        let micros = seconds * 1_000_000 + (now.tv_nsec - self.zero.tv_nsec) / 1000;
        Time::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// When `time` is, for timers that want an `Instant`; far in the future at the latest.
    #[cfg(feature = "tokio")]
    pub(crate) fn instant(self, time: Time) -> Instant {
        // From now on, not from the start: not everywhere do the two clocks count a machine's sleep.
        let left = self.until(time);
        Instant::now() + left.min(Duration::from_secs(u64::from(u32::MAX)))
    }

    /// How long it is until `time`; zero when it has passed.
    pub(crate) fn until(self, time: Time) -> Duration {
        time.since(self.now())
    }
}
