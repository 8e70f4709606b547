//! One end of a pair: a conversation carried as an engine would, or bytes written by the test.

use super::wire::{Parcel, Wire};
use crate::{Conversation, Loss, Step, Time};

/// What the program at this end still wants to do with its stream, after what it wrote is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    Talk,
    HalfClose,
    Close,
}

/// What this end takes out of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    All,
    OnePiece,
    Nothing,
}

/// One end of a [`Pair`](super::Pair).
///
/// What a test asks of an end happens at the next [`drive`](super::Pair::drive) or
/// [`turn`](super::Pair::turn). As with TCP, closing with unread input resets the connection, and
/// so does sending to an end that has closed.
#[derive(Debug)]
pub struct End {
    conversation: Option<Box<Conversation>>,
    written: Vec<u8>,
    intent: Intent,
    reading: Reading,
    heard: Vec<u8>,
    half_closed: bool,
    peer_finished: bool,
    closed: bool,
    broken: Option<Loss>,
    must_reset: bool,
}

impl End {
    pub(super) fn by_hand() -> Self {
        End {
            conversation: None,
            written: Vec::new(),
            intent: Intent::Talk,
            reading: Reading::All,
            heard: Vec::new(),
            half_closed: false,
            peer_finished: false,
            closed: false,
            broken: None,
            must_reset: false,
        }
    }

    pub(super) fn carrying(conversation: Conversation) -> Self {
        End {
            conversation: Some(Box::new(conversation)),
            ..End::by_hand()
        }
    }

    // ---- what a test does

    /// The conversation at this end.
    ///
    /// # Panics
    ///
    /// When the test itself writes this end's bytes.
    pub fn conversation(&mut self) -> &mut Conversation {
        let conversation = self.conversation.as_deref_mut();
        conversation.expect("the test itself writes this end's bytes")
    }

    /// Send `bytes`, whatever they are, as fast as the link takes them.
    pub fn write(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }

    /// Half-close once everything is sent.
    pub fn finish(&mut self) {
        self.intent = Intent::HalfClose;
    }

    /// Close once everything is sent, without reading what comes.
    pub fn close(&mut self) {
        self.intent = Intent::Close;
    }

    /// Reset the connection.
    pub fn reset(&mut self) {
        self.must_reset = true;
    }

    /// The kernel gives this end's connection up, or learns that the peer did.
    pub fn lose(&mut self, now: Time, loss: Loss) {
        self.broken = Some(loss);
        if let Some(conversation) = &mut self.conversation {
            conversation.peer_lost(now, loss);
        }
    }

    /// From here on, leave what comes in the link (`false`) or take it (`true`).
    pub fn set_reading(&mut self, reading: bool) {
        self.reading = match reading {
            true => Reading::All,
            false => Reading::Nothing,
        };
    }

    /// Take one piece of what comes and leave the rest in the link.
    pub fn read_once(&mut self) {
        self.reading = Reading::OnePiece;
    }

    /// Every byte that came to this end.
    #[must_use]
    pub fn heard(&self) -> &[u8] {
        &self.heard
    }

    /// The other end has finished sending, and everything before was read.
    #[must_use]
    pub fn peer_finished(&self) -> bool {
        self.peer_finished
    }

    /// This end has closed its stream.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// How the stream broke, if it did.
    #[must_use]
    pub fn loss(&self) -> Option<Loss> {
        self.broken
    }

    // ---- what the pair does

    pub(super) fn open(&mut self, now: Time) {
        if let Some(conversation) = &mut self.conversation {
            conversation.open(now);
        }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let conversation = self.conversation.as_ref()?;
        let over = self.closed || self.broken.is_some();
        conversation.deadline().filter(|_| !over)
    }

    pub(super) fn tick(&mut self, now: Time) {
        let due = self.deadline().is_some_and(|deadline| deadline <= now);
        let Some(conversation) = self.conversation.as_mut().filter(|_| due) else {
            return;
        };
        conversation.tick(now);
        let next = conversation.deadline();
        assert!(
            next.is_none_or(|next| next > now),
            "a deadline that was carried out must not be due again: an engine would spin"
        );
    }

    /// Move what can be moved. `true`: something moved.
    pub(super) fn exchange(&mut self, now: Time, from: &mut Wire, to: &mut Wire) -> bool {
        if self.closed || self.broken.is_some() {
            // A kernel answers bytes for a closed socket with a reset.
            let unwanted = from.discard() > 0;
            if unwanted {
                to.reset(now);
            }
            return unwanted;
        }
        if self.must_reset {
            self.broken = Some(Loss::Reset);
            to.reset(now);
            return true;
        }
        let wrote = self.send(now, to);
        let read = self.read(now, from);
        let stepped = self.step(now, from, to);
        wrote || read || stepped
    }

    fn send(&mut self, now: Time, to: &mut Wire) -> bool {
        if self.half_closed {
            return false;
        }
        // A test may write beside the conversation at the same end, as a peer that misbehaves.
        let by_hand = to.send(now, &self.written);
        self.written.drain(..by_hand);
        let Some(conversation) = &mut self.conversation else {
            return by_hand > 0;
        };
        if conversation.unsent().is_empty() {
            return by_hand > 0;
        }
        let count = to.send(now, conversation.unsent());
        conversation.sent(now, count);
        by_hand + count > 0
    }

    fn read(&mut self, now: Time, from: &mut Wire) -> bool {
        let wanted = match self.conversation.as_ref().map(|c| c.step()) {
            Some(Step::Wait { read }) => read,
            Some(_) => false,
            None => true,
        };
        // As `poll(2)` says POLLERR whether or not one asked to read: a reset is noticed by an end
        // that takes nothing.
        let may_read = (wanted && self.reading != Reading::Nothing) || from.is_broken();
        let Some(parcel) = from.read_if(may_read) else {
            return may_read && self.tell_nothing_to_read(now);
        };
        if self.reading == Reading::OnePiece {
            self.reading = Reading::Nothing;
        }
        match parcel {
            Parcel::Bytes(bytes) => self.hear(now, &bytes),
            Parcel::End => self.hear_the_end(now),
            Parcel::Reset => self.lose(now, Loss::Reset),
        }
        true
    }

    /// `true`: the conversation waited for that.
    fn tell_nothing_to_read(&mut self, now: Time) -> bool {
        let waiting = self.conversation.as_mut().filter(|c| c.hears_out());
        let Some(conversation) = waiting else {
            return false;
        };
        conversation.nothing_to_read(now);
        true
    }

    fn hear(&mut self, now: Time, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
        if let Some(conversation) = &mut self.conversation {
            conversation.receive(now, bytes);
        }
    }

    fn hear_the_end(&mut self, now: Time) {
        self.peer_finished = true;
        if let Some(conversation) = &mut self.conversation {
            conversation.peer_finished(now);
        }
    }

    /// Carry out what the conversation, or the test, wants done with the stream.
    fn step(&mut self, now: Time, from: &Wire, to: &mut Wire) -> bool {
        let step = match (self.conversation.as_ref().map(|c| c.step()), self.intent) {
            (Some(Step::Wait { .. }) | None, Intent::HalfClose) if self.may_end() => {
                Step::HalfClose
            }
            (_, Intent::Close) if self.written.is_empty() => Step::Close,
            (Some(step), _) => step,
            (None, _) => return false,
        };
        match step {
            Step::Wait { .. } => return false,
            Step::HalfClose => self.half_close(now, to),
            // What a kernel does when a socket is closed over unread input: RST instead of FIN, and
            // what it had not delivered yet is lost. An end that closes too early fails here as it
            // would out there.
            Step::Close if from.unread_bytes() > 0 => {
                self.closed = true;
                to.reset(now);
            }
            Step::Close => {
                self.closed = true;
                self.half_close(now, to);
            }
            Step::Reset => {
                self.broken = Some(Loss::Reset);
                to.reset(now);
            }
        }
        true
    }

    fn may_end(&self) -> bool {
        self.written.is_empty() && !self.half_closed
    }

    fn half_close(&mut self, now: Time, to: &mut Wire) {
        if !self.half_closed {
            self.half_closed = true;
            to.end(now);
        }
        if let Some(conversation) = self.conversation.as_mut().filter(|_| !self.closed) {
            conversation.half_closed(now);
        }
    }
}
