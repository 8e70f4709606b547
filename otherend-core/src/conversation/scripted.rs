//! A conversation that plays a transcript: bytes instead of lines, everything else as ever.

use memchr::{memchr_iter, memrchr};

use super::{Conversation, EndReason, Phase};
use crate::behaviour::{AnyBehaviour, Script};
use crate::transcript::{Closing, Player, Waits};
use crate::{Decoded, Event, LineEnd, Outbox, Time};

/// The connection of a performance that has only one.
const ONLY: usize = Script::CONNECTION;

impl Conversation {
    /// The player, if a transcript is played.
    pub(super) fn player(&self) -> Option<&Player> {
        match &self.behaviour {
            AnyBehaviour::Script(script) => Some(&script.player),
            _ => None,
        }
    }

    /// Greet as the transcript does.
    pub(super) fn play_opening(&mut self, now: Time) {
        self.play(now, |player, outbox| player.opened(ONLY, now, outbox));
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
        self.play(now, |player, outbox| player.heard(ONLY, now, part, outbox));
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
        self.play(now, |player, outbox| player.heard(ONLY, now, bytes, outbox));
    }

    /// The peer has finished sending.
    pub(super) fn play_finish(&mut self, now: Time) {
        self.end_piece(now);
        self.play(now, |player, outbox| player.finished(ONLY, now, outbox));
    }

    /// The stream broke: what is said now is lost.
    pub(super) fn play_loss(&mut self, now: Time) {
        self.play(now, |player, outbox| player.lost(ONLY, now, outbox));
    }

    /// Pauses may be over, or the peer has taken what was said.
    pub(super) fn play_on(&mut self, now: Time) {
        if self.phase == Phase::Talking {
            self.play(now, |player, outbox| player.tick(ONLY, now, outbox));
        }
    }

    /// When a pause of the transcript is over.
    pub(super) fn script_deadline(&self) -> Option<Time> {
        self.player()?.deadline(ONLY)
    }

    /// The transcript can go on now that the peer has taken what was said.
    pub(super) fn script_can_go_on(&self) -> bool {
        let can = |player: &Player| matches!(player.waits(ONLY), Waits::Room | Waits::Turn);
        self.player().is_some_and(can)
    }

    /// The transcript can make use of more, if one is played.
    pub(super) fn script_wants_input(&self) -> bool {
        self.player().is_none_or(|player| player.wants_input(ONLY))
    }

    /// The memory that takes what the transcript has not come to, in bytes.
    pub(super) fn script_unheard_len(&self) -> usize {
        self.player().map_or(0, |player| player.unheard_len(ONLY))
    }

    /// No line is under way, none waits, and no answer is owed.
    pub(super) fn is_between_lines(&self) -> bool {
        let is_between = match self.player() {
            Some(player) => player.unheard_len(ONLY) == 0 && player.waits(ONLY) == Waits::Peer,
            None => !self.decoder.is_mid_line(),
        };
        self.held.is_empty() && is_between
    }

    /// The peer has begun a line, and it is only for the peer to end it.
    pub(super) fn is_mid_line(&self) -> bool {
        match self.player() {
            Some(player) => player.unheard_len(ONLY) > 0 && player.waits(ONLY) == Waits::Peer,
            None => self.decoder.is_mid_line(),
        }
    }

    fn play(&mut self, now: Time, act: impl FnOnce(&mut Player, &mut Outbox)) {
        if !self.is_mid_line() {
            self.line_began = now;
        }
        let before = self.outbox.len();
        let AnyBehaviour::Script(script) = &mut self.behaviour else {
            return;
        };
        act(&mut script.player, &mut self.outbox);
        let closing = script.player.closing(ONLY);
        let broke_off = script.player.broke_off(ONLY);
        let unexpected: Vec<_> = std::iter::from_fn(|| script.player.unexpected()).collect();
        if script.player.unheard_len(ONLY) == 0 {
            self.end_piece(now);
        }
        for mismatch in &unexpected {
            self.tell(now, &Event::Unexpected(mismatch));
        }
        self.tell_said(now, before);
        match closing {
            None => {}
            Some(Closing::HalfClose) => self.finish_saying(),
            Some(Closing::Close) if self.peer_done => self.finish(EndReason::PeerFinished),
            Some(Closing::Close) if broke_off => self.finish(EndReason::Mismatch),
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
        let whole = self.settings.datagrams;
        self.counts.lines_said += match whole {
            true => 1,
            false => memchr_iter(b'\n', said).count() as u64,
        };
        let Some(observer) = &mut self.observer else {
            return;
        };
        for line in said.split_inclusive(|b| *b == b'\n' && !whole) {
            let (line, end) = match line {
                [line @ .., b'\r', b'\n'] => (line, LineEnd::CrLf),
                [line @ .., b'\n'] => (line, LineEnd::Lf),
                piece => (piece, LineEnd::EndOfStream),
            };
            observer.on_event(now, &Event::Said { line, end });
        }
    }
}
