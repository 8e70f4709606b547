//! How a conversation stands: everything but who decides what is said. Its handler works on it.

use std::sync::Arc;

use super::{Counts, EndReason, Role, Settings};
use crate::behaviour::Replies;
use crate::framing::datagram::Boundaries;
use crate::transcript::Closing;
use crate::{Decoder, Event, Outbox, Time, Watched};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
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
pub(crate) enum Saying {
    Open,
    /// What is queued is still sent, then the sending side is shut down.
    Ending,
    Ended,
}

/// How far a conversation is with the end of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draining {
    /// What had come before is still being heard, up to so many bytes in all.
    Hearing { most: u64 },
    /// All of it was heard: the conversation ends at the next moment between two lines.
    Heard,
}

/// What a conversation is made of beside its [`Handler`](crate::Handler).
pub(crate) struct State {
    pub(crate) settings: Arc<Settings>,
    pub(crate) decoder: Decoder,
    pub(crate) watched: Watched,
    pub(crate) outbox: Outbox,
    /// Over datagrams: where those in the outbox end.
    pub(crate) boundaries: Option<Box<Boundaries>>,
    /// Input that waits until the peer has taken some of the replies, or until the handler takes it.
    pub(crate) held: Vec<u8>,
    pub(crate) phase: Phase,
    pub(crate) reason: Option<EndReason>,
    pub(crate) counts: Counts,
    /// The peer's sending side has ended.
    pub(crate) peer_done: bool,
    /// Our own sending side, while lines are still heard.
    pub(crate) saying: Saying,
    pub(crate) draining: Option<Draining>,
    /// When a byte last went either way.
    pub(crate) touched: Time,
    /// When a byte last came.
    pub(crate) heard: Time,
    /// When the line under way began; only meaningful in mid-line.
    pub(crate) message_began: Time,
    /// Since when the peer has taken none of the unsent bytes.
    pub(crate) stalled: Option<Time>,
    /// The end is a reset, once all is sent.
    pub(crate) resets: bool,
}

impl State {
    pub(super) fn new(settings: Arc<Settings>, now: Time) -> Self {
        State {
            decoder: Decoder::new(&settings.framing, settings.max_message),
            boundaries: settings.is_datagrams().then(Box::default),
            settings,
            watched: Watched::default(),
            outbox: Outbox::new(),
            held: Vec::new(),
            phase: Phase::Talking,
            reason: None,
            counts: Counts::default(),
            peer_done: false,
            saying: Saying::Open,
            draining: None,
            touched: now,
            heard: now,
            message_began: now,
            stalled: None,
            resets: false,
        }
    }

    /// Both sides are open as far as a handler is concerned.
    #[inline]
    pub(crate) fn is_talking(&self) -> bool {
        self.phase == Phase::Talking
    }

    pub(crate) fn tell(&mut self, now: Time, event: &Event<'_>) {
        self.watched.tell(now, event);
    }

    /// Where lines to the peer are written.
    pub(crate) fn replies(&mut self, now: Time) -> Replies<'_> {
        Replies {
            style: self.decoder.reply_style(),
            outbox: &mut self.outbox,
            counts: &mut self.counts,
            boundaries: self.boundaries.as_deref_mut(),
            watched: &mut self.watched,
            drawing: self.settings.framing.drawing(),
            now,
        }
    }

    /// Tell the peer why, then end.
    pub(crate) fn complain(&mut self, now: Time, reason: EndReason) {
        let text = match reason {
            EndReason::Idle => "ERR idle",
            EndReason::MessageTimeout => "ERR line took too long",
            EndReason::MessagesTooLong => "ERR too many lines were too long",
            EndReason::Utf16 => "ERR this is UTF-16: send UTF-8 text",
            _ => "ERR conversation ended",
        };
        self.explain(now, text);
        self.finish(reason);
    }

    /// A server explains itself; a client says nothing of its own. Whoever a datagram seems to come
    /// from may not have sent it, and is not told anything either; nor is who speaks no lines, and
    /// would not know what `ERR` means.
    pub(crate) fn explain(&mut self, now: Time, text: &str) {
        if self.settings.role == Role::Server && self.settings.framing.is_lines() {
            self.replies(now).message(text.as_bytes());
        }
    }

    /// Nothing more is heard or said; what is queued still arrives.
    pub(crate) fn finish(&mut self, reason: EndReason) {
        if self.is_talking() {
            self.reason.get_or_insert(reason);
            self.phase = Phase::Flushing;
            self.held = Vec::new();
        }
    }

    /// Nothing more will be said, but the peer is still heard: half-close once all is sent.
    pub(crate) fn finish_saying(&mut self) {
        if self.saying == Saying::Open {
            self.saying = Saying::Ending;
        }
    }

    /// End with a reset; what was not sent is lost.
    pub(crate) fn abort(&mut self, now: Time, reason: EndReason) {
        self.reason.get_or_insert(reason);
        self.end(now, Phase::Reset);
    }

    /// The stream is done with.
    pub(crate) fn end(&mut self, now: Time, phase: Phase) {
        if self.is_ended() {
            return;
        }
        self.phase = phase;
        self.stalled = None;
        self.held = Vec::new();
        self.discard_unsent();
        let how = match phase {
            Phase::Reset => Closing::Reset,
            _ => Closing::Close,
        };
        self.tell_stopped(now, how);
        let reason = *self.reason.get_or_insert(EndReason::PeerFinished);
        let who = reason.is_peers().then(|| self.settings.role.other());
        let counts = self.counts;
        let ended = Event::Ended {
            reason,
            who,
            counts,
        };
        self.tell(now, &ended);
    }

    #[inline]
    pub(super) fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Closed | Phase::Reset)
    }

    /// What waits for the peer will not be sent.
    pub(super) fn discard_unsent(&mut self) {
        self.outbox.advance(self.outbox.len());
        if let Some(boundaries) = &mut self.boundaries {
            boundaries.clear();
        }
    }

    /// Tell how our side stopped.
    pub(super) fn tell_stopped(&mut self, now: Time, how: Closing) {
        self.tell(now, &Event::Stopped { how });
    }
}
