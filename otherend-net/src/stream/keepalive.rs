//! How dead peers are noticed (usually: TCP keepalive).

use std::time::Duration;

/// How dead peers are noticed (RFC 1122 §4.2.3.6, RFC 5482).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence before the first question (60 s). Systems count it in whole seconds, from 1 to 32,767: what
    /// is less or more is taken for that.
    pub idle: Duration,
    /// Between questions (10 s), as the system counts them too.
    pub interval: Duration,
    /// Questions without an answer before the peer is dead (6), from 1 to 127.
    pub retries: u32,
    /// How long sent data may stay unacknowledged, where the system has TCP_USER_TIMEOUT (30 s).
    pub unacknowledged: Duration,
}

impl Keepalive {
    /// As a system takes it: a socket refuses what is out of its range, and with that the peer.
    pub(super) fn in_range(&self) -> Keepalive {
        let whole_seconds = |time: Duration| {
            let seconds = time
                .as_secs()
                .saturating_add(u64::from(time.subsec_nanos() > 0));
            Duration::from_secs(seconds.clamp(1, Self::LONGEST.as_secs()))
        };
        Keepalive {
            idle: whole_seconds(self.idle),
            interval: whole_seconds(self.interval),
            retries: self.retries.clamp(1, 127),
            unacknowledged: self
                .unacknowledged
                .min(Duration::from_millis(i32::MAX as u64)),
        }
    }

    /// The longest silence that a system can wait for before it asks.
    pub const LONGEST: Duration = Duration::from_secs(32_767);
}

impl Default for Keepalive {
    fn default() -> Self {
        Keepalive {
            idle: Duration::from_secs(60),
            interval: Duration::from_secs(10),
            retries: 6,
            unacknowledged: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_system_takes_is_brought_into_its_range() {
        let seconds = Duration::from_secs;
        let taken = |time: Duration, retries| {
            let asked = Keepalive {
                idle: time,
                interval: time,
                retries,
                unacknowledged: time,
            };
            asked.in_range()
        };
        let least = taken(Duration::ZERO, 0);
        assert_eq!((least.idle, least.interval), (seconds(1), seconds(1)));
        assert_eq!(least.retries, 1);
        let part = taken(Duration::from_millis(1001), 6);
        assert_eq!((part.idle, part.retries), (seconds(2), 6));
        let most = taken(Duration::MAX, u32::MAX);
        assert_eq!(
            (most.idle, most.interval),
            (Keepalive::LONGEST, Keepalive::LONGEST)
        );
        assert_eq!(most.retries, 127);
        assert_eq!(most.unacknowledged.as_millis(), i32::MAX as u128);
    }
}
