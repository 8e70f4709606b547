//! Ending a connection that goes on at both ends (usually: a lingering close), without losing what
//! was passed on.
//!
//! Closing a socket with unread input would reset it. So: half-close, discard what still comes
//! until the ends close too, for 2 s at most.

use std::time::{Duration, Instant};

use crate::stream::Stream;
use crate::system::errors::is_passing;
use crate::system::poll::{self, Interest};

/// How long the ends may take to close.
const PATIENCE: Duration = Duration::from_secs(2);

/// Half-close every one of `streams` and wait for the other ends to close.
pub(super) fn farewell(streams: &[&Stream]) {
    for stream in streams {
        // One that is already broken says so at the next read.
        let _ = stream.half_close();
    }
    // Both at once: each end may wait for the other's FIN before it closes.
    let mut open = streams.to_vec();
    let until = Instant::now() + PATIENCE;
    let mut discarded = vec![0; 16 * 1024];
    while !open.is_empty() {
        let left = until.saturating_duration_since(Instant::now());
        let mut all: Vec<_> = open
            .iter()
            .map(|stream| poll::awaited(*stream, Interest::READ))
            .collect();
        if left.is_zero() || !poll::wait(&mut all, Some(left)) {
            return;
        }
        let mut ready = all
            .iter()
            .map(|awaited| poll::readiness(awaited).is_any())
            .collect::<Vec<_>>()
            .into_iter();
        open.retain(|stream| !ready.next().unwrap_or(false) || !has_closed(stream, &mut discarded));
    }
}

/// Discard what it says. `true`: it has finished or broken.
fn has_closed(stream: &Stream, discarded: &mut [u8]) -> bool {
    match stream.read(discarded) {
        Ok(count) => count == 0,
        Err(error) => !is_passing(&error),
    }
}
