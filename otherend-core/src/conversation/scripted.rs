//! A conversation that plays a transcript: bytes instead of lines, everything else as ever.

use memchr::{memchr_iter, memrchr};

use super::{Conversation, EndReason, Phase};
use crate::behaviour::{AnyBehaviour, Script};
use crate::transcript::{Closing, Mismatch, Player, Waits};
use crate::{Decoded, Event, LineEnd, Outbox, Time};

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

impl Conversation {
    /// The transcript, if one is played.
    pub(super) fn script(&self) -> Option<&Script> {
        match &self.behaviour {
            AnyBehaviour::Script(script) => Some(script),
            _ => None,
        }
    }

    /// The number of another conversation that can go on because this one did: its deadline has come.
    ///
    /// The two play different connections of one [`Performance`](crate::Performance). Ask after
    /// every input, also the last.
    #[must_use]
    #[inline]
    pub fn stirred(&self) -> Option<u64> {
        self.script()?.stirred()
    }

    /// The server lets nobody in any more: the transcript waits for nobody else.
    pub(super) fn play_without_others(&mut self) {
        if let AnyBehaviour::Script(script) = &mut self.behaviour {
            script.act(|player, _| player.nobody_else_comes());
        }
    }

    /// The transcript does not wait for this conversation any more.
    pub(super) fn leave_the_play(&mut self) {
        if let AnyBehaviour::Script(script) = &mut self.behaviour {
            script.act(Player::left);
        }
    }

    /// Greet as the transcript does.
    pub(super) fn play_opening(&mut self, now: Time) {
        self.play(now, |player, at, outbox| player.opened(at, now, outbox));
    }

    /// Let the transcript hear `bytes`.
    pub(super) fn play_heard(&mut self, now: Time, bytes: &[u8]) {
        self.counts.lines_heard += memchr_iter(b'\n', bytes).count() as u64;
        if self.observer.is_none() {
            let whole = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
            let (lines, piece) = bytes.split_at(whole);
            for part in [lines, piece].into_iter().filter(|part| !part.is_empty()) {
                self.play_part(now, part);
            }
            return;
        }
        // Line by line, so that observers see each answer behind its line.
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            self.tell_heard(now, line);
            self.play_part(now, line);
        }
    }

    /// Hear complete lines or a piece of one.
    fn play_part(&mut self, now: Time, part: &[u8]) {
        self.in_piece = !part.ends_with(b"\n");
        if !self.in_piece {
            self.line_began = now;
        }
        self.play(now, |player, at, outbox| {
            player.heard(at, now, part, outbox)
        });
    }

    /// Let the transcript hear a datagram, which is one line.
    pub(super) fn play_datagram(&mut self, now: Time, bytes: &[u8], heard: (&[u8], LineEnd)) {
        let (line, end) = heard;
        if !self.script_wants_input() {
            // Datagrams cannot be kept waiting: they are lost.
            return;
        }
        self.counts.lines_heard += 1;
        self.tell(now, &Event::Heard { line, end });
        self.play(now, |player, at, outbox| {
            player.heard(at, now, bytes, outbox)
        });
    }

    /// The peer has finished sending.
    pub(super) fn play_finish(&mut self, now: Time) {
        self.end_piece(now);
        self.play(now, |player, at, outbox| player.finished(at, now, outbox));
    }

    /// The stream broke: what is said now is lost.
    pub(super) fn play_loss(&mut self, now: Time) {
        self.play(now, |player, at, outbox| player.lost(at, now, outbox));
        // Whoever breaks off in the middle has said nothing wrong.
        self.reason = self.reason.filter(|reason| *reason != EndReason::Mismatch);
    }

    /// Pauses may be over, or the peer has taken what was said.
    pub(super) fn play_on(&mut self, now: Time) {
        if self.phase != Phase::Talking {
            return;
        }
        let paused = self.idle_since().is_none();
        self.play(now, |player, at, outbox| player.tick(at, now, outbox));
        if paused {
            self.touched = now;
        }
    }

    /// When a pause of the transcript is over.
    pub(super) fn script_deadline(&self) -> Option<Time> {
        self.script()?.ask(Player::deadline)
    }

    /// When a byte last went either way; `None`: a pause of the transcript is why none does.
    pub(super) fn idle_since(&self) -> Option<Time> {
        let waits = self.script().map(|script| script.ask(Player::waits));
        (!matches!(waits, Some(Waits::Pause(_)))).then_some(self.touched)
    }

    /// The transcript can go on now that the peer has taken what was said.
    pub(super) fn script_can_go_on(&self) -> bool {
        let waits = self.script().map(|script| script.ask(Player::waits));
        matches!(waits, Some(Waits::Room | Waits::Turn))
    }

    /// The transcript can make use of more, if one is played.
    pub(super) fn script_wants_input(&self) -> bool {
        let script = self.script();
        script.is_none_or(|script| script.ask(Player::wants_input))
    }

    /// The memory that takes what the transcript has not come to, in bytes.
    pub(super) fn script_unheard_len(&self) -> usize {
        let script = self.script();
        script.map_or(0, |script| script.ask(Player::unheard_len))
    }

    /// No line is under way, none waits, and no answer is owed.
    pub(super) fn is_between_lines(&self) -> bool {
        let is_between = match self.script() {
            Some(script) => script.ask(Player::is_between_lines),
            None => !self.decoder.is_mid_line(),
        };
        self.held.is_empty() && is_between
    }

    /// The peer has begun a line, and it is only for the peer to end it.
    pub(super) fn is_mid_line(&self) -> bool {
        match self.script() {
            Some(script) => script.ask(Player::is_mid_line),
            None => self.decoder.is_mid_line(),
        }
    }

    fn play(&mut self, now: Time, act: impl FnOnce(&mut Player, usize, &mut Outbox)) {
        if !self.is_mid_line() {
            self.line_began = now;
        }
        let before = self.outbox.len();
        let AnyBehaviour::Script(script) = &mut self.behaviour else {
            return;
        };
        let came = script.act(|player, at| {
            act(player, at, &mut self.outbox);
            Came::of_it(player, at)
        });
        if came.all_is_heard {
            self.end_piece(now);
        }
        for mismatch in &came.unexpected {
            self.tell(now, &Event::Unexpected(mismatch));
        }
        self.tell_said(now, before);
        match came.closing {
            None => {}
            Some(Closing::HalfClose) => self.finish_saying(),
            Some(Closing::Close) if self.peer_done => self.finish(EndReason::PeerFinished),
            Some(Closing::Close) if came.broke_off => self.finish(EndReason::Mismatch),
            Some(Closing::Close) => self.finish(EndReason::BehaviourFinished),
            Some(Closing::Reset) => {
                self.finish(EndReason::BehaviourFinished);
                self.resets = true;
            }
        }
    }

    /// The transcript has taken a piece without a line end for all that it wants, or no more comes.
    fn end_piece(&mut self, now: Time) {
        if !std::mem::take(&mut self.in_piece) {
            return;
        }
        self.counts.lines_heard += 1;
        while let (Some(Decoded::Line(line, end)), Some(observer)) =
            (self.decoder.finish(), &mut self.observer)
        {
            observer.on_event(now, &Event::Heard { line, end });
        }
    }

    fn tell_heard(&mut self, now: Time, bytes: &[u8]) {
        let mut feed = self.decoder.feed(bytes);
        while let Some(decoded) = feed.next() {
            if let (Decoded::Line(line, end), Some(observer)) = (decoded, &mut self.observer) {
                observer.on_event(now, &Event::Heard { line, end });
            }
        }
    }

    /// Count and tell the lines that were queued behind the first `before` bytes.
    fn tell_said(&mut self, now: Time, before: usize) {
        let said = &self.outbox.unsent()[before..];
        if said.is_empty() {
            return;
        }
        // What a transcript says at once over datagrams is one of them, and one line.
        let whole = self.settings.is_datagrams();
        self.counts.lines_said += match whole {
            true => 1,
            false => memchr_iter(b'\n', said).count() as u64,
        };
        if let Some(boundaries) = &mut self.boundaries {
            boundaries.push(said.len());
        }
        let Some(observer) = &mut self.observer else {
            return;
        };
        for line in said.split_inclusive(|b| *b == b'\n' && !whole) {
            let (line, end) = LineEnd::split(line);
            observer.on_event(now, &Event::Said { line, end });
        }
    }
}
