//! The doors out: bytes for the peer, what to do with the stream (back-pressure is one of the
//! answers), the next deadline (usually: the next timeout), and how it stands. Looking changes
//! nothing; only buffers are lent and given back here.

use std::time::Duration;

use super::{Conversation, Counts, EndReason, Phase, Saying, Step};
use crate::{Outbox, Time};

impl Conversation {
    /// The bytes for the peer, all that there are, in one piece.
    #[must_use]
    #[inline]
    pub fn unsent(&self) -> &[u8] {
        self.state.outbox.unsent()
    }

    /// How many bytes of [`unsent`](Self::unsent) are the next datagram; `None`: none waits, or
    /// this conversation goes over a stream.
    #[must_use]
    pub fn next_datagram(&self) -> Option<usize> {
        self.state.boundaries.as_ref()?.first()
    }

    /// The number of another conversation that can go on because this one did: its deadline has come.
    ///
    /// The two play different connections of one [`Performance`](crate::Performance). Ask after
    /// every input, also the last.
    #[must_use]
    #[inline]
    pub fn stirred(&self) -> Option<u64> {
        self.handler.stirred()
    }

    /// What to do with the stream now.
    #[must_use]
    #[inline]
    pub fn step(&self) -> Step {
        match self.state.phase {
            Phase::Talking if self.must_half_close() => Step::HalfClose,
            Phase::Talking => Step::Wait {
                read: self.wants_input(),
            },
            Phase::Lingering { .. } => Step::Wait { read: true },
            // Read on although nothing more is heard: unread input would turn the close into a
            // reset.
            Phase::Flushing if !self.state.outbox.is_empty() => Step::Wait {
                read: !self.state.peer_done,
            },
            Phase::Flushing if self.state.peer_done => Step::Close,
            // A second time after `finish_saying`, where it changes nothing.
            Phase::Flushing => Step::HalfClose,
            Phase::Closed => Step::Close,
            Phase::Reset => Step::Reset,
        }
    }

    /// When [`tick`](Self::tick) is due at the latest; `None`: there is nothing to wait for.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        // Worked out anew at every call from when things happened, and stored nowhere: a timer that
        // was set for `idle` cannot fire late because a byte came meanwhile. Whoever waits may be
        // woken too early; `tick` looks at the same times and does nothing then.
        let state = &self.state;
        let settings = &*state.settings;
        let mut next = state.watched.deadline();
        let mut limit = |since: Time, limit: Option<Duration>| {
            if let Some(limit) = limit {
                next = Time::earliest(next, Some(since + limit));
            }
        };
        if let Some(since) = state.stalled {
            limit(since, settings.write_timeout);
        }
        match state.phase {
            Phase::Talking => {
                if self.handler.awaits_peer() {
                    limit(state.touched, settings.idle_timeout);
                }
                if self.handler.is_mid_message(state) {
                    limit(state.message_began, settings.message_timeout);
                }
                limit(state.heard, self.handler.silence_ends(state));
                next = Time::earliest(next, self.handler.deadline());
            }
            Phase::Lingering { since } => {
                limit(state.touched, Some(settings.linger_idle));
                limit(since, Some(settings.linger_total));
            }
            Phase::Flushing | Phase::Closed | Phase::Reset => {}
        }
        next
    }

    /// Why it ended or is ending; `None` while it goes on.
    #[must_use]
    pub fn reason(&self) -> Option<EndReason> {
        self.state.reason
    }

    /// The stream can be let go: the step is `Close` or `Reset` and stays so.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.step(), Step::Close | Step::Reset)
    }

    /// What went both ways so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.counts
    }

    /// In the middle of something: a line has begun, an answer is owed, or bytes wait to be sent or
    /// worked off.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.state.outbox.is_empty() || !self.handler.is_between_messages(&self.state)
    }

    /// Bytes of memory that wait for this peer, or for a transcript's turn: unsent replies and input
    /// that was not worked off.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.state.outbox.len() + self.state.held.len() + self.handler.waiting_bytes()
    }

    /// Bytes of memory that this conversation holds beside itself: an unfinished line, unsent
    /// replies, held input. An idle one holds none.
    #[must_use]
    pub fn memory(&self) -> usize {
        let lines = self.state.decoder.memory() + self.handler.waiting_bytes();
        self.state.outbox.capacity() + self.state.held.capacity() + lines
    }

    /// Lend a large empty buffer for the replies to come, unless some are already waiting.
    #[inline]
    pub fn lend(&mut self, buffer: &mut Outbox) {
        // One buffer a thread instead of one a connection: of 10,000 open connections nearly all
        // are idle, and an idle one owns no memory. What a slow peer has not taken is the
        // exception.
        if self.state.outbox.capacity() == 0 {
            std::mem::swap(&mut self.state.outbox, buffer);
        }
    }

    /// Take the lent buffer back; what is unsent stays here in memory of its own size, and
    /// nothing does when all is sent.
    #[inline]
    pub fn give_back(&mut self, buffer: &mut Outbox) {
        if buffer.capacity() == 0 {
            *buffer = match self.state.outbox.is_empty() {
                true => std::mem::take(&mut self.state.outbox),
                false => self.state.outbox.give_back(),
            };
        } else if self.state.outbox.is_empty() {
            self.state.outbox = Outbox::new();
        }
    }

    fn must_half_close(&self) -> bool {
        self.state.saying == Saying::Ending && self.state.outbox.is_empty()
    }

    fn wants_input(&self) -> bool {
        // Back-pressure: who does not read its answers is not read either, so its own writes begin
        // to wait. Input that is held goes first, or lines would change places.
        let room = self.state.held.is_empty()
            && self.state.outbox.len() < self.state.settings.output_limit();
        !self.state.peer_done && room && self.handler.wants_input()
    }
}
