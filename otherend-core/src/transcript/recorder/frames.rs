//! What was said, message by message, where a drawing says what those stand in.
//!
//! A message is a step once its frame is complete, whatever the other side says meanwhile; what is
//! in no frame is written byte for byte.

use super::{LONGEST, Recorder};
use crate::framing::{Looking, Seen};
use crate::transcript::Limits;
use crate::transcript::model::Act;
use crate::transcript::write::is_readable;
use crate::{Drawing, LineEnd, OutOfStep, Role, Time};

/// Until a message is longer than this its frame is waited for.
const MOST: usize = Limits::LINE;

/// How far one side's bytes were looked at.
#[derive(Debug, Default)]
pub(super) struct Frames {
    looking: Looking,
    /// So many bytes of what is held are in the file already, as the beginning of a frame.
    pub(super) begun: usize,
    /// When something of it was heard last.
    heard: Time,
    /// Where the next frame begins can no longer be told.
    is_lost: bool,
}

impl Recorder {
    /// A recording of messages in frames: each is a step, and the file's head has the drawing.
    #[must_use]
    pub fn framed(mut self, drawing: Drawing) -> Self {
        self.framing = Some(drawing);
        // No line has to show how lines end.
        self.eol = Some(LineEnd::default());
        self
    }

    pub(super) fn said_in_frames(&mut self, now: Time, connection: u16, who: Role, bytes: &[u8]) {
        let idle = self.framing.as_ref().and_then(Drawing::idle);
        if let Some(idle) = idle {
            // Who answers has heard all of the question, however short the silence behind it was.
            self.finish(connection, who.other());
            if now.since(self.side(connection, who).frames.heard) >= idle {
                self.finish(connection, who);
            }
        }
        let side = self.side(connection, who);
        side.held.extend_from_slice(bytes);
        side.frames.heard = now;
        self.write_messages(connection, who, false);
    }

    /// Nothing more comes of the message under way.
    pub(super) fn finish(&mut self, connection: u16, who: Role) {
        match self.framing {
            Some(_) => self.write_messages(connection, who, true),
            None => self.write_held(connection, who),
        }
    }

    /// Write what has come of a frame, whose rest may still come.
    pub(super) fn write_begun(&mut self, connection: u16, who: Role) {
        if self.framing.as_ref().and_then(Drawing::idle).is_some() {
            // It has been silent for longer than ends a message.
            return self.write_messages(connection, who, true);
        }
        let side = self.side(connection, who);
        let held = std::mem::take(&mut side.held);
        let (begun, heard) = (side.frames.begun, side.frames.heard);
        self.pieces(heard, connection, who, &held[begun..]);
        let side = self.side(connection, who);
        side.frames.begun = held.len();
        side.held = held;
    }

    /// Write the messages in what is held. `is_all`: nothing more comes of the last one.
    fn write_messages(&mut self, connection: u16, who: Role, is_all: bool) {
        let Some(drawing) = self.framing.clone() else {
            return;
        };
        let mut held = std::mem::take(&mut self.side(connection, who).held);
        let (mut at, mut made) = (0, Vec::new());
        loop {
            let frames = &mut self.side(connection, who).frames;
            let mut rest = &held[at..];
            let nothing = match frames.is_lost {
                true => 0,
                false => Looking::nothing(&drawing, rest),
            };
            rest = &rest[nothing..];
            at += nothing;
            frames.begun = frames.begun.saturating_sub(nothing);
            let begun = frames.begun;
            let seen = match frames.is_lost && !rest.is_empty() {
                true => Some(Seen::Bad(rest.len(), OutOfStep::Stray)),
                false => frames
                    .looking
                    .look(&drawing, (rest, is_all), MOST, &mut made),
            };
            let heard = frames.heard;
            let length = match seen {
                None => break,
                Some(Seen::Message(message, length)) if begun == 0 => {
                    let whole = (message, &rest[..length]);
                    self.message(heard, (connection, who), whole, &drawing);
                    length
                }
                Some(Seen::Message(_, length)) => {
                    self.unframed(heard, connection, who, &rest[begun.min(length)..length]);
                    length
                }
                Some(Seen::Bad(length, why)) => {
                    // Behind a wrong length anything may be one; a wrong sum says nothing of it.
                    frames.is_lost = !drawing.resyncs() && why != OutOfStep::Sum;
                    self.unframed(heard, connection, who, &rest[begun.min(length)..length]);
                    length
                }
                Some(Seen::TooLong) => {
                    frames.is_lost = true;
                    self.comment(
                        heard,
                        "a message of over 1 MiB: what this end says from here on is in no frame",
                    );
                    continue;
                }
            };
            at += length;
            let frames = &mut self.side(connection, who).frames;
            frames.looking.taken();
            frames.begun = begun.saturating_sub(length);
        }
        held.drain(..at);
        self.side(connection, who).held = held;
    }

    /// Write one message; the second of `whole` are its bytes with their frame.
    fn message(
        &mut self,
        now: Time,
        (connection, who): (u16, Role),
        (message, frame): (&[u8], &[u8]),
        drawing: &Drawing,
    ) {
        // What no one could say again, and what no line of a file holds, is kept as it was: a byte
        // takes four characters at most.
        let fits = 4 * message.len() + 64 <= Limits::LINE;
        if !fits || drawing.encode(message, &mut Vec::new()).is_err() {
            if !fits {
                let text = format!("a message of {} bytes, in pieces", message.len());
                self.comment(now, &text);
            }
            return self.unframed(now, connection, who, frame);
        }
        let text = self.masked((connection, who), message, true);
        let is_hex = text.as_literal().is_some() && !is_readable(message);
        if is_hex && !self.told_hex && !self.masks.is_none() {
            self.told_hex = true;
            self.comment(
                now,
                "secrets are looked for in text only: what is in hex is as it was said",
            );
        }
        let act = match is_hex {
            true => Act::Hex(text),
            false => Act::Line(text),
        };
        self.step(now, connection, who, act);
    }

    /// Write bytes that are in no frame, or the last of one that was written in pieces.
    fn unframed(&mut self, now: Time, connection: u16, who: Role, bytes: &[u8]) {
        self.pieces(now, connection, who, bytes);
        // What comes next begins anew, as a line does.
        self.side(connection, who).written.clear();
    }

    fn pieces(&mut self, now: Time, connection: u16, who: Role, bytes: &[u8]) {
        for piece in bytes.chunks(LONGEST) {
            let text = self.masked((connection, who), piece, false);
            self.step(now, connection, who, Act::Piece(text));
        }
    }
}
