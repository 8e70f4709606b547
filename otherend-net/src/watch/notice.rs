//! What happens at a server's door.

use std::io;

use otherend_core::Address;

use super::Refusal;

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
