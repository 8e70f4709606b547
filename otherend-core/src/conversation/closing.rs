//! How a conversation ends: deadlines (usually: timeouts), draining (usually: graceful shutdown),
//! and the last reply that must arrive (usually: a lingering close).
//!
//! Closing a socket with unread input makes the kernel reset the connection and lose the last
//! reply. So: flush, half-close, read and discard until the peer closes or a limit is reached.

use super::{Conversation, Draining, EndReason, Loss, Phase, Saying};
use crate::{Event, Time};

impl Conversation {
    /// The stream broke: nothing can be read or written any more.
    pub fn peer_lost(&mut self, now: Time, loss: Loss) {
        let state = &mut self.state;
        state.tell(now, &Event::Lost(loss));
        if state.is_talking() {
            self.handler.lost(state, now);
        } else if !state.is_ended() {
            self.handler.lost_at_the_end();
        }
        state.reason.get_or_insert(loss.into());
        state.end(now, Phase::Closed);
        self.settle(now);
    }

    /// A write failed, or the stream broke while nothing was read: nothing can be said any more. What
    /// the peer said before may still wait to be read.
    ///
    /// For example: a server that has no place for us says so and closes, while we are sending. Our
    /// next write fails, as its kernel has reset the connection over what was not read, and the
    /// server's last words lie in our socket. A [`Pipe`](crate::Pipe) hears them, and it is over with
    /// the end behind them; where all that could come of them is an answer, it is over now.
    pub fn write_failed(&mut self, now: Time, loss: Loss) {
        if !self.handler.broke(loss) {
            return self.peer_lost(now, loss);
        }
        self.state.saying = Saying::Ended;
        self.state.stalled = None;
        self.settle(now);
    }

    /// What every input has in common at its end.
    #[inline]
    pub(super) fn settle(&mut self, now: Time) {
        let state = &mut self.state;
        let is_ending = state.saying == Saying::Ended || state.draining.is_some();
        if is_ending || !state.is_talking() {
            self.settle_end(now);
        }
        self.state.watched.pause();
    }

    fn settle_end(&mut self, now: Time) {
        let state = &mut self.state;
        if state.saying == Saying::Ended {
            // Our side is closed: a telnet refusal, say, can no longer be sent.
            state.discard_unsent();
        }
        if state.draining == Some(Draining::Heard)
            && state.is_talking()
            && self.handler.is_between_messages(state)
        {
            state.finish(EndReason::Drained);
        }
        // Only now that all is sent: a reset throws away what is unsent, and a datagram has no one
        // to linger for.
        if state.phase == Phase::Flushing && state.outbox.is_empty() {
            if state.resets {
                state.end(now, Phase::Reset);
            } else if state.peer_done || state.boundaries.is_some() {
                state.end(now, Phase::Closed);
            }
        }
        if state.is_ended() {
            self.handler.leave();
        }
    }

    /// Every deadline that has passed, in the order of their weight.
    pub(super) fn meet_deadlines(&mut self, now: Time) {
        let state = &mut self.state;
        let settings = std::sync::Arc::clone(&state.settings);
        let passed = |since: Time, limit: Option<std::time::Duration>| {
            limit.is_some_and(|limit| now >= since + limit)
        };
        // First, for whoever takes nothing cannot be told anything either: `ERR idle` would only
        // wait behind the rest.
        if state
            .stalled
            .is_some_and(|since| passed(since, settings.write_timeout))
        {
            return state.abort(now, EndReason::PeerNotReading);
        }
        match state.phase {
            Phase::Talking => {
                if passed(state.heard, self.handler.silence_ends(state)) {
                    self.handler.silence(state, now);
                }
                // Two limits, because one can be fooled. A peer that sends a byte every 10 s is
                // never idle, and holds its place for ever: so a line that has begun has a time of
                // its own, from its first byte (the "slow loris"). A peer that sends nothing has
                // begun no line: idle.
                let mid_message = self.handler.is_mid_message(state);
                if mid_message && passed(state.message_began, settings.message_timeout) {
                    state.complain(now, EndReason::MessageTimeout);
                } else if self.handler.awaits_peer() && passed(state.touched, settings.idle_timeout)
                {
                    state.complain(now, EndReason::Idle);
                }
            }
            // Again two: a peer that is quiet has most likely read our last words, and is closed in
            // good order. One that sends on and on is cut off in the end, though a reset may cost
            // it those words.
            Phase::Lingering { since } if passed(since, Some(settings.linger_total)) => {
                state.end(now, Phase::Reset);
            }
            Phase::Lingering { .. } if passed(state.touched, Some(settings.linger_idle)) => {
                state.end(now, Phase::Closed);
            }
            _ => {}
        }
    }
}
