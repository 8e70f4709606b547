//! A conversation whose stream has layers: what both drivers do differently then.
//!
//! The conversation's bytes are taken a piece at a time, and it is told that a piece is sent only
//! when all that became of it has left for the wire. So its limits mean what they always mean: a
//! peer that takes nothing stalls it, `max_output` bounds what waits, and "all is said" is true.

use otherend_core::{Loss, Time};

use super::carrier::Carrier;
use crate::stream::layer::{Layer, Layers};

/// How much of the conversation's bytes is on its way through the layers at once.
const PIECE: usize = 16 * 1024;

/// The layers of one stream, and what of them waits for the wire.
#[derive(Debug)]
pub(crate) struct Layered {
    layers: Layers,
    /// Bytes for the wire, of which those before `sent` have left.
    wire: Vec<u8>,
    sent: usize,
    /// So many of the conversation's first unsent bytes became those of `wire`.
    piece: usize,
    closed: Close,
}

/// Our end of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    Open,
    /// The layers have said their ends; the stream's own follows once these are sent.
    Said,
    Done,
}

impl Layered {
    /// `None`: there are no layers, and one look at this is all that they cost.
    pub(crate) fn over(layers: Vec<Layer>) -> Option<Box<Layered>> {
        let layers = Layers::of(layers)?;
        Some(Box::new(Layered {
            layers,
            wire: Vec::new(),
            sent: 0,
            piece: 0,
            closed: Close::Open,
        }))
    }

    /// A read brought these bytes of the wire.
    pub(crate) fn hear(&mut self, carrier: &mut Carrier, now: Time, bytes: &[u8]) {
        let waiting = self.wire.len();
        let heard = self.layers.hear(bytes, &mut self.wire);
        if self.closed != Close::Open {
            // Nothing follows our end, not even an answer.
            self.wire.truncate(waiting);
        }
        if !heard.is_empty() {
            carrier.conversation.receive(now, &heard);
        }
        if self.layers.has_ended() {
            carrier.conversation.peer_finished(now);
        } else if self.layers.is_cut_off() {
            carrier.conversation.peer_lost(now, Loss::Truncated);
        }
    }

    /// The wire has ended: as it should only if the peer said so before.
    pub(crate) fn wire_ended(&self, carrier: &mut Carrier, now: Time) {
        match self.layers.has_ended() {
            true => carrier.conversation.peer_finished(now),
            false => carrier.conversation.peer_lost(now, Loss::Truncated),
        }
    }

    /// What is to be written next; empty: nothing.
    pub(crate) fn next(&mut self, carrier: &mut Carrier, now: Time) -> &[u8] {
        while self.sent == self.wire.len() {
            self.wire.clear();
            self.sent = 0;
            // What was under way may have been discarded meanwhile: an abort leaves nothing to send.
            let unsent = carrier.conversation.unsent().len();
            let piece = std::mem::take(&mut self.piece).min(unsent);
            if piece > 0 {
                carrier.conversation.sent(now, piece);
            }
            if self.closed != Close::Open || !carrier.has_unsent(now) {
                break;
            }
            let unsent = carrier.conversation.unsent();
            // A piece stays unsent for the conversation until all that became of it has left. Told
            // of as sent when it was only wrapped up, it would be out of `max_output` and of the
            // write timeout's sight: a peer that takes nothing could have any amount wrapped for
            // it.
            self.piece = unsent.len().min(PIECE);
            self.layers.say(&unsent[..self.piece], &mut self.wire);
        }
        &self.wire[self.sent..]
    }

    /// The stream took so many bytes of [`next`](Self::next).
    pub(crate) fn took(&mut self, count: usize) {
        self.sent += count;
    }

    /// The stream took nothing.
    pub(crate) fn stalled(&self, carrier: &mut Carrier, now: Time) {
        if !carrier.conversation.unsent().is_empty() {
            carrier.conversation.sent(now, 0);
        }
    }

    /// Something waits for the stream to have room.
    pub(crate) fn waits_for_room(&self) -> bool {
        self.sent < self.wire.len()
    }

    /// Nothing more is said: the layers say their ends.
    pub(crate) fn close(&mut self) {
        if self.closed == Close::Open {
            self.closed = Close::Said;
            self.layers.close(&mut self.wire);
        }
    }

    /// The ends of the layers are sent: the stream is to be half-closed, once.
    pub(crate) fn take_half_close(&mut self) -> bool {
        let due = self.closed == Close::Said && !self.waits_for_room();
        if due {
            self.closed = Close::Done;
        }
        due
    }
}

#[cfg(test)]
mod tests;
