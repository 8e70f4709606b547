//! The handler that plays a transcript: bytes instead of lines, everything else as ever.

use memchr::{memchr_iter, memrchr};

use crate::behaviour::Script;
use crate::conversation::{EndReason, Settings, State};
use crate::event::Watched;
use crate::framing::{Looking, Seen, datagram};
use crate::transcript::{Closing, Limits, Mismatch, Player, Waits};
use crate::{Decoded, Drawing, Event, LineEnd, Outbox, Time};

/// What came of an input beside what was said.
struct Came {
    closing: Option<Closing>,
    broke_off: bool,
    unexpected: Vec<Mismatch>,
    all_is_heard: bool,
}

impl Came {
    fn of_it(player: &mut Player, connection: usize) -> Self {
        Came {
            closing: player.closing(connection),
            broke_off: player.broke_off(connection),
            unexpected: std::iter::from_fn(|| player.unexpected()).collect(),
            all_is_heard: player.unheard_len(connection) == 0,
        }
    }
}

/// Hands a transcript what comes, and tells what it says and hears as lines.
pub(super) struct Scripted {
    script: Script,
    /// What the transcript heard last has no line end yet.
    in_piece: bool,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("script")
    }
}

impl Scripted {
    pub(super) fn new(script: Script) -> Self {
        Scripted {
            script,
            in_piece: false,
        }
    }

    pub(super) fn limit(&mut self, settings: &Settings) {
        let (max_output, max_message) = (settings.output_limit(), settings.max_message);
        self.script
            .act(|player, _| player.limit(max_output, max_message));
    }

    pub(super) fn stirred(&self) -> Option<u64> {
        self.script.stirred()
    }

    /// The transcript waits for nobody else.
    pub(super) fn nobody_else_comes(&mut self) {
        self.script.act(|player, _| player.nobody_else_comes());
    }

    /// The transcript does not wait for this conversation any more.
    pub(super) fn leave(&mut self) {
        self.script.act(Player::left);
    }

    /// Greet as the transcript does.
    pub(super) fn open(&mut self, state: &mut State, now: Time) {
        self.play(state, now, |player, at, outbox| {
            player.opened(at, now, outbox)
        });
    }

    /// Let the transcript hear `bytes`.
    pub(super) fn hear(&mut self, state: &mut State, now: Time, bytes: &[u8]) {
        if !state.settings.framing.is_lines() {
            return self.hear_frames(state, now, bytes);
        }
        state.counts.messages_heard += memchr_iter(b'\n', bytes).count() as u64;
        if !state.watched.wants_messages() {
            let whole = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
            let (lines, piece) = bytes.split_at(whole);
            for part in [lines, piece].into_iter().filter(|part| !part.is_empty()) {
                self.hear_part(state, now, part);
            }
            return;
        }
        // Line by line, so that observers see each answer behind its line.
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            tell_heard(state, now, line);
            self.hear_part(state, now, line);
        }
    }

    /// Hear what stands in frames, one by one, so that observers see each answer behind its message.
    fn hear_frames(&mut self, state: &mut State, now: Time, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut feed = state.decoder.feed(rest);
            let mut told = 0;
            if let Some(decoded) = feed.next() {
                told = u64::from(tell_frame(&mut state.watched, now, decoded));
            }
            let left = feed.rest().len();
            state.counts.messages_heard += told;
            let (part, after) = rest.split_at(rest.len() - left);
            rest = after;
            self.play(state, now, |player, at, outbox| {
                player.heard(at, now, part, outbox)
            });
        }
    }

    /// It has: the player, whose time it is as well, hears it by itself.
    pub(super) fn silence(&mut self, state: &mut State, now: Time) {
        while let Some(decoded) = state.decoder.silence() {
            state.counts.messages_heard += u64::from(tell_frame(&mut state.watched, now, decoded));
        }
    }

    /// Hear complete lines or a piece of one.
    fn hear_part(&mut self, state: &mut State, now: Time, part: &[u8]) {
        self.in_piece = !part.ends_with(b"\n");
        if !self.in_piece {
            state.message_began = now;
        }
        self.play(state, now, |player, at, outbox| {
            player.heard(at, now, part, outbox)
        });
    }

    /// Let the transcript hear a datagram, which is one line.
    pub(super) fn hear_datagram(&mut self, state: &mut State, now: Time, bytes: &[u8]) {
        let Some((line, end)) = datagram::decode(bytes, state.settings.max_message) else {
            return state.tell(now, &Event::MessageTooLong);
        };
        if !self.wants_input() {
            // Datagrams cannot be kept waiting: they are lost.
            return;
        }
        state.counts.messages_heard += 1;
        state.tell(now, &Event::Heard { message: line, end });
        self.play(state, now, |player, at, outbox| {
            player.heard(at, now, bytes, outbox)
        });
    }

    /// The peer has finished sending.
    pub(super) fn finished(&mut self, state: &mut State, now: Time) {
        self.end_piece(state, now);
        if !state.settings.framing.is_lines() {
            while let Some(decoded) = state.decoder.finish() {
                state.counts.messages_heard +=
                    u64::from(tell_frame(&mut state.watched, now, decoded));
            }
        }
        self.play(state, now, |player, at, outbox| {
            player.finished(at, now, outbox)
        });
    }

    /// The stream broke: what is said now is lost.
    pub(super) fn lost(&mut self, state: &mut State, now: Time) {
        self.play(state, now, |player, at, outbox| {
            player.lost(at, now, outbox)
        });
        // Whoever breaks off in the middle has said nothing wrong.
        state.reason = state.reason.filter(|reason| *reason != EndReason::Mismatch);
    }

    /// What was said last has perhaps not arrived.
    pub(super) fn lost_at_the_end(&mut self) {
        self.script.act(Player::lost_at_the_end);
    }

    /// Pauses may be over, or the peer has taken what was said.
    pub(super) fn tick(&mut self, state: &mut State, now: Time) {
        if !state.is_talking() {
            return;
        }
        let paused = !self.awaits_peer();
        self.play(state, now, |player, at, outbox| {
            player.tick(at, now, outbox)
        });
        if paused {
            state.touched = now;
        }
    }

    /// The peer has taken what was said: the transcript may go on.
    pub(super) fn all_sent(&mut self, state: &mut State, now: Time) {
        if matches!(self.waits(), Waits::Room | Waits::Turn) {
            self.tick(state, now);
        }
    }

    /// When a pause of the transcript is over.
    pub(super) fn deadline(&self) -> Option<Time> {
        self.script.ask(Player::deadline)
    }

    /// A pause of the transcript is no silence of the peer's.
    pub(super) fn awaits_peer(&self) -> bool {
        !matches!(self.waits(), Waits::Pause(_))
    }

    pub(super) fn wants_input(&self) -> bool {
        self.script.ask(Player::wants_input)
    }

    pub(super) fn waiting_bytes(&self) -> usize {
        self.script.ask(Player::unheard_len)
    }

    pub(super) fn is_between_messages(&self, _state: &State) -> bool {
        self.script.ask(Player::is_between_messages)
    }

    pub(super) fn is_mid_message(&self, _state: &State) -> bool {
        self.script.ask(Player::is_mid_message)
    }

    fn waits(&self) -> Waits {
        self.script.ask(Player::waits)
    }

    /// Let the transcript do something, and carry out what came of it.
    fn play(
        &mut self,
        state: &mut State,
        now: Time,
        act: impl FnOnce(&mut Player, usize, &mut Outbox),
    ) {
        if !self.is_mid_message(state) {
            state.message_began = now;
        }
        let before = state.outbox.len();
        let came = self.script.act(|player, at| {
            act(player, at, &mut state.outbox);
            Came::of_it(player, at)
        });
        if came.all_is_heard {
            self.end_piece(state, now);
        }
        for mismatch in &came.unexpected {
            state.tell(now, &Event::Unexpected(mismatch));
        }
        tell_said(state, now, before);
        match came.closing {
            None => {}
            Some(Closing::HalfClose) => state.finish_saying(),
            Some(Closing::Close) if state.peer_done => state.finish(EndReason::PeerFinished),
            Some(Closing::Close) if came.broke_off => state.finish(EndReason::Mismatch),
            Some(Closing::Close) => state.finish(EndReason::BehaviourFinished),
            Some(Closing::Reset) => {
                state.finish(EndReason::BehaviourFinished);
                state.resets = true;
            }
        }
    }

    /// The transcript has taken a piece without a line end for all that it wants, or no more comes.
    fn end_piece(&mut self, state: &mut State, now: Time) {
        if !std::mem::take(&mut self.in_piece) {
            return;
        }
        state.counts.messages_heard += 1;
        while let (Some(Decoded::Message(line, end)), Some(observer)) =
            (state.decoder.finish(), state.watched.of_messages())
        {
            observer.on_event(now, &Event::Heard { message: line, end });
        }
    }
}

fn tell_heard(state: &mut State, now: Time, bytes: &[u8]) {
    let mut feed = state.decoder.feed(bytes);
    while let Some(decoded) = feed.next() {
        if let (Decoded::Message(line, end), Some(observer)) =
            (decoded, state.watched.of_messages())
        {
            observer.on_event(now, &Event::Heard { message: line, end });
        }
    }
}

/// Tell what stood in a frame, or in none; `true`: it was a message.
fn tell_frame(watched: &mut Watched, now: Time, decoded: Decoded<'_>) -> bool {
    let (event, is_message) = match decoded {
        Decoded::Message(message, end) => (Event::Heard { message, end }, true),
        Decoded::OutOfStep { bytes, why } => (Event::OutOfStep { bytes, why }, false),
        Decoded::TooLong => (Event::MessageTooLong, false),
        // Lines only.
        Decoded::Negotiation(_)
        | Decoded::AreYouThere
        | Decoded::Utf16
        | Decoded::Recognised(_) => return false,
    };
    watched.tell(now, &event);
    is_message
}

/// Count and tell the messages, and what is in no frame, that were queued.
fn tell_frames_said(watched: &mut Watched, now: Time, drawing: &Drawing, said: &[u8]) -> u64 {
    let (mut at, mut made, mut count) = (0, Vec::new(), 0);
    while at < said.len() {
        let rest = &said[at..];
        let seen = Looking::default().look(drawing, (rest, true), Limits::FILE, &mut made);
        let (message, length, end) = match seen {
            Some(Seen::Message(message, length)) => (message, length, LineEnd::Frame),
            Some(Seen::Bad(length, _)) => (&rest[..length], length, LineEnd::None),
            Some(Seen::TooLong) | None => (rest, rest.len(), LineEnd::None),
        };
        count += 1;
        at += length;
        if let Some(observer) = watched.of_messages() {
            observer.on_event(now, &Event::Said { message, end });
        }
    }
    count
}

/// Count and tell the lines that were queued behind the first `before` bytes.
fn tell_said(state: &mut State, now: Time, before: usize) {
    let said = &state.outbox.unsent()[before..];
    if said.is_empty() {
        return;
    }
    if let Some(drawing) = state.settings.framing.drawing() {
        state.counts.messages_said += tell_frames_said(&mut state.watched, now, drawing, said);
        return;
    }
    // What a transcript says at once over datagrams is one of them, and one line.
    let whole = state.boundaries.is_some();
    state.counts.messages_said += match whole {
        true => 1,
        false => memchr_iter(b'\n', said).count() as u64,
    };
    if let Some(boundaries) = &mut state.boundaries {
        boundaries.push(said.len());
    }
    let Some(observer) = state.watched.of_messages() else {
        return;
    };
    for line in said.split_inclusive(|b| *b == b'\n' && !whole) {
        let (line, end) = LineEnd::split(line);
        observer.on_event(now, &Event::Said { message: line, end });
    }
}
