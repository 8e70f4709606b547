//! How a conversation ends: deadlines, draining, and the last reply that must arrive.
//!
//! Closing a socket with unread input makes the kernel reset the connection and lose the last
//! reply. So: flush, half-close, read and discard until the peer closes or a limit is reached.

use super::{Conversation, EndReason, Loss, Phase, Saying};
use crate::transcript::Closing;
use crate::{Event, Time};

impl Conversation {
    /// The stream broke: nothing can be read or written any more.
    pub fn peer_lost(&mut self, now: Time, loss: Loss) {
        let reason = match loss {
            Loss::Reset => EndReason::PeerReset,
            Loss::Unreachable => EndReason::Unreachable,
            Loss::Refused => EndReason::Refused,
        };
        if let Some(observer) = &mut self.observer {
            observer.on_lost(now, loss);
        }
        if self.phase == Phase::Talking {
            self.play_loss(now);
        }
        self.reason.get_or_insert(reason);
        self.end(now, Phase::Closed);
        self.settle(now);
    }

    /// Nothing more is heard or said; what is queued still arrives.
    pub(super) fn finish(&mut self, reason: EndReason) {
        if self.phase == Phase::Talking {
            self.reason.get_or_insert(reason);
            self.phase = Phase::Flushing;
            self.held = Vec::new();
        }
    }

    /// The stream is done with.
    pub(super) fn end(&mut self, now: Time, phase: Phase) {
        if matches!(self.phase, Phase::Closed | Phase::Reset) {
            return;
        }
        self.phase = phase;
        self.stalled = None;
        self.held = Vec::new();
        self.discard_unsent();
        self.leave_the_play();
        let how = match phase {
            Phase::Reset => Closing::Reset,
            _ => Closing::Close,
        };
        self.tell_stopped(now, how);
        let reason = *self.reason.get_or_insert(EndReason::PeerFinished);
        let counts = self.counts;
        self.tell(now, &Event::Ended { reason, counts });
    }

    /// What waits for the peer will not be sent.
    fn discard_unsent(&mut self) {
        self.outbox.advance(self.outbox.len());
        if let Some(boundaries) = &mut self.boundaries {
            boundaries.clear();
        }
    }

    /// Tell how our side stopped.
    pub(super) fn tell_stopped(&mut self, now: Time, how: Closing) {
        if let Some(observer) = &mut self.observer {
            observer.on_stopped(now, how);
        }
    }

    /// What every input has in common at its end.
    #[inline]
    pub(super) fn settle(&mut self, now: Time) {
        if self.saying == Saying::Ended {
            // Our side is closed: a telnet refusal, say, can no longer be sent.
            self.discard_unsent();
        }
        if self.draining == Some(0) && self.phase == Phase::Talking && self.is_between_lines() {
            self.finish(EndReason::Drained);
        }
        if self.phase == Phase::Flushing && self.outbox.is_empty() {
            if self.resets {
                self.end(now, Phase::Reset);
            } else if self.peer_done || self.settings.is_datagrams() {
                self.end(now, Phase::Closed);
            }
        }
        if let Some(observer) = &mut self.observer {
            observer.on_pause();
            if observer.is_done() {
                self.observer = None;
            }
        }
    }

    /// Every deadline that has passed, in the order of their weight.
    pub(super) fn meet_deadlines(&mut self, now: Time) {
        let settings = std::sync::Arc::clone(&self.settings);
        let passed = |since: Time, limit: Option<std::time::Duration>| {
            limit.is_some_and(|limit| now >= since + limit)
        };
        if self
            .stalled
            .is_some_and(|since| passed(since, settings.write_timeout))
        {
            return self.abort(now, EndReason::PeerNotReading);
        }
        match self.phase {
            Phase::Talking => {
                let mid_line = self.is_mid_line();
                if mid_line && passed(self.line_began, settings.line_timeout) {
                    self.complain(now, EndReason::LineTimeout);
                } else if self
                    .idle_since()
                    .is_some_and(|since| passed(since, settings.idle_timeout))
                {
                    self.complain(now, EndReason::Idle);
                }
            }
            Phase::Lingering { since } if passed(since, Some(settings.linger_total)) => {
                self.end(now, Phase::Reset);
            }
            Phase::Lingering { .. } if passed(self.touched, Some(settings.linger_idle)) => {
                self.end(now, Phase::Closed);
            }
            _ => {}
        }
    }
}
