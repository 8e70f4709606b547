//! Conversations over datagrams: one is one message, each is answered by itself, and some are never
//! sent.

use super::converse::{Stop, answer};
use super::{Conversation, EndReason};
use crate::behaviour::Replies;
use crate::framing::{ReplyStyle, datagram};
use crate::{Decoded, Event, Time};

impl Conversation {
    /// How many bytes of [`unsent`](Self::unsent) are the next datagram; `None`: none waits, or
    /// this conversation goes over a stream.
    #[must_use]
    pub fn next_datagram(&self) -> Option<usize> {
        self.boundaries.as_ref()?.first()
    }

    /// The first `count` bytes of [`unsent`](Self::unsent) will never be sent: a datagram that
    /// cannot or must not leave.
    pub fn withheld(&mut self, now: Time, count: usize) {
        self.taken(now, count);
    }

    /// One datagram is one message; the reply ends as it did.
    pub(super) fn converse_datagram(&mut self, now: Time, bytes: &[u8]) {
        let Some((line, end)) = datagram::decode(bytes, self.settings.max_line) else {
            return self.tell(now, &Event::LineTooLong);
        };
        if self.script().is_some() {
            return self.play_datagram(now, bytes, (line, end));
        }
        let mut replies = Replies {
            outbox: &mut self.outbox,
            counts: &mut self.counts,
            boundaries: self.boundaries.as_deref_mut(),
            observer: self.observer.as_deref_mut(),
            now,
            style: ReplyStyle { end, telnet: false },
        };
        let decoded = Decoded::Line(line, end);
        match answer(&mut self.behaviour, &self.settings, decoded, &mut replies) {
            Some(Stop::ExitWord) => self.finish(EndReason::ExitWord),
            Some(Stop::Flow(flow)) => self.follow(now, flow),
            _ => {}
        }
    }
}
