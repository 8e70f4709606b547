//! One direction of a tapped connection: bytes of one end on their way to the other.
//!
//! Nothing more is read from an end while the other has not taken what it said before: that is
//! all there is to backpressure, and at most one read waits in here.

use std::io;
use std::sync::Arc;

use otherend_core::{Loss, Role, Time};

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
    /// Bytes passed on so far.
    passed: u64,
    /// Where there are faults for this direction.
    detour: Option<Box<Detour>>,
    /// What is still said is discarded.
    discards: bool,
}

impl Direction {
    /// The direction in which `from` speaks, with its faults.
    pub(super) fn new(faults: &[Arc<Fault>], from: Role) -> Self {
        let tamper = Tamper::new(faults, from);
        Direction {
            unsent: Vec::new(),
            sent: 0,
            speaking: Speaking::Open,
            passed: 0,
            detour: tamper.map(|tamper| Box::new(Detour::new(tamper))),
            discards: false,
        }
    }

    /// The speaker is to be read from.
    pub(super) fn wants_input(&self) -> bool {
        let waiting =
            !self.unsent.is_empty() || self.detour.as_ref().is_some_and(|d| !d.is_empty());
        self.discards || (self.speaking == Speaking::Open && !waiting)
    }

    /// The listener has not taken everything yet.
    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Something that was said will still be passed on without anything more.
    pub(super) fn is_busy(&self) -> bool {
        self.has_unsent() || self.detour.as_ref().is_some_and(|d| !d.is_idle())
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
        let all_passed =
            self.unsent.is_empty() && self.detour.as_ref().is_none_or(|d| d.is_empty());
        let finished = self.speaking == Speaking::Finishing && all_passed;
        if finished {
            self.speaking = Speaking::Finished;
        }
        finished
    }

    /// Send `bytes`; what `listener` does not take now is kept.
    pub(super) fn pass(&mut self, listener: &Stream, bytes: &[u8]) {
        let sent = self.send(listener, bytes);
        if !self.is_over() {
            self.unsent.extend_from_slice(&bytes[sent..]);
        }
    }

    /// Send what was kept.
    pub(super) fn flush(&mut self, listener: &Stream) {
        if self.unsent.is_empty() {
            return;
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.sent += self.send(listener, &unsent[self.sent..]);
        if self.sent < unsent.len() && !self.is_over() {
            self.unsent = unsent;
        } else {
            self.sent = 0;
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
        self.passed += sent as u64;
        sent
    }
}
