//! What happens in a conversation, for whoever watches (usually: event listeners).

use crate::transcript::{Closing, Mismatch};
use crate::{Counts, EndReason, LineEnd, Loss, Time};

/// Something that happened in a conversation.
///
/// However TCP cut the bytes, the events are the same and in the same order. One detail depends on
/// it: a line that ended at CR LF is told as [`LineEnd::Cr`] when its LF had not come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The conversation begins.
    Opened,
    /// The peer said a line.
    Heard {
        /// Without its terminator.
        line: &'a [u8],
        /// How it ended.
        end: LineEnd,
    },
    /// We said a line: it is queued, in the order of these events.
    Said {
        /// Without its terminator.
        line: &'a [u8],
        /// How it ends.
        end: LineEnd,
    },
    /// The peer's line passed the limit; it is discarded up to its end.
    LineTooLong,
    /// The peer said something that the transcript does not have; see
    /// [`Script`](crate::Script).
    Unexpected(&'a Mismatch),
    /// The peer has finished sending; it may still be reading.
    PeerFinished,
    /// The conversation is over; nothing comes after this.
    Ended {
        /// Why.
        reason: EndReason,
        /// What went both ways until now.
        counts: Counts,
    },
}

/// Whoever watches a conversation: a screen, a recorder, a counter.
///
/// Calls come in the order of the events, from whichever thread carries the conversation, and
/// while it waits: an observer that takes long delays the peer.
pub trait Observer: Send {
    /// Something happened at `now`. Slices live for this call only.
    fn on_event(&mut self, now: Time, event: &Event<'_>);

    /// Bytes of the peer exactly as they came, before anything is made of them.
    ///
    /// How they are cut is TCP's choice.
    fn on_bytes_heard(&mut self, now: Time, bytes: &[u8]) {
        let _ = (now, bytes);
    }

    /// Bytes that the peer's socket took.
    fn on_bytes_said(&mut self, now: Time, bytes: &[u8]) {
        let _ = (now, bytes);
    }

    /// Our own side stopped: its sending side is shut down, or the stream is closed or reset. The
    /// last of these comes right before [`Event::Ended`].
    fn on_stopped(&mut self, now: Time, how: Closing) {
        let _ = (now, how);
    }

    /// The stream broke: the peer reset it, or can no longer be reached.
    fn on_lost(&mut self, now: Time, loss: Loss) {
        let _ = (now, loss);
    }

    /// All of one input is worked off: the moment to hand on what was gathered.
    fn on_pause(&mut self) {}

    /// It has seen enough: it is let go after this input, and no more events are built.
    fn is_done(&self) -> bool {
        false
    }
}
