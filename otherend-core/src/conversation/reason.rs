//! How a conversation ended (usually: the close reason), and what went both ways until then
//! (usually: metrics).

use std::fmt;

use super::Role;

/// How a stream broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// The peer reset it.
    Reset,
    /// The peer could not be reached any longer.
    Unreachable,
    /// Nothing listens for datagrams there (ICMP: port unreachable).
    Refused,
    /// The stream ended where its protocol (TLS, WebSocket) has an end of its own, and that had not
    /// come: somebody on the way may have cut it off.
    Truncated,
    /// A call of this side failed (no memory for a send, say), and it had to give the stream up. The
    /// peer has done nothing.
    Here,
}

/// Why a conversation ended: the first cause, and the only one that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// The peer finished sending and got every answer.
    PeerFinished,
    /// The peer said an exit word.
    ExitWord,
    /// The behaviour had nothing more to say.
    BehaviourFinished,
    /// The peer did not say what the transcript has.
    Mismatch,
    /// Nothing was said for too long.
    Idle,
    /// A line was begun and not ended in time.
    MessageTimeout,
    /// Three lines were longer than allowed.
    MessagesTooLong,
    /// A message's length, which comes before it, is more than allowed.
    MessageTooLong,
    /// What came is no frame as it is drawn, and where the next one begins cannot be told.
    OutOfStep,
    /// The peer speaks UTF-16.
    Utf16,
    /// The peer did not take what was said to it.
    PeerNotReading,
    /// All conversations together hold too many unsent bytes, and this one is among the slow.
    OutputFull,
    /// The peer reset the connection.
    PeerReset,
    /// The peer can no longer be reached.
    Unreachable,
    /// Somebody at this end closed it.
    ClosedHere,
    /// The server is stopping and this conversation was in order.
    Drained,
    /// The server stopped before this conversation could finish.
    Stopped,
    /// The behaviour panicked.
    Panicked,
    /// The connection turned out to be one to itself.
    SelfConnect,
    /// Nothing listens for datagrams at the other end.
    Refused,
    /// The stream ended without the end that its protocol has: it may have been cut off.
    Truncated,
    /// This side could not read or write any more: the peer has done nothing.
    BrokenHere,
    /// It was silent for longest when its place was needed for another peer.
    Forgotten,
    /// A tap never reached its target.
    NotConnected,
    /// A fault that a tap makes cut a line, and both ends were closed.
    CutByFault,
    /// A fault that a tap makes reset both ends.
    ResetByFault,
}

impl From<Loss> for EndReason {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Reset => EndReason::PeerReset,
            Loss::Unreachable => EndReason::Unreachable,
            Loss::Refused => EndReason::Refused,
            Loss::Truncated => EndReason::Truncated,
            Loss::Here => EndReason::BrokenHere,
        }
    }
}

impl EndReason {
    /// A stable word: the label in metrics and in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            EndReason::PeerFinished => "peer-finished",
            EndReason::ExitWord => "exit-word",
            EndReason::BehaviourFinished => "behaviour-finished",
            EndReason::Mismatch => "mismatch",
            EndReason::Idle => "idle",
            EndReason::MessageTimeout => "line-timeout",
            EndReason::MessagesTooLong => "lines-too-long",
            EndReason::MessageTooLong => "message-too-long",
            EndReason::OutOfStep => "out-of-step",
            EndReason::Utf16 => "utf-16",
            EndReason::PeerNotReading => "peer-not-reading",
            EndReason::OutputFull => "output-full",
            EndReason::PeerReset => "reset",
            EndReason::Unreachable => "unreachable",
            EndReason::ClosedHere => "closed-here",
            EndReason::Drained => "drained",
            EndReason::Stopped => "stopped",
            EndReason::Panicked => "panicked",
            EndReason::SelfConnect => "self-connect",
            EndReason::Refused => "refused",
            EndReason::Truncated => "truncated",
            EndReason::BrokenHere => "broken-here",
            EndReason::Forgotten => "forgotten",
            EndReason::NotConnected => "not-connected",
            EndReason::CutByFault => "cut-by-fault",
            EndReason::ResetByFault => "reset-by-fault",
        }
    }

    /// The conversation ended as conversations should: no limit, fault or force ended it.
    #[must_use]
    pub const fn is_orderly(self) -> bool {
        matches!(
            self,
            EndReason::PeerFinished
                | EndReason::ExitWord
                | EndReason::BehaviourFinished
                | EndReason::ClosedHere
                | EndReason::Drained
                | EndReason::CutByFault
                | EndReason::ResetByFault
        )
    }

    /// The peer itself brought the end about by what it did to the stream.
    pub(crate) const fn is_peers(self) -> bool {
        matches!(
            self,
            EndReason::PeerFinished
                | EndReason::PeerReset
                | EndReason::Unreachable
                | EndReason::Refused
                | EndReason::Truncated
        )
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            EndReason::PeerFinished => "the peer closed",
            EndReason::ExitWord => "the peer said the exit word",
            EndReason::BehaviourFinished => "all was said",
            EndReason::Mismatch => "the peer does not fit the transcript",
            EndReason::Idle => "idle for too long",
            EndReason::MessageTimeout => "a line took too long",
            EndReason::MessagesTooLong => "too many lines were too long",
            EndReason::MessageTooLong => "a message was longer than allowed",
            EndReason::OutOfStep => "what the peer says does not fit the framing",
            EndReason::Utf16 => "the peer speaks UTF-16",
            EndReason::PeerNotReading => "the peer does not read what it is sent",
            EndReason::OutputFull => "too much output waits for slow peers",
            EndReason::PeerReset => "the peer reset the connection",
            EndReason::Unreachable => "the peer can no longer be reached",
            EndReason::ClosedHere => "closed at this end",
            EndReason::Drained => "the server is stopping",
            EndReason::Stopped => "cut off, the server stopped",
            EndReason::Panicked => "the behaviour panicked",
            EndReason::SelfConnect => "the connection reached itself",
            EndReason::Refused => "nothing is listening there",
            EndReason::Truncated => "cut off: the peer never said that it ends",
            EndReason::BrokenHere => "the connection broke at this end",
            EndReason::Forgotten => "forgotten, its place was needed for another peer",
            EndReason::NotConnected => "the target was not reached",
            EndReason::CutByFault => "cut by a fault",
            EndReason::ResetByFault => "reset by a fault",
        })
    }
}

/// Why a conversation between two others ended, in the words of a tap; see
/// [`EndReason::between`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Between {
    reason: EndReason,
    who: Option<Role>,
}

impl EndReason {
    /// As a tap says it, to which both ends are others; `who` of them brought it about.
    ///
    /// ```
    /// use otherend_core::{EndReason, Role};
    ///
    /// let ending = EndReason::PeerReset.between(Some(Role::Client));
    /// assert_eq!(ending.label(), "client-reset");
    /// assert_eq!(ending.to_string(), "the client reset the connection");
    /// ```
    #[must_use]
    pub const fn between(self, who: Option<Role>) -> Between {
        Between { reason: self, who }
    }
}

impl Between {
    /// A stable word: the label in metrics and in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match (self.reason, self.who) {
            (EndReason::PeerFinished, _) => "finished",
            (EndReason::PeerReset, Some(Role::Client)) => "client-reset",
            (EndReason::PeerReset, Some(Role::Server)) => "server-reset",
            (EndReason::Unreachable, Some(Role::Client)) => "client-unreachable",
            (EndReason::Unreachable, Some(Role::Server)) => "server-unreachable",
            (reason, _) => reason.label(),
        }
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.reason, self.who) {
            (EndReason::PeerFinished, _) => "both ends have finished",
            (EndReason::PeerReset, Some(Role::Client)) => "the client reset the connection",
            (EndReason::PeerReset, Some(Role::Server)) => "the server reset the connection",
            (EndReason::Unreachable, Some(Role::Client)) => "the client can no longer be reached",
            (EndReason::Unreachable, Some(Role::Server)) => "the server can no longer be reached",
            (EndReason::ClosedHere, _) => "closed at the tap",
            (EndReason::BrokenHere, _) => "the connection broke at the tap",
            (EndReason::Drained, _) => "the tap is stopping",
            (EndReason::Stopped, _) => "cut off, the tap stopped",
            (EndReason::Panicked, _) => "the observer panicked",
            (reason, _) => return reason.fmt(f),
        })
    }
}

/// What went both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Complete lines of the peer.
    pub messages_heard: u64,
    /// Lines said to the peer, sent or still queued.
    pub messages_said: u64,
    /// Bytes that came from the peer.
    pub bytes_heard: u64,
    /// Bytes that the peer's socket took.
    pub bytes_said: u64,
}
