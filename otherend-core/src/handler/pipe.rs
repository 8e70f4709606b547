//! The handler that makes nothing of what goes through it (usually: raw, or transparent, mode):
//! what the peer says goes to somebody as it comes, and what somebody has to say goes to the peer.
//!
//! No message is looked for, so no limit of messages and no exit word applies, and observers are
//! told of bytes alone.

use crate::conversation::{EndReason, Phase, Saying, State};
use crate::{Loss, Outbox, Time};

/// What a [`Pipe`] came up with when it was asked what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// What it has put into the outbox; over datagrams that is one.
    Piece,
    /// Nothing at the moment: [`Conversation::answer`](crate::Conversation::answer) asks again.
    Nothing,
    /// Nothing any more: half-close. The peer is still heard.
    End,
}

/// Whoever is behind a conversation whose bytes mean nothing to it: a pair of pipes, a file, a
/// terminal.
///
/// Both directions hold back. Bytes are fetched when all before them have left, one piece at a
/// time, so nothing piles up for a slow peer; and as long as there is no room the peer is not read.
/// The conversation is over when the peer finishes, whatever is still to be said.
pub trait Pipe: Send {
    /// The peer said this, cut as the stream has cut it; over datagrams it is one.
    fn hear(&mut self, bytes: &[u8]);

    /// It takes more; asked before every read. Once there is room again, whoever made it calls
    /// [`Conversation::answer`](crate::Conversation::answer).
    fn has_room(&self) -> bool {
        true
    }

    /// All that was said so far has left: what comes next goes into the empty outbox.
    fn next(&mut self, outbox: &mut Outbox) -> Next;
}

/// Hands on what comes, and fetches what is to be said.
pub(super) struct Piped {
    pipe: Box<dyn Pipe>,
    /// How the stream broke, while its rest is heard.
    pub(super) broken: Option<Loss>,
}

impl std::fmt::Debug for Piped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("pipe")
    }
}

impl Piped {
    pub(super) fn new(pipe: Box<dyn Pipe>) -> Self {
        Piped { pipe, broken: None }
    }

    pub(super) fn open(&mut self, state: &mut State, _now: Time) {
        self.say(state);
    }

    #[inline]
    pub(super) fn hear(&mut self, _state: &mut State, _now: Time, bytes: &[u8]) {
        // Whoever goes on is handed what was held, which may be nothing.
        if !bytes.is_empty() {
            self.pipe.hear(bytes);
        }
    }

    pub(super) fn hear_datagram(&mut self, state: &mut State, _now: Time, datagram: &[u8]) {
        state.counts.messages_heard += 1;
        self.pipe.hear(datagram);
    }

    /// Who has finished may not read any more either: what has not left is not waited for.
    pub(super) fn finished(&mut self, state: &mut State, now: Time) {
        state.reason.get_or_insert(EndReason::PeerFinished);
        state.end(now, Phase::Closed);
    }

    /// Fetch the next piece, unless the last one is still on its way.
    pub(super) fn say(&mut self, state: &mut State) {
        while state.outbox.is_empty() && state.saying == Saying::Open && state.is_talking() {
            match self.pipe.next(&mut state.outbox) {
                Next::Piece => {
                    // Of none at all nothing leaves, not even as a datagram: the next one is asked for.
                    let length = state.outbox.len();
                    if let Some(boundaries) = state.boundaries.as_mut().filter(|_| length > 0) {
                        boundaries.push(length);
                        state.counts.messages_said += 1;
                    }
                }
                Next::Nothing => return,
                Next::End => state.finish_saying(),
            }
        }
    }

    pub(super) fn awaits_peer(&self) -> bool {
        true
    }

    #[inline]
    pub(super) fn wants_input(&self) -> bool {
        self.pipe.has_room()
    }

    pub(super) fn is_between_messages(&self, _state: &State) -> bool {
        true
    }

    #[inline]
    pub(super) fn is_mid_message(&self, _state: &State) -> bool {
        false
    }
}
