//! A conversation that plays a transcript: bytes instead of lines, everything else as ever.

use memchr::memchr_iter;

use super::{Conversation, EndReason, Phase};
use crate::behaviour::{AnyBehaviour, Script};
use crate::transcript::{Closing, Player};
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
        let was_mid_line = self.is_mid_line();
        let lines = memchr_iter(b'\n', bytes).count();
        self.counts.lines_heard += lines as u64;
        if self.observer.is_none() {
            self.play(now, |player, outbox| player.heard(ONLY, now, bytes, outbox));
        } else {
            // Line by line, so that observers see each answer behind its line.
            for line in bytes.split_inclusive(|b| *b == b'\n') {
                self.tell_heard(now, line);
                self.play(now, |player, outbox| player.heard(ONLY, now, line, outbox));
            }
        }
        if lines > 0 || !was_mid_line {
            self.line_began = now;
        }
    }

    /// Let the transcript hear a datagram, which is one line.
    pub(super) fn play_datagram(&mut self, now: Time, bytes: &[u8], heard: (&[u8], LineEnd)) {
        let (line, end) = heard;
        self.counts.lines_heard += 1;
        self.tell(now, &Event::Heard { line, end });
        self.play(now, |player, outbox| player.heard(ONLY, now, bytes, outbox));
    }

    /// The peer has finished sending.
    pub(super) fn play_finish(&mut self, now: Time) {
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

    /// The transcript has something to go on with as soon as the peer has taken what was said.
    pub(super) fn script_waits_for_room(&self) -> bool {
        let waits = |player: &Player| player.has_unheard(ONLY) || player.stirred().is_some();
        self.player().is_some_and(waits)
    }

    /// Between two lines, for everything that looks at unfinished lines.
    pub(super) fn is_mid_line(&self) -> bool {
        match self.player() {
            Some(player) => player.has_unheard(ONLY),
            None => self.decoder.is_mid_line(),
        }
    }

    fn play(&mut self, now: Time, act: impl FnOnce(&mut Player, &mut Outbox)) {
        let AnyBehaviour::Script(script) = &mut self.behaviour else {
            return;
        };
        let before = self.outbox.len();
        act(&mut script.player, &mut self.outbox);
        let closing = script.player.closing(ONLY);
        let broke_off = script.player.broke_off(ONLY);
        while let Some(mismatch) = script.player.unexpected() {
            if let Some(observer) = &mut self.observer {
                observer.on_event(now, &Event::Unexpected(&mismatch));
            }
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
