//! From bytes to replies: the part of a conversation that every line passes.

use super::{Conversation, EndReason, Phase, Role, Settings};
use crate::behaviour::{AnyBehaviour, Behaviour, Flow, Replies};
use crate::{Decoded, Event, LineEnd, Time};

/// How many lines that are too long a peer may send.
const TOO_LONG_LINES: u8 = 3;

/// Why the lines of one input were not taken to their end.
pub(super) enum Stop {
    /// The peer must take some replies first.
    OutputFull,
    Flow(Flow),
    ExitWord,
    TooLong,
    Utf16,
}

impl Conversation {
    /// Answer every line in `bytes`.
    pub(super) fn converse(&mut self, now: Time, bytes: &[u8]) {
        if self.script().is_some() {
            return self.play_heard(now, bytes);
        }
        let mut rest = bytes;
        while self.phase == Phase::Talking && (!rest.is_empty() || self.decoder.is_releasing()) {
            let was_mid_line = self.decoder.is_mid_line();
            let lines_before = self.counts.lines_heard;
            let (stop, left) = self.answer_lines(now, rest);
            rest = left;
            let discarded = self.decoder.take_discarded();
            let ended = discarded || self.counts.lines_heard > lines_before;
            if ended || !was_mid_line {
                self.line_began = now;
            }
            match stop {
                None => {}
                Some(Stop::OutputFull) => {
                    self.held = rest.to_vec();
                    return;
                }
                Some(Stop::TooLong) => self.complain_too_long(now),
                Some(Stop::Utf16) => self.complain(now, EndReason::Utf16),
                Some(Stop::ExitWord) => self.finish(EndReason::ExitWord),
                Some(Stop::Flow(flow)) => self.follow(now, flow),
            }
        }
    }

    /// Answer lines until there are none or something else is to be decided; gives what is left.
    fn answer_lines<'b>(&mut self, now: Time, bytes: &'b [u8]) -> (Option<Stop>, &'b [u8]) {
        let settings = &*self.settings;
        let max_output = settings.output_limit();
        let style = self.decoder.reply_style();
        let mut feed = self.decoder.feed(bytes);
        let mut replies = Replies {
            outbox: &mut self.outbox,
            counts: &mut self.counts,
            boundaries: self.boundaries.as_deref_mut(),
            observer: self.observer.as_deref_mut(),
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
            if stop.is_some() {
                break;
            }
        }
        let left = feed.rest().len();
        self.decoder.forget_spent();
        (stop, &bytes[bytes.len() - left..])
    }

    /// Go on with the input that had to wait.
    pub(super) fn resume(&mut self, now: Time) {
        let held = std::mem::take(&mut self.held);
        self.converse(now, &held);
        if self.peer_done && self.held.is_empty() && self.phase == Phase::Talking {
            self.answer_the_last(now);
        }
    }

    /// The peer has finished sending: an unfinished line is a line, and there are no more.
    pub(super) fn answer_the_last(&mut self, now: Time) {
        if self.script().is_some() {
            return self.play_finish(now);
        }
        while self.phase == Phase::Talking {
            let style = self.decoder.reply_style();
            let Some(decoded) = self.decoder.finish() else {
                break;
            };
            let mut replies = Replies {
                outbox: &mut self.outbox,
                counts: &mut self.counts,
                boundaries: self.boundaries.as_deref_mut(),
                observer: self.observer.as_deref_mut(),
                now,
                style,
            };
            match answer(&mut self.behaviour, &self.settings, decoded, &mut replies) {
                Some(Stop::TooLong) => self.complain_too_long(now),
                Some(Stop::Utf16) => self.complain(now, EndReason::Utf16),
                Some(Stop::ExitWord) => self.finish(EndReason::ExitWord),
                Some(Stop::Flow(flow)) => self.follow(now, flow),
                Some(Stop::OutputFull) | None => {}
            }
        }
        if self.phase == Phase::Talking {
            self.with_behaviour(now, |behaviour, replies| {
                behaviour.on_peer_finished(replies)
            });
            self.finish(EndReason::PeerFinished);
        }
    }

    fn complain_too_long(&mut self, now: Time) {
        self.tell(now, &Event::LineTooLong);
        self.too_long += 1;
        if self.too_long >= TOO_LONG_LINES {
            return self.complain(now, EndReason::LinesTooLong);
        }
        let text = format!("ERR line longer than {} bytes", self.settings.max_line);
        self.explain(now, &text);
    }

    /// Tell the peer why, then end.
    pub(super) fn complain(&mut self, now: Time, reason: EndReason) {
        let text = match reason {
            EndReason::Idle => "ERR idle",
            EndReason::LineTimeout => "ERR line took too long",
            EndReason::LinesTooLong => "ERR too many lines were too long",
            EndReason::Utf16 => "ERR this is UTF-16: send UTF-8 text",
            _ => "ERR conversation ended",
        };
        self.explain(now, text);
        self.finish(reason);
    }

    /// A server explains itself; a client says nothing of its own. Whoever a datagram seems to come
    /// from may not have sent it, and is not told anything either.
    fn explain(&mut self, now: Time, text: &str) {
        if self.settings.role == Role::Server && !self.settings.is_datagrams() {
            self.with_behaviour(now, |_, replies| replies.line(text.as_bytes()));
        }
    }
}

/// Answer one thing that the decoder found.
#[inline(always)]
pub(super) fn answer(
    behaviour: &mut AnyBehaviour,
    settings: &Settings,
    decoded: Decoded<'_>,
    replies: &mut Replies<'_>,
) -> Option<Stop> {
    match decoded {
        Decoded::Line(line, end) => answer_line(behaviour, settings, (line, end), replies),
        Decoded::Negotiation(bytes) => {
            replies.outbox.push(&bytes);
            None
        }
        Decoded::AreYouThere => {
            replies.line(b"[yes, otherend is here]");
            None
        }
        Decoded::TooLong => Some(Stop::TooLong),
        Decoded::Utf16 => Some(Stop::Utf16),
    }
}

#[inline(always)]
fn answer_line(
    behaviour: &mut AnyBehaviour,
    settings: &Settings,
    (line, end): (&[u8], LineEnd),
    replies: &mut Replies<'_>,
) -> Option<Stop> {
    replies.counts.lines_heard += 1;
    if let Some(observer) = &mut replies.observer {
        observer.on_event(replies.now, &Event::Heard { line, end });
    }
    if settings.exit_words.contain(line) {
        return Some(Stop::ExitWord);
    }
    match behaviour.on_line(line, replies) {
        Flow::Continue => None,
        flow => Some(Stop::Flow(flow)),
    }
}
