//! How long to wait after accepting failed (usually: exponential back-off): 10 ms, then twice as
//! long each time, 1 s at most.

use std::time::Duration;

use otherend_core::Time;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// The pause under way, if any, and the length of the next.
#[derive(Debug)]
pub(crate) struct Backoff {
    until: Option<Time>,
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff {
            until: None,
            next: FIRST,
        }
    }

    /// It failed: pause.
    pub(crate) fn fail(&mut self, now: Time) {
        self.until = Some(now + self.next);
        self.next = (self.next * 2).min(LONGEST);
    }

    /// It went well.
    pub(crate) fn reset(&mut self) {
        *self = Backoff::new();
    }

    /// How much of the pause is left.
    pub(crate) fn remaining(&mut self, now: Time) -> Option<Duration> {
        self.until = self.until.filter(|&until| until > now);
        self.until.map(|until| until.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_second() {
        let mut backoff = Backoff::new();
        let pauses: Vec<u128> = (0..9)
            .map(|_| {
                backoff.fail(Time::ZERO);
                backoff.remaining(Time::ZERO).unwrap().as_millis()
            })
            .collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!(backoff.remaining(Time::ZERO + LONGEST), None);
        backoff.reset();
        backoff.fail(Time::ZERO);
        assert_eq!(backoff.remaining(Time::ZERO), Some(FIRST));
    }
}
