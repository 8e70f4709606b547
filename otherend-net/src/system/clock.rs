//! The monotonic clock of one server or client, as the core's [`Time`].

use std::time::{Duration, Instant};

use otherend_core::Time;

/// Counts from the moment it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Clock {
            start: Instant::now(),
        }
    }

    /// The moment it was made.
    pub(crate) fn zero(self) -> Instant {
        self.start
    }

    #[inline]
    pub(crate) fn now(self) -> Time {
        Time::ZERO + self.start.elapsed()
    }

    /// When `time` is, for timers that want an `Instant`; far in the future at the latest.
    #[cfg(feature = "tokio")]
    pub(crate) fn instant(self, time: Time) -> Instant {
        let since = time
            .since(Time::ZERO)
            .min(Duration::from_secs(u64::from(u32::MAX)));
        self.start + since
    }

    /// How long it is until `time`; zero when it has passed.
    pub(crate) fn until(self, time: Time) -> Duration {
        time.since(self.now())
    }
}
