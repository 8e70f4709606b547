//! Why a line was not said.

use std::io;

use otherend_core::EndReason;

/// The conversation is over, for this reason; the line was not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody is at the other end: {0}")]
pub struct Gone(pub EndReason);

/// A line that a [`Client`](super::Client) did not say.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SayError {
    /// There is nobody to say it to any more.
    #[error(transparent)]
    Gone(#[from] Gone),
    /// The system did not take it as a datagram, as one that none can hold: 65,507 bytes with its
    /// LF are the most (RFC 768). The conversation goes on.
    #[error("the datagram was not sent: {0}")]
    NotSent(io::Error),
}
