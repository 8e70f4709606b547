//! How dead peers are noticed (usually: TCP keepalive).

use std::time::Duration;

/// How dead peers are noticed (RFC 1122 §4.2.3.6, RFC 5482).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence before the first question (60 s).
    pub idle: Duration,
    /// Between questions (10 s).
    pub interval: Duration,
    /// Questions without an answer before the peer is dead (6).
    pub retries: u32,
    /// How long sent data may stay unacknowledged, where the system has TCP_USER_TIMEOUT (30 s).
    pub unacknowledged: Duration,
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
