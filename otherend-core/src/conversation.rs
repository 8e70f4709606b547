//! The state machine for one peer: framing, deadlines, half-close, one behaviour.
//!
//! It decides; an engine carries. See [`Conversation`] for the calling order.

mod closing;
mod converse;
mod datagrams;
mod outputs;
mod reason;
mod scripted;
mod settings;

use std::fmt;
use std::sync::Arc;

use crate::behaviour::{AnyBehaviour, Behaviour, Flow, Replies};
use crate::framing::datagram::Boundaries;
use crate::transcript::Closing;
use crate::{Event, LineDecoder, Observer, Outbox, Time};

pub use reason::{Counts, EndReason};
pub use settings::{ExitWords, Role, Settings};

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

/// How a stream broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The peer reset it.
    Reset,
    /// The peer could not be reached any longer.
    Unreachable,
    /// Nothing listens for datagrams there (ICMP: port unreachable).
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Lines are heard and answered.
    Talking,
    /// All is said; the last replies are being sent, what still comes is discarded.
    Flushing,
    /// Our side is closed; what still comes is discarded until the peer closes too.
    Lingering { since: Time },
    /// The stream is to be closed.
    Closed,
    /// The stream is to be reset.
    Reset,
}

/// Our sending side while the conversation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saying {
    Open,
    /// What is queued is still sent, then the sending side is shut down.
    Ending,
    Ended,
}

/// One peer, from open to close.
///
/// **Inputs** take the time and what happened: [`open`](Self::open), [`receive`](Self::receive),
/// [`peer_finished`](Self::peer_finished), [`peer_lost`](Self::peer_lost), [`sent`](Self::sent),
/// [`half_closed`](Self::half_closed), [`tick`](Self::tick), [`say`](Self::say),
/// [`finish_saying`](Self::finish_saying), [`close`](Self::close), [`drain`](Self::drain),
/// [`abort`](Self::abort).
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
    settings: Arc<Settings>,
    decoder: LineDecoder,
    behaviour: AnyBehaviour,
    observer: Option<Box<dyn Observer>>,
    outbox: Outbox,
    /// Over datagrams: where those in the outbox end.
    boundaries: Option<Box<Boundaries>>,
    /// Input that waits until the peer has taken some of the replies.
    held: Vec<u8>,
    phase: Phase,
    reason: Option<EndReason>,
    counts: Counts,
    /// The peer's sending side has ended.
    peer_done: bool,
    /// Our own sending side, while lines are still heard.
    saying: Saying,
    /// Lines that were too long so far.
    too_long: u8,
    /// While draining: how many bytes are still to be heard before the end.
    draining: Option<usize>,
    /// When a byte last went either way.
    touched: Time,
    /// When the line under way began; only meaningful in mid-line.
    line_began: Time,
    /// Since when the peer has taken none of the unsent bytes.
    stalled: Option<Time>,
    /// The end is a reset, once all is sent.
    resets: bool,
    /// What a transcript heard last has no line end yet.
    in_piece: bool,
}

impl Conversation {
    /// A conversation that begins at `now`.
    #[must_use]
    pub fn new(settings: Arc<Settings>, mut behaviour: AnyBehaviour, now: Time) -> Self {
        if let AnyBehaviour::Script(script) = &mut behaviour {
            let (max_output, max_line) = (settings.output_limit(), settings.max_line);
            script.act(|player, _| player.limit(max_output, max_line));
        }
        let boundaries = settings.is_datagrams().then(Box::default);
        Conversation {
            decoder: LineDecoder::new(settings.framing, settings.max_line),
            settings,
            behaviour,
            observer: None,
            outbox: Outbox::new(),
            boundaries,
            held: Vec::new(),
            phase: Phase::Talking,
            reason: None,
            counts: Counts::default(),
            peer_done: false,
            saying: Saying::Open,
            too_long: 0,
            draining: None,
            touched: now,
            line_began: now,
            stalled: None,
            resets: false,
            in_piece: false,
        }
    }

    /// Let `observer` see everything from here on.
    #[must_use]
    pub fn observed(mut self, observer: Box<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    // ---- the doors in

    /// The stream is open: greet.
    pub fn open(&mut self, now: Time) {
        self.tell(now, &Event::Opened);
        self.play_opening(now);
        let flow = self.with_behaviour(now, |behaviour, replies| behaviour.on_open(replies));
        self.follow(now, flow);
        self.settle(now);
    }

    /// Bytes arrived. All of them are used, kept or, after the end, discarded. With
    /// [`Framing::Datagram`](crate::Framing::Datagram) they are one datagram; one that is longer than
    /// a line may be is not answered.
    #[inline]
    pub fn receive(&mut self, now: Time, bytes: &[u8]) {
        self.touched = now;
        self.counts.bytes_heard += bytes.len() as u64;
        if let Some(observer) = &mut self.observer {
            observer.on_bytes_heard(now, bytes);
        }
        if self.phase != Phase::Talking {
            return;
        }
        if let Some(awaited) = &mut self.draining {
            *awaited = awaited.saturating_sub(bytes.len());
        }
        if self.boundaries.is_some() {
            self.converse_datagram(now, bytes);
        } else if self.held.is_empty() {
            self.converse(now, bytes);
        } else {
            self.held.extend_from_slice(bytes);
        }
        self.settle(now);
    }

    /// The peer has finished sending; it may still be reading.
    pub fn peer_finished(&mut self, now: Time) {
        if self.peer_done {
            return;
        }
        self.peer_done = true;
        self.tell(now, &Event::PeerFinished);
        match self.phase {
            Phase::Lingering { .. } => self.end(now, Phase::Closed),
            Phase::Talking if self.held.is_empty() => self.answer_the_last(now),
            _ => {}
        }
        self.settle(now);
    }

    /// The stream took `count` bytes of [`unsent`](Self::unsent); 0 says that it took none. Of
    /// datagrams, each as [`next_datagram`](Self::next_datagram) gives it is told by itself.
    #[inline]
    pub fn sent(&mut self, now: Time, count: usize) {
        if let Some(observer) = &mut self.observer {
            observer.on_bytes_said(now, &self.outbox.unsent()[..count]);
        }
        self.counts.bytes_said += count as u64;
        self.taken(now, count);
    }

    #[inline]
    fn taken(&mut self, now: Time, count: usize) {
        self.outbox.advance(count);
        if let Some(boundaries) = &mut self.boundaries {
            boundaries.pop();
        }
        if count > 0 {
            self.touched = now;
        }
        if self.outbox.is_empty() {
            self.stalled = None;
        } else if count > 0 || self.stalled.is_none() {
            self.stalled = Some(now);
        }
        if !self.held.is_empty() && self.outbox.len() <= self.settings.output_limit() / 2 {
            self.resume(now);
        }
        if self.outbox.is_empty() && self.script_can_go_on() {
            self.play_on(now);
        }
        self.settle(now);
    }

    /// The sending side is shut down, as [`Step::HalfClose`] asked.
    pub fn half_closed(&mut self, now: Time) {
        self.touched = now;
        self.tell_stopped(now, Closing::HalfClose);
        if self.saying == Saying::Ending {
            self.saying = Saying::Ended;
        }
        if self.phase == Phase::Flushing {
            self.phase = Phase::Lingering { since: now };
        }
    }

    /// Nothing more will be said, but the peer is still heard: half-close once all is sent.
    pub fn finish_saying(&mut self) {
        if self.saying == Saying::Open {
            self.saying = Saying::Ending;
        }
    }

    /// Time has passed: carries out every deadline up to `now`. Harmless when there is none.
    pub fn tick(&mut self, now: Time) {
        self.play_on(now);
        self.meet_deadlines(now);
        self.settle(now);
    }

    /// Say a line that nobody asked for. `false`: the conversation is ending, nothing was said.
    ///
    /// A server's peer that lets more than `max_output` bytes wait loses the conversation; a client
    /// lets its own lines wait.
    pub fn say(&mut self, now: Time, line: &[u8]) -> bool {
        if self.phase != Phase::Talking || self.saying != Saying::Open {
            return false;
        }
        let waiting = self.outbox.len();
        self.with_behaviour(now, |_, replies| replies.line(line));
        if self.settings.role == Role::Server && waiting > self.settings.max_output {
            self.abort(now, EndReason::PeerNotReading);
        }
        self.settle(now);
        true
    }

    /// End the conversation in good order: what was said still arrives.
    pub fn close(&mut self, now: Time, reason: EndReason) {
        self.finish(reason);
        self.settle(now);
    }

    /// The server is stopping: hear the `unread` bytes that already wait in the stream, let a line
    /// that has begun end, answer, and close. A conversation that was idle for
    /// [`linger_idle`](Settings::linger_idle) closes at once; one that was not may have a line on its
    /// way, over which a close would become a reset, and ends in good order.
    pub fn drain(&mut self, now: Time, unread: usize) {
        if self.phase != Phase::Talking {
            return;
        }
        self.draining = Some(unread);
        self.play_without_others();
        if unread == 0 && !self.is_busy() {
            if self.touched + self.settings.linger_idle <= now {
                self.reason.get_or_insert(EndReason::Drained);
                self.end(now, Phase::Closed);
            } else {
                self.finish(EndReason::Drained);
            }
        }
        self.settle(now);
    }

    /// End the conversation at once with a reset; what was not sent is lost.
    pub fn abort(&mut self, now: Time, reason: EndReason) {
        self.reason.get_or_insert(reason);
        self.end(now, Phase::Reset);
        self.settle(now);
    }

    fn tell(&mut self, now: Time, event: &Event<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.on_event(now, event);
        }
    }

    fn with_behaviour<R>(
        &mut self,
        now: Time,
        call: impl FnOnce(&mut AnyBehaviour, &mut Replies<'_>) -> R,
    ) -> R {
        let mut replies = Replies {
            outbox: &mut self.outbox,
            counts: &mut self.counts,
            boundaries: self.boundaries.as_deref_mut(),
            observer: self.observer.as_deref_mut(),
            now,
            style: self.decoder.reply_style(),
        };
        call(&mut self.behaviour, &mut replies)
    }

    fn follow(&mut self, now: Time, flow: Flow) {
        match flow {
            Flow::Continue => {}
            Flow::FinishAfterReplies => self.finish(EndReason::BehaviourFinished),
            Flow::FinishNow => self.abort(now, EndReason::BehaviourFinished),
        }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("phase", &self.phase)
            .field("reason", &self.reason)
            .field("behaviour", &self.behaviour)
            .field("counts", &self.counts)
            .field("unsent", &self.outbox.len())
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}
