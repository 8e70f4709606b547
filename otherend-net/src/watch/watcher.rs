//! Whoever watches a server: its conversations, and what happens at its door.

use std::io;

use otherend_core::{Address, Observer, Time};

use super::Refusal;
use crate::peer::Peer;

/// Something that happened before a conversation could begin.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// A peer was turned away with one line.
    Refused {
        /// Where it came from.
        address: &'a Address,
        /// Why.
        refusal: Refusal,
    },
    /// A connection could not be accepted or carried; the next attempt comes by itself.
    AcceptFailed {
        /// What the system said.
        error: &'a io::Error,
    },
    /// A reply to somebody did not leave; see [`Stats::withheld`](crate::Stats::withheld).
    Withheld {
        /// To whom it was.
        address: &'a Address,
        /// What the system said; `None`: it would have been longer than what was asked.
        error: Option<&'a io::Error>,
    },
    /// A connection reached itself and was closed.
    SelfConnect {
        /// Its address, on both ends.
        address: &'a Address,
    },
}

/// Watches a server. Called from its threads: whoever takes long here delays peers.
pub trait Watcher: Send + Sync {
    /// Who watches the conversation with `peer`, which is about to begin; `None`: nobody, and no
    /// event is built for it.
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>>;

    /// Something happened at the door.
    fn notice(&self, now: Time, notice: &Notice<'_>) {
        let _ = (now, notice);
    }
}
