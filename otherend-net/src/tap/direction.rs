//! One direction of a tapped connection: bytes of one end on their way to the other.
//!
//! Nothing more is read from an end while the other has not taken what it said before: that is
//! all there is to backpressure, and at most one read waits in here.

use std::io;
use std::sync::Arc;

use otherend_core::{Loss, Role, Time};

use super::config::TapConfig;
use super::detour::Detour;
use super::fault::{Fault, Piece, Tamper};
use crate::stream::{self, Stream};

/// How far the speaker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaking {
    /// It may say more.
    Open,
    /// It has finished; what it said is still being passed on.
    Finishing,
    /// It has finished, and the listener was told.
    Finished,
    /// It has finished, and the listener is never told: it waits until it goes itself.
    Withheld,
    /// The listener takes nothing any more.
    Broken(Loss),
}

/// What one end said and the other has not taken yet.
#[derive(Debug)]
pub(super) struct Direction {
    unsent: Vec<u8>,
    /// How much of `unsent` is sent after all.
    sent: usize,
    speaking: Speaking,
    /// `unsent` is what the tap says itself: nobody's count.
    is_own: bool,
    /// What the speaker said behind the end of a message where something of the tap's own goes.
    rest: Vec<u8>,
    /// Bytes passed on so far.
    passed: u64,
    message_end: Option<u8>,
    /// Of the last message not all has passed.
    is_mid_message: bool,
    /// Where there are faults for this direction.
    detour: Option<Box<Detour>>,
    /// What is still said is discarded.
    discards: bool,
}

impl Direction {
    /// The direction in which `from` speaks, with its faults.
    pub(super) fn new(faults: &[Arc<Fault>], from: Role, config: &TapConfig) -> Self {
        let tamper = Tamper::new(faults, from, config.framing.as_ref());
        Direction {
            unsent: Vec::new(),
            sent: 0,
            speaking: Speaking::Open,
            is_own: false,
            rest: Vec::new(),
            passed: 0,
            message_end: config.message_end,
            is_mid_message: false,
            detour: tamper.map(|tamper| Box::new(Detour::new(tamper))),
            discards: false,
        }
    }

    /// The speaker is to be read from.
    pub(super) fn wants_input(&self) -> bool {
        let waiting = !self.unsent.is_empty()
            || !self.rest.is_empty()
            || self.detour.as_ref().is_some_and(|d| !d.is_empty());
        // Who is stalled on purpose, or was said to have finished, is read all the same, for
        // nobody: left unread it would notice by its own full socket.
        self.discards || (self.speaking == Speaking::Open && !waiting)
    }

    /// The listener has not taken everything yet.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Something that was said will still be passed on without anything more.
    pub(super) fn is_busy(&self) -> bool {
        self.has_unsent()
            || !self.rest.is_empty()
            || self.detour.as_ref().is_some_and(|d| !d.is_idle())
    }

    /// Nothing more will come this way.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.speaking, Speaking::Finished | Speaking::Broken(_))
    }

    /// The listener is gone, in this way.
    pub(super) fn loss(&self) -> Option<Loss> {
        match self.speaking {
            Speaking::Broken(loss) => Some(loss),
            _ => None,
        }
    }

    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    /// The speaker has finished sending.
    pub(super) fn finish(&mut self) {
        let discarded = std::mem::take(&mut self.discards);
        if self.speaking != Speaking::Open {
            return;
        }
        if discarded {
            self.speaking = Speaking::Withheld;
            return;
        }
        self.speaking = Speaking::Finishing;
        if let Some(detour) = &mut self.detour {
            detour.finish();
        }
    }

    /// Nothing passes any more, not even an end.
    pub(super) fn stall(&mut self) {
        self.discards = true;
    }

    /// As if the speaker had finished sending; what it still says is discarded.
    pub(super) fn pretend_end(&mut self) {
        if self.speaking == Speaking::Open {
            self.speaking = Speaking::Finishing;
            self.discards = true;
        }
    }

    /// What is said does not go straight to the listener. `true`: it was taken.
    pub(super) fn divert(&mut self, now: Time, bytes: &[u8]) -> bool {
        if self.discards {
            return true;
        }
        let Some(detour) = &mut self.detour else {
            return false;
        };
        detour.feed(now, bytes);
        true
    }

    /// What the faults let through next, once the listener has taken everything before.
    pub(super) fn next_piece(&mut self, now: Time) -> Option<Piece> {
        if !self.unsent.is_empty() || self.is_over() {
            return None;
        }
        self.detour.as_mut()?.next(now)
    }

    /// When there may be a next piece.
    pub(super) fn deadline(&self) -> Option<Time> {
        let waits = self.unsent.is_empty() && !self.is_over();
        self.detour.as_ref().filter(|_| waits)?.deadline()
    }

    /// The speaker has finished and everything is sent: the listener can be told, once.
    pub(super) fn take_finished(&mut self) -> bool {
        let all_passed = self.unsent.is_empty()
            && self.rest.is_empty()
            && self.detour.as_ref().is_none_or(|d| d.is_empty());
        let finished = self.speaking == Speaking::Finishing && all_passed;
        if finished {
            self.speaking = Speaking::Finished;
        }
        finished
    }

    /// Send `bytes` of the speaker; what `listener` does not take now is kept.
    pub(super) fn pass(&mut self, listener: &Stream, bytes: &[u8]) {
        if let (Some(last), Some(end)) = (bytes.last(), self.message_end) {
            self.is_mid_message = *last != end;
        }
        let sent = self.send(listener, bytes);
        self.passed += sent as u64;
        if !self.is_over() {
            self.unsent.extend_from_slice(&bytes[sent..]);
        }
    }

    // ---- what the tap says itself

    /// What the tap says itself can go out now: the last message has passed, all of it.
    pub(super) fn is_between_messages(&self) -> bool {
        !self.is_over() && self.unsent.is_empty() && !self.is_mid_message
    }

    /// Send `bytes` of the tap's own, between two messages.
    pub(super) fn say(&mut self, listener: &Stream, bytes: &[u8]) {
        let sent = self.send(listener, bytes);
        if sent < bytes.len() && !self.is_over() {
            self.unsent.extend_from_slice(&bytes[sent..]);
            self.is_own = true;
        }
    }

    /// Of what the speaker said, that which goes before something of the tap's own. What comes
    /// behind the last end of a message waits: a speaker that never pauses would be read in pieces
    /// that end anywhere, and there would never be a place for it.
    pub(super) fn up_to_last_end<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let is_end = |b: &u8| Some(*b) == self.message_end;
        let Some(last) = bytes.iter().rposition(is_end) else {
            return bytes;
        };
        // The tap is to say `250 ok` for the server, and one read brought `250 a`, LF, `25`. Up to
        // the LF passes, then comes the tap's word, then `25`: in front of it and not in the middle
        // of the line that `25` begins.
        let (before, behind) = bytes.split_at(last + 1);
        self.rest.extend_from_slice(behind);
        before
    }

    /// What waited behind that place, once the listener has taken everything before.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        match self.unsent.is_empty() {
            true => std::mem::take(&mut self.rest),
            false => Vec::new(),
        }
    }

    // ---- sending

    /// Send what was kept.
    pub(super) fn flush(&mut self, listener: &Stream) {
        if self.unsent.is_empty() {
            return;
        }
        let unsent = std::mem::take(&mut self.unsent);
        let sent = self.send(listener, &unsent[self.sent..]);
        self.sent += sent;
        // `passed` is what the ends have said. What the tap says itself is in no count of theirs.
        if !self.is_own {
            self.passed += sent as u64;
        }
        if self.sent < unsent.len() && !self.is_over() {
            self.unsent = unsent;
        } else {
            (self.sent, self.is_own) = (0, false);
        }
    }

    /// How many of `bytes` the listener took.
    fn send(&mut self, listener: &Stream, bytes: &[u8]) -> usize {
        let mut sent = 0;
        while sent < bytes.len() {
            match listener.write(&bytes[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    self.speaking = Speaking::Broken(stream::loss(&error));
                    break;
                }
            }
        }
        sent
    }
}
