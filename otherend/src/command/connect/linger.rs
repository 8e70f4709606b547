//! How long the peer may take to close once nothing more is said to it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::lock::lock;

/// How long the peer may be silent, and how long it may go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    silent: Duration,
    total: Duration,
}

impl Limits {
    /// A peer may be silent for `silent` and go on for five times as long.
    pub(super) fn of(silent: Duration) -> Limits {
        let total = silent * 5;
        Limits { silent, total }
    }

    /// When the time of a peer is up that was last heard at `heard`, all having been said at `began`.
    fn until(self, began: Instant, heard: Instant) -> Instant {
        // With `--linger 2s`: each line gives a server another 2 s, so a long answer arrives whole;
        // and after 10 s it is over, for one that streams for ever would otherwise never let us go.
        (began + self.total).min(heard.max(began) + self.silent)
    }
}

/// Shared by the thread that hears the peer and the one that waits for its end.
#[derive(Debug)]
pub(super) struct Linger {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    heard: Instant,
    over: bool,
}

impl Linger {
    pub(super) fn new() -> Linger {
        let state = State {
            heard: Instant::now(),
            over: false,
        };
        Linger {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// The peer said something.
    pub(super) fn heard(&self) {
        self.lock().heard = Instant::now();
    }

    /// The peer has closed.
    pub(super) fn over(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Wait until the peer has closed, or its time for that is up: `true`.
    pub(super) fn is_up(&self, limits: Limits) -> bool {
        let began = Instant::now();
        let mut state = self.lock();
        while !state.over {
            // Asked again at each waking: what the peer has said meanwhile has moved it.
            let until = limits.until(began, state.heard);
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        false
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_has_closed_is_not_waited_for() {
        let linger = Linger::new();
        linger.over();
        assert!(!linger.is_up(Limits::of(Duration::from_secs(3600))));
    }

    #[test]
    fn the_time_of_a_silent_peer_is_up() {
        assert!(Linger::new().is_up(Limits::of(Duration::from_millis(1))));
    }
}
