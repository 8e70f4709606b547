//! From bytes to replies: the handler of messages, which every line passes.

mod run;

use crate::behaviour::{AnyBehaviour, Behaviour, Flow, Replies};
use crate::conversation::{EndReason, Settings, State};
use crate::framing::{ReplyStyle, Spelling, datagram};
use crate::{Decoded, Decoder, Event, LineEnd, Time};

/// How many lines that are too long a peer may send.
const TOO_LONG_LINES: u8 = 3;

/// A run of fewer lines than this came to something unusual, and there may be more of that.
const FEW: usize = 8;

/// Why the lines of one input were not taken to their end.
enum Stop {
    /// The peer must take some replies first.
    OutputFull,
    Flow(Flow),
    ExitWord,
    TooLong,
    Utf16,
    OutOfStep,
}

/// What is awaited before the next line is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// The answer to the last one.
    Answer,
    /// Room for more.
    Room,
}

/// Finds messages in what comes and has a behaviour answer each.
#[derive(Debug)]
pub(super) struct Messages {
    behaviour: AnyBehaviour,
    /// Lines that were too long so far.
    too_long: u8,
    awaited: Option<Awaited>,
    /// The behaviour knows that the peer has finished.
    told_end: bool,
}

impl Messages {
    pub(super) fn new(behaviour: AnyBehaviour) -> Self {
        Messages {
            behaviour,
            too_long: 0,
            awaited: None,
            told_end: false,
        }
    }

    /// Greet.
    pub(super) fn open(&mut self, state: &mut State, now: Time) {
        let flow = self.behaviour.on_open(&mut state.replies(now));
        self.follow(state, now, flow);
    }

    /// Answer every line in `bytes`.
    #[inline]
    pub(super) fn hear(&mut self, state: &mut State, now: Time, bytes: &[u8]) {
        let mut rest = bytes;
        while state.is_talking() && (!rest.is_empty() || state.decoder.is_releasing()) {
            let was_mid_message = state.decoder.is_mid_message();
            let lines_before = state.counts.messages_heard;
            let (stop, left) = self.answer_messages(state, now, rest);
            rest = left;
            let discarded = state.decoder.take_discarded();
            // When did the line under way begin? With this read, unless that only brought more of a
            // line that was under way before:
            //
            //     "he"          `hello` began now
            //     "llo\nwor"    `world` began now
            //     "ld\n"        still `world`
            //
            // The limit for a line counts from there: a byte a second ends nothing and puts nothing
            // off.
            let ended = discarded || state.counts.messages_heard > lines_before;
            if ended || !was_mid_message {
                state.message_began = now;
            }
            let Some(stop) = stop else { continue };
            self.stop(state, now, stop);
            // A complaint may have filled the output, too.
            let full = state.outbox.len() >= state.settings.output_limit();
            if full || self.awaited.is_some() {
                // What is left of the read waits, until half of the output is taken or the answer
                // is here. Nothing more is read meanwhile, so this is one read's worth at most.
                state.held = rest.to_vec();
                return;
            }
        }
    }

    /// Answer lines until there are none or something else is to be decided; gives what is left.
    fn answer_messages<'b>(
        &mut self,
        state: &mut State,
        now: Time,
        bytes: &'b [u8],
    ) -> (Option<Stop>, &'b [u8]) {
        let mut rest = bytes;
        let mut patience: usize = 1;
        loop {
            let items = match run::answer(&self.behaviour, state, &mut rest) {
                None => usize::MAX,
                Some(FEW..) => {
                    patience = 1;
                    1
                }
                // Whoever leaves and comes back at every other line pays for both each time: so after a
                // short run 1 line is taken by itself, after the next 8, then 64, and so on, until a
                // run is long again.
                Some(_) => {
                    let items = patience;
                    patience = patience.saturating_mul(FEW);
                    items
                }
            };
            if rest.is_empty() && !state.decoder.is_releasing() {
                return (None, rest);
            }
            let (stop, left) = self.answer_items(state, now, (rest, items));
            rest = left;
            if stop.is_some() || rest.is_empty() {
                return (stop, rest);
            }
        }
    }

    /// Answer at most `items` things that the decoder finds, one by one; gives what is left.
    fn answer_items<'b>(
        &mut self,
        state: &mut State,
        now: Time,
        (bytes, mut items): (&'b [u8], usize),
    ) -> (Option<Stop>, &'b [u8]) {
        let settings = &*state.settings;
        let max_output = settings.output_limit();
        let style = state.decoder.reply_style();
        let mut feed = state.decoder.feed(bytes);
        let mut replies = Replies {
            outbox: &mut state.outbox,
            counts: &mut state.counts,
            boundaries: None,
            watched: &mut state.watched,
            drawing: settings.framing.drawing(),
            now,
            style,
        };
        let mut stop = None;
        while let Some((decoded, style)) = feed.next_with_style() {
            replies.style = style;
            stop = answer(&mut self.behaviour, settings, decoded, &mut replies);
            if stop.is_none() && replies.outbox.len() >= max_output {
                stop = Some(Stop::OutputFull);
            }
            items -= 1;
            if stop.is_some() || items == 0 {
                break;
            }
        }
        let left = feed.rest().len();
        state.decoder.forget_spent();
        (stop, &bytes[bytes.len() - left..])
    }

    /// One datagram is one message; the reply ends as it did. One that is too long is not answered,
    /// and while something is awaited they are lost: datagrams cannot be kept waiting.
    pub(super) fn hear_datagram(&mut self, state: &mut State, now: Time, bytes: &[u8]) {
        let Some((line, end)) = datagram::decode(bytes, state.settings.max_message) else {
            return state.tell(now, &Event::MessageTooLong);
        };
        if self.awaited.is_some() {
            return;
        }
        let mut replies = Replies {
            outbox: &mut state.outbox,
            counts: &mut state.counts,
            boundaries: state.boundaries.as_deref_mut(),
            watched: &mut state.watched,
            drawing: None,
            now,
            style: ReplyStyle {
                end,
                spelling: Spelling::Plain,
            },
        };
        let decoded = Decoded::Message(line, end);
        if let Some(stop) = answer(&mut self.behaviour, &state.settings, decoded, &mut replies) {
            self.stop(state, now, stop);
        }
    }

    /// The peer has finished sending: an unfinished line is a line, and there are no more.
    pub(super) fn finished(&mut self, state: &mut State, now: Time) {
        self.answer_last(state, now, Decoder::finish);
        if self.awaited.is_some() || !state.is_talking() {
            // Once it is here, this is asked again, and no line is left.
            return;
        }
        let flow = match std::mem::replace(&mut self.told_end, true) {
            false => self.behaviour.on_peer_finished(&mut state.replies(now)),
            true => Flow::Continue,
        };
        match flow {
            Flow::Continue => state.finish(EndReason::PeerFinished),
            flow => self.follow(state, now, flow),
        }
    }

    /// Nothing has come for as long as a message may pause.
    pub(super) fn silence(&mut self, state: &mut State, now: Time) {
        self.answer_last(state, now, Decoder::silence);
    }

    /// Answer what is a message without bytes behind it.
    fn answer_last(
        &mut self,
        state: &mut State,
        now: Time,
        last: impl Fn(&mut Decoder) -> Option<Decoded<'_>>,
    ) {
        while state.is_talking() && self.awaited.is_none() {
            let style = state.decoder.reply_style();
            let Some(decoded) = last(&mut state.decoder) else {
                break;
            };
            let mut replies = Replies {
                outbox: &mut state.outbox,
                counts: &mut state.counts,
                boundaries: state.boundaries.as_deref_mut(),
                watched: &mut state.watched,
                drawing: state.settings.framing.drawing(),
                now,
                style,
            };
            if let Some(stop) = answer(&mut self.behaviour, &state.settings, decoded, &mut replies)
            {
                self.stop(state, now, stop);
            }
        }
    }

    /// What was awaited is here.
    pub(super) fn answer(
        &mut self,
        state: &mut State,
        now: Time,
        answer: impl FnOnce(&mut Replies<'_>) -> Flow,
    ) -> bool {
        if self.awaited.take().is_none() || !state.is_talking() {
            return false;
        }
        let flow = answer(&mut state.replies(now));
        self.follow(state, now, flow);
        true
    }

    fn stop(&mut self, state: &mut State, now: Time, stop: Stop) {
        match stop {
            Stop::OutputFull => {}
            Stop::TooLong => self.complain_too_long(state, now),
            Stop::Utf16 => state.complain(now, EndReason::Utf16),
            Stop::OutOfStep if state.decoder.is_over() => state.finish(EndReason::OutOfStep),
            Stop::OutOfStep => {}
            Stop::ExitWord => state.finish(EndReason::ExitWord),
            Stop::Flow(flow) => self.follow(state, now, flow),
        }
    }

    fn follow(&mut self, state: &mut State, now: Time, flow: Flow) {
        match flow {
            Flow::Continue => {}
            Flow::Pending => self.awaited = Some(Awaited::Answer),
            Flow::Full => self.awaited = Some(Awaited::Room),
            Flow::FinishAfterReplies => state.finish(EndReason::BehaviourFinished),
            Flow::FinishNow => state.abort(now, EndReason::BehaviourFinished),
        }
    }

    fn complain_too_long(&mut self, state: &mut State, now: Time) {
        state.tell(now, &Event::MessageTooLong);
        if state.decoder.is_over() {
            return state.finish(EndReason::MessageTooLong);
        }
        self.too_long += 1;
        if self.too_long >= TOO_LONG_LINES {
            return state.complain(now, EndReason::MessagesTooLong);
        }
        let text = format!("ERR line longer than {} bytes", state.settings.max_message);
        state.explain(now, &text);
    }

    /// While our answer is awaited the peer's silence is no idleness.
    pub(super) fn awaits_peer(&self) -> bool {
        self.awaited != Some(Awaited::Answer)
    }

    #[inline]
    pub(super) fn takes_input(&self) -> bool {
        self.awaited.is_none()
    }

    #[inline]
    pub(super) fn wants_input(&self) -> bool {
        self.takes_input()
    }

    #[inline]
    pub(super) fn is_between_messages(&self, state: &State) -> bool {
        self.awaited != Some(Awaited::Answer) && !state.decoder.is_mid_message()
    }

    #[inline]
    pub(super) fn is_mid_message(&self, state: &State) -> bool {
        state.decoder.is_mid_message()
    }
}

/// Answer one thing that the decoder found.
#[inline(always)]
fn answer(
    behaviour: &mut AnyBehaviour,
    settings: &Settings,
    decoded: Decoded<'_>,
    replies: &mut Replies<'_>,
) -> Option<Stop> {
    match decoded {
        Decoded::Message(line, end) => answer_message(behaviour, settings, (line, end), replies),
        Decoded::Negotiation(bytes) => {
            replies.outbox.push(&bytes);
            None
        }
        Decoded::AreYouThere => {
            replies.message(b"[yes, otherend is here]");
            None
        }
        Decoded::TooLong => Some(Stop::TooLong),
        Decoded::Utf16 => Some(Stop::Utf16),
        Decoded::Recognised(what) => {
            let event = Event::Recognised(what);
            replies.watched.tell(replies.now, &event);
            None
        }
        Decoded::OutOfStep { bytes, why } => {
            let event = Event::OutOfStep { bytes, why };
            replies.watched.tell(replies.now, &event);
            Some(Stop::OutOfStep)
        }
    }
}

#[inline(always)]
fn answer_message(
    behaviour: &mut AnyBehaviour,
    settings: &Settings,
    (line, end): (&[u8], LineEnd),
    replies: &mut Replies<'_>,
) -> Option<Stop> {
    replies.counts.messages_heard += 1;
    if let Some(observer) = replies.watched.of_messages() {
        observer.on_event(replies.now, &Event::Heard { message: line, end });
    }
    if end != LineEnd::Frame && settings.exit_words.contain(line) {
        return Some(Stop::ExitWord);
    }
    match behaviour.on_message(line, replies) {
        Flow::Continue => None,
        flow => Some(Stop::Flow(flow)),
    }
}
