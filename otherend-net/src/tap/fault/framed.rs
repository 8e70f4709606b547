//! Messages in frames on their way through a tap: which bytes are whose.

use otherend_core::transcript::Limits;
use otherend_core::{Drawing, Looking, OutOfStep, Seen, Time};

/// Longer messages pass, and no fault meets what comes behind them.
const LONGEST: usize = Limits::LINE;

/// What of a direction has not passed.
#[derive(Debug)]
pub(super) struct Frames {
    drawing: Drawing,
    looking: Looking,
    held: Vec<u8>,
    /// So much of what is held has passed already, as the beginning of a frame.
    begun: usize,
    /// When the frame that is held began, and when something came last.
    since: Time,
    heard: Time,
    /// Where the next frame begins can no longer be told.
    is_lost: bool,
}

/// What is to pass next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A message, and its frame.
    Message(Vec<u8>, Vec<u8>),
    /// Bytes in no frame, or the rest of one whose beginning has passed.
    Bytes(Vec<u8>),
}

impl Frames {
    pub(super) fn new(drawing: &Drawing) -> Self {
        Frames {
            drawing: drawing.clone(),
            looking: Looking::default(),
            held: Vec::new(),
            begun: 0,
            since: Time::ZERO,
            heard: Time::ZERO,
            is_lost: false,
        }
    }

    pub(super) fn drawing(&self) -> &Drawing {
        &self.drawing
    }

    pub(super) fn feed(&mut self, now: Time, bytes: &[u8]) {
        if self.held.is_empty() {
            self.since = now;
        }
        self.heard = now;
        self.held.extend_from_slice(bytes);
    }

    /// What is decided; call until it gives `None`. `is_all`: nothing more comes of what is held.
    pub(super) fn next(&mut self, is_all: bool) -> Option<Next> {
        let mut made = Vec::new();
        // What means nothing between frames passes with the frame behind it.
        let nothing = match self.is_lost {
            true => 0,
            false => Looking::nothing(&self.drawing, &self.held),
        };
        let bytes = &self.held[nothing..];
        let seen = match self.is_lost {
            true if self.held.is_empty() => None,
            true => Some(Seen::TooLong),
            false => {
                let all = (bytes, is_all);
                self.looking.look(&self.drawing, all, LONGEST, &mut made)
            }
        };
        let (message, length) = match seen {
            None if is_all && nothing > 0 => (None, nothing),
            None => return None,
            Some(Seen::Message(message, length)) => (Some(message.to_vec()), nothing + length),
            Some(Seen::Bad(length, why)) => {
                // Behind a wrong length anything may be one; a wrong sum says nothing of it.
                self.is_lost = !self.drawing.resyncs() && why != OutOfStep::Sum;
                (None, nothing + length)
            }
            Some(Seen::TooLong) => {
                self.is_lost = true;
                (None, self.held.len())
            }
        };
        let begun = self.begun.min(length);
        let frame: Vec<u8> = self.held.drain(..length).skip(begun).collect();
        self.begun -= begun;
        self.since = self.heard;
        self.looking.taken();
        Some(match message {
            Some(message) if begun == 0 => Next::Message(message, frame),
            _ => Next::Bytes(frame),
        })
    }

    /// What is held and has not passed passes as it is, and what is still to come of it.
    pub(super) fn let_go(&mut self) -> Vec<u8> {
        let begun = std::mem::replace(&mut self.begun, self.held.len());
        self.held[begun..].to_vec()
    }

    /// When what is held began, if something is.
    pub(super) fn held_since(&self) -> Option<Time> {
        (self.held.len() > self.begun).then_some(self.since)
    }

    /// When silence ends the message that is held.
    pub(super) fn silent_at(&self) -> Option<Time> {
        let idle = self.drawing.idle().filter(|_| !self.held.is_empty())?;
        Some(self.heard + idle)
    }
}
