//! Conversations over datagrams: one is one line, each is answered by itself, and some are never
//! sent.

use super::converse::{Stop, answer};
use super::{Conversation, EndReason, Phase};
use crate::behaviour::Replies;
use crate::framing::ReplyStyle;
use crate::{Decoded, Event, Terminator, Time};

impl Conversation {
    /// One datagram arrived: one line, whatever it ends with; the reply ends the same way.
    ///
    /// One that is longer than a line may be is not answered. For conversations with
    /// [`datagrams`](crate::Settings::datagrams).
    pub fn receive_datagram(&mut self, now: Time, datagram: &[u8]) {
        self.touched = now;
        self.counts.bytes_heard += datagram.len() as u64;
        if let Some(observer) = &mut self.observer {
            observer.on_bytes_heard(now, datagram);
        }
        if self.phase == Phase::Talking {
            self.converse_datagram(now, datagram);
        }
        self.settle(now);
    }

    /// The first `count` bytes of [`unsent`](Self::unsent) will never be sent: a datagram that
    /// cannot or must not leave.
    pub fn withheld(&mut self, now: Time, count: usize) {
        self.taken(now, count);
    }

    /// One datagram is one line; the reply ends as it did.
    fn converse_datagram(&mut self, now: Time, datagram: &[u8]) {
        let (line, terminator) = match datagram {
            [line @ .., b'\r', b'\n'] => (line, Terminator::CrLf),
            [line @ .., b'\n'] => (line, Terminator::Lf),
            line => (line, Terminator::None),
        };
        if line.len() > self.settings.max_line {
            return self.tell(now, &Event::LineTooLong);
        }
        if self.script().is_some() {
            return self.play_datagram(now, datagram, (line, terminator.into()));
        }
        let mut replies = Replies {
            outbox: &mut self.outbox,
            counts: &mut self.counts,
            observer: self.observer.as_deref_mut(),
            now,
            style: ReplyStyle {
                terminator,
                telnet: false,
            },
        };
        let decoded = Decoded::Line(line, terminator.into());
        match answer(&mut self.behaviour, &self.settings, decoded, &mut replies) {
            Some(Stop::ExitWord) => self.finish(EndReason::ExitWord),
            Some(Stop::Flow(flow)) => self.follow(now, flow),
            _ => {}
        }
    }
}
