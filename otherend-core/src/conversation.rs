//! The state machine for one peer (usually: a connection or session, sans-I/O): framing, deadlines,
//! half-close, one behaviour.
//!
//! It decides; an engine carries. See [`Conversation`] for the calling order.

mod closing;
mod outputs;
mod reason;
mod settings;
mod state;

use std::fmt;
use std::sync::Arc;

use crate::behaviour::{Flow, Replies};
use crate::transcript::Closing;
use crate::{Event, Handler, Observer, Time, Watched};

pub use reason::{Between, Counts, EndReason, Loss};
pub use settings::{ExitWords, Role, Settings};
use state::Draining;
pub(crate) use state::{Phase, Saying, State};

/// What the engine does with the stream next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Wait: for room to write while [`Conversation::unsent`] is not empty, for the
    /// [`deadline`](Conversation::deadline), and for bytes if `read` is set. Without it, do not read.
    Wait {
        /// Read from the peer.
        read: bool,
    },
    /// Shut down the sending side, then call [`Conversation::half_closed`].
    HalfClose,
    /// Close the stream: nothing that was said can be lost by it.
    Close,
    /// Reset the stream.
    Reset,
}

/// More than this does not wait unread when a drain begins: what still comes is new. Linux lets a
/// TCP socket hold 6 MiB (`tcp_rmem`); without a bound, who never stops sending would never let a
/// read block.
const MOST_WAITING: u64 = 8 * 1024 * 1024;

/// What became of a line that nobody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It is queued.
    Queued,
    /// So much waits for the peer already that it was not: once some of that is sent, ask again.
    Full,
    /// The conversation is ending: it was not, and will not be.
    Ending,
}

/// One peer, from open to close.
///
/// **Inputs** take the time and what happened: [`open`](Self::open), [`receive`](Self::receive),
/// [`peer_finished`](Self::peer_finished), [`peer_lost`](Self::peer_lost),
/// [`write_failed`](Self::write_failed), [`sent`](Self::sent),
/// [`half_closed`](Self::half_closed), [`tick`](Self::tick), [`say`](Self::say),
/// [`answer`](Self::answer), [`finish_saying`](Self::finish_saying), [`close`](Self::close),
/// [`drain`](Self::drain), [`nothing_to_read`](Self::nothing_to_read), [`abort`](Self::abort).
/// **Outputs** are polled after any input: [`unsent`](Self::unsent), [`step`](Self::step),
/// [`deadline`](Self::deadline). Nothing blocks, nothing reads a clock, nothing panics on any bytes.
///
/// The calling order: `open` once. Then, until the step is `Close` or `Reset`: write `unsent`, tell
/// with `sent` how much was taken (0 counts: it starts the write deadline), and carry out `step`.
///
/// Memory: between inputs a conversation keeps an unfinished line and unsent bytes and nothing
/// else. An engine that serves many lends one large buffer to each in turn
/// ([`lend`](Self::lend), [`give_back`](Self::give_back)).
///
/// ```
/// use std::sync::Arc;
/// use otherend_core::{AnyBehaviour, Conversation, Echo, Settings, Step, Time};
///
/// let now = Time::ZERO;
/// let echo = AnyBehaviour::Echo(Echo::default());
/// let mut conversation = Conversation::new(Arc::new(Settings::server()), echo, now);
/// conversation.open(now);
/// conversation.receive(now, b"hello\nex");
/// assert_eq!(conversation.unsent(), b"From server -> hello\n");
/// conversation.sent(now, 21);
/// conversation.receive(now, b"it\n");
/// assert_eq!(conversation.step(), Step::HalfClose);
/// conversation.half_closed(now);
/// conversation.peer_finished(now);
/// assert_eq!(conversation.step(), Step::Close);
/// ```
pub struct Conversation {
    handler: Handler,
    state: State,
}

impl Conversation {
    /// A conversation that begins at `now`; `handler` decides what is said in it.
    #[must_use]
    pub fn new(settings: Arc<Settings>, handler: impl Into<Handler>, now: Time) -> Self {
        let mut handler = handler.into();
        handler.limit(&settings);
        Conversation {
            handler,
            state: State::new(settings, now),
        }
    }

    /// Let `observer` see everything from here on.
    #[must_use]
    pub fn observed(mut self, observer: Box<dyn Observer>) -> Self {
        self.state.watched = Watched::by(Some(observer));
        self
    }

    // ---- the doors in

    /// The stream is open: greet.
    pub fn open(&mut self, now: Time) {
        self.state.tell(now, &Event::Opened);
        self.handler.open(&mut self.state, now);
        self.settle(now);
    }

    /// Bytes arrived. All of them are used, kept or, after the end, discarded. With
    /// [`Framing::Datagram`](crate::Framing::Datagram) they are one datagram; one that is longer than
    /// a line may be is not answered.
    #[inline]
    pub fn receive(&mut self, now: Time, bytes: &[u8]) {
        let state = &mut self.state;
        state.touched = now;
        state.heard = now;
        state.counts.bytes_heard += bytes.len() as u64;
        let peer = state.settings.role.other();
        state.watched.tell_bytes(now, peer, bytes);
        if !state.is_talking() {
            return;
        }
        if let Some(Draining::Hearing { most }) = state.draining
            && state.counts.bytes_heard >= most
        {
            state.draining = Some(Draining::Heard);
        }
        if state.boundaries.is_some() {
            self.handler.hear_datagram(state, now, bytes);
        } else if state.held.is_empty() && self.handler.takes_input() {
            self.handler.hear(state, now, bytes);
        } else {
            state.held.extend_from_slice(bytes);
        }
        self.settle(now);
    }

    /// The peer has finished sending; it may still be reading.
    pub fn peer_finished(&mut self, now: Time) {
        if let Some(loss) = self.handler.broken() {
            return self.peer_lost(now, loss);
        }
        let state = &mut self.state;
        if state.peer_done {
            return;
        }
        state.peer_done = true;
        let from = state.settings.role.other();
        state.tell(now, &Event::Finished { from });
        match state.phase {
            Phase::Lingering { .. } => state.end(now, Phase::Closed),
            // Else lines are held back that came before the end: `resume` tells of it behind the
            // last one.
            Phase::Talking if state.held.is_empty() && self.handler.takes_input() => {
                self.handler.finished(state, now);
            }
            _ => {}
        }
        self.settle(now);
    }

    /// The stream took `count` bytes of [`unsent`](Self::unsent); 0 says that it took none. Of
    /// datagrams, each as [`next_datagram`](Self::next_datagram) gives it is told by itself.
    #[inline]
    pub fn sent(&mut self, now: Time, count: usize) {
        let state = &mut self.state;
        // A datagram may be empty; that a stream took nothing is nothing to tell.
        if count > 0 || state.boundaries.is_some() {
            let said = &state.outbox.unsent()[..count];
            state.watched.tell_bytes(now, state.settings.role, said);
        }
        state.counts.bytes_said += count as u64;
        self.taken(now, count);
    }

    /// The first `count` bytes of [`unsent`](Self::unsent) will never be sent: a datagram that
    /// cannot or must not leave.
    pub fn withheld(&mut self, now: Time, count: usize) {
        self.taken(now, count);
    }

    #[inline]
    fn taken(&mut self, now: Time, count: usize) {
        let state = &mut self.state;
        state.outbox.advance(count);
        if let Some(boundaries) = &mut state.boundaries {
            boundaries.pop();
        }
        if count > 0 {
            state.touched = now;
        }
        if state.outbox.is_empty() {
            state.stalled = None;
        } else if count > 0 || state.stalled.is_none() {
            state.stalled = Some(now);
        }
        // At half of the limit, and not as soon as there is any room: a peer that takes 100 bytes
        // at a time would otherwise let one line in with each of them, and stop it again.
        if !state.held.is_empty() && state.outbox.len() <= state.settings.output_limit() / 2 {
            self.resume(now);
        }
        if self.state.outbox.is_empty() {
            self.handler.all_sent(&mut self.state, now);
        }
        self.settle(now);
    }

    /// Go on with the input that had to wait.
    fn resume(&mut self, now: Time) {
        if !self.handler.takes_input() {
            return;
        }
        let held = std::mem::take(&mut self.state.held);
        self.handler.hear(&mut self.state, now, &held);
        let state = &mut self.state;
        let heard_out = state.held.is_empty() && self.handler.takes_input();
        if state.peer_done && heard_out && state.is_talking() {
            self.handler.finished(state, now);
        }
    }

    /// The answer that a behaviour owed ([`Flow::Pending`]), or room for more ([`Flow::Full`]):
    /// `answer` writes what is to be said and how it goes on, then the lines behind are heard.
    /// `false`: nothing was awaited, and `answer` was not called.
    ///
    /// A [`Pipe`](crate::Pipe) is asked itself whether it has room, or more to say.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use otherend_core::{AnyBehaviour, Behaviour, Conversation, Flow, Replies, Settings, Time};
    ///
    /// struct Asks;
    ///
    /// impl Behaviour for Asks {
    ///     fn on_message(&mut self, _line: &[u8], _replies: &mut Replies<'_>) -> Flow {
    ///         Flow::Pending
    ///     }
    /// }
    ///
    /// let now = Time::ZERO;
    /// let settings = Arc::new(Settings::server());
    /// let mut asking = Conversation::new(settings, AnyBehaviour::custom(Asks), now);
    /// asking.receive(now, b"one\ntwo\n");
    /// assert_eq!(asking.unsent(), b"");
    /// asking.answer(now, |replies| {
    ///     replies.message(b"1");
    ///     Flow::Continue
    /// });
    /// assert_eq!(asking.unsent(), b"1\n");
    /// ```
    pub fn answer(&mut self, now: Time, answer: impl FnOnce(&mut Replies<'_>) -> Flow) -> bool {
        let awaited = self.handler.answer(&mut self.state, now, answer);
        if awaited && self.state.is_talking() {
            // The peer's silence until now was our doing.
            self.state.touched = now;
            self.resume(now);
        }
        self.settle(now);
        awaited
    }

    /// The sending side is shut down, as [`Step::HalfClose`] asked.
    pub fn half_closed(&mut self, now: Time) {
        let state = &mut self.state;
        state.touched = now;
        state.tell_stopped(now, Closing::HalfClose);
        if state.saying == Saying::Ending {
            state.saying = Saying::Ended;
        }
        if state.phase == Phase::Flushing {
            state.phase = Phase::Lingering { since: now };
        }
    }

    /// Nothing more will be said, but the peer is still heard: half-close once all is sent.
    pub fn finish_saying(&mut self) {
        self.state.finish_saying();
    }

    /// Time has passed: carries out every deadline up to `now`. Harmless when there is none.
    pub fn tick(&mut self, now: Time) {
        self.state.watched.tick(now);
        self.handler.tick(&mut self.state, now);
        self.meet_deadlines(now);
        self.settle(now);
    }

    /// Say a line that nobody asked for. A server's peer for which more than `max_output` bytes wait
    /// gets no more of them until it has read; a client lets its own lines wait.
    pub fn say(&mut self, now: Time, line: &[u8]) -> Said {
        let state = &mut self.state;
        if !state.is_talking() || state.saying != Saying::Open {
            return Said::Ending;
        }
        if state.settings.role == Role::Server && state.outbox.len() > state.settings.max_output {
            return Said::Full;
        }
        state.replies(now).message(line);
        self.settle(now);
        Said::Queued
    }

    /// End the conversation in good order: what was said still arrives.
    pub fn close(&mut self, now: Time, reason: EndReason) {
        self.state.finish(reason);
        self.settle(now);
    }

    /// The server is stopping: what has come by now is still heard, a line that has begun may end,
    /// and all of it is answered; then the conversation closes.
    ///
    /// Until a read would block, the engine goes on reading and feeding as ever, then says so by
    /// [`nothing_to_read`](Self::nothing_to_read); who never stops sending is heard for 8 MiB.
    pub fn drain(&mut self, now: Time) {
        if !self.state.is_talking() || self.state.draining.is_some() {
            return;
        }
        let most = self.state.counts.bytes_heard + MOST_WAITING;
        self.state.draining = Some(Draining::Hearing { most });
        self.handler.nobody_else_comes();
        self.settle(now);
    }

    /// A drain waits for [`nothing_to_read`](Self::nothing_to_read).
    #[must_use]
    #[inline]
    pub fn hears_out(&self) -> bool {
        matches!(self.state.draining, Some(Draining::Hearing { .. })) && self.state.is_talking()
    }

    /// A read would block now, or the last one brought less than it had room for. It matters once,
    /// after [`drain`](Self::drain): all that had come before it has been heard.
    ///
    /// No count of bytes says this, because what waits in a socket may be ciphertext. A
    /// conversation that was idle for [`linger_idle`](Settings::linger_idle) closes at once; one that
    /// was not may have a line on its way, over which a close would become a reset, and ends in good
    /// order. For example: the peer's last answer left 50 ms ago and its next line is in flight. To
    /// half-close, discard that line and then close costs a round trip; to close at once would make
    /// the kernel reset the connection, and the reset could overtake the answer.
    pub fn nothing_to_read(&mut self, now: Time) {
        if !self.hears_out() {
            return;
        }
        self.state.draining = Some(Draining::Heard);
        let is_idle = self.state.touched + self.state.settings.linger_idle <= now;
        if is_idle && !self.is_busy() {
            self.state.reason.get_or_insert(EndReason::Drained);
            self.state.end(now, Phase::Closed);
        }
        self.settle(now);
    }

    /// End the conversation at once with a reset; what was not sent is lost.
    pub fn abort(&mut self, now: Time, reason: EndReason) {
        self.state.abort(now, reason);
        self.settle(now);
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("phase", &self.state.phase)
            .field("reason", &self.state.reason)
            .field("handler", &self.handler)
            .field("counts", &self.state.counts)
            .field("unsent", &self.state.outbox.len())
            .field("held", &self.state.held.len())
            .finish_non_exhaustive()
    }
}
