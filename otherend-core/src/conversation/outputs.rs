//! The doors out: bytes for the peer, what to do with the stream, the next deadline, and how it
//! stands. Looking changes nothing; only buffers are lent and given back here.

use std::time::Duration;

use super::{Conversation, Counts, EndReason, Phase, Saying, Step};
use crate::{Outbox, Time};

impl Conversation {
    /// The bytes for the peer, all that there are, in one piece.
    #[must_use]
    #[inline]
    pub fn unsent(&self) -> &[u8] {
        self.outbox.unsent()
    }

    /// What to do with the stream now.
    #[must_use]
    #[inline]
    pub fn step(&self) -> Step {
        match self.phase {
            Phase::Talking if self.must_half_close() => Step::HalfClose,
            Phase::Talking => Step::Wait {
                read: self.wants_input(),
            },
            Phase::Lingering { .. } => Step::Wait { read: true },
            Phase::Flushing if !self.outbox.is_empty() => Step::Wait {
                read: !self.peer_done,
            },
            Phase::Flushing if self.peer_done => Step::Close,
            // A second time after `finish_saying`, where it changes nothing.
            Phase::Flushing => Step::HalfClose,
            Phase::Closed => Step::Close,
            Phase::Reset => Step::Reset,
        }
    }

    /// When [`tick`](Self::tick) is due at the latest; `None`: there is nothing to wait for.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let at = |since: Time, limit: Option<Duration>| limit.map(|limit| since + limit);
        let write = self
            .stalled
            .and_then(|since| at(since, self.settings.write_timeout));
        let other = match self.phase {
            Phase::Talking => {
                let idle = self.idle_since();
                let idle = idle.and_then(|since| at(since, self.settings.idle_timeout));
                let mid_line = self.is_mid_line().then_some(self.line_began);
                let line = mid_line.and_then(|began| at(began, self.settings.line_timeout));
                Time::earliest(Time::earliest(idle, line), self.script_deadline())
            }
            Phase::Lingering { since } => Time::earliest(
                Some(self.touched + self.settings.linger_idle),
                Some(since + self.settings.linger_total),
            ),
            Phase::Flushing | Phase::Closed | Phase::Reset => None,
        };
        Time::earliest(write, other)
    }

    /// Why it ended or is ending; `None` while it goes on.
    #[must_use]
    pub fn reason(&self) -> Option<EndReason> {
        self.reason
    }

    /// The stream can be let go: the step is `Close` or `Reset` and stays so.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.step(), Step::Close | Step::Reset)
    }

    /// What went both ways so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// In the middle of something: a line has begun, an answer is owed, or bytes wait to be sent or
    /// worked off.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.outbox.is_empty() || !self.is_between_lines()
    }

    /// Bytes of memory that wait for this peer, or for a transcript's turn: unsent replies and input
    /// that was not worked off.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.outbox.len() + self.held.len() + self.script_unheard_len()
    }

    /// Bytes of memory that this conversation holds beside itself: an unfinished line, unsent
    /// replies, held input. An idle one holds none.
    #[must_use]
    pub fn memory(&self) -> usize {
        let lines = self.decoder.memory() + self.script_unheard_len();
        self.outbox.capacity() + self.held.capacity() + lines
    }

    /// Lend a large empty buffer for the replies to come, unless some are already waiting.
    #[inline]
    pub fn lend(&mut self, buffer: &mut Outbox) {
        if self.outbox.capacity() == 0 {
            std::mem::swap(&mut self.outbox, buffer);
        }
    }

    /// Take the lent buffer back; what is unsent stays here in memory of its own size, and
    /// nothing does when all is sent.
    #[inline]
    pub fn give_back(&mut self, buffer: &mut Outbox) {
        if buffer.capacity() == 0 {
            *buffer = self.outbox.give_back();
        } else if self.outbox.is_empty() {
            self.outbox = Outbox::new();
        }
    }

    fn must_half_close(&self) -> bool {
        self.saying == Saying::Ending && self.outbox.is_empty()
    }

    fn wants_input(&self) -> bool {
        let room = self.held.is_empty() && self.outbox.len() < self.settings.output_limit();
        !self.peer_done && room && self.script_wants_input()
    }
}
