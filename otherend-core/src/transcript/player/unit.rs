//! What comes next of one end, as a whole: a line, a datagram, a message.

use memchr::memchr;

use super::lane::Lane;
use crate::framing::{Looking, Seen};
use crate::{Framing, OutOfStep, Role, Time};

/// What is compared with the file at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'r> {
    /// A line with its end, a datagram, a message without its frame, or what is in no frame.
    pub(super) bytes: &'r [u8],
    /// So much of what was heard it takes up.
    pub(super) length: usize,
    pub(super) is: Is,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Is {
    /// A line, a datagram, a message.
    Whole,
    /// No frame as the file draws it.
    OutOfStep(OutOfStep),
    /// Longer than any may be.
    TooLong,
}

/// How units are found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'p> {
    pub(super) framing: &'p Framing,
    /// The longest that one may be, in bytes, its end not counted.
    pub(super) max: usize,
    pub(super) now: Time,
}

impl<'r> Unit<'r> {
    fn whole(bytes: &'r [u8], length: usize) -> Self {
        Unit {
            bytes,
            length,
            is: Is::Whole,
        }
    }
}

impl Lane {
    /// The next of `rest`, which is heard of `who`; `None`: it is not complete. A message that is no
    /// slice of its frame is put together in `made`.
    #[inline]
    pub(super) fn unit<'r>(
        &mut self,
        who: Role,
        rest: &'r [u8],
        found: Found<'_>,
        made: &'r mut Vec<u8>,
    ) -> Option<Unit<'r>> {
        match found.framing {
            Framing::Drawn(drawing) => {
                let ended = self.ended[who.index()].is_some();
                let is_silent = drawing.idle().is_some_and(|idle| {
                    let last = self.last_heard[who.index()];
                    last + idle <= found.now
                });
                let looking = &mut self.looking[who.index()];
                let all = (rest, ended || is_silent);
                Some(match looking.look(drawing, all, found.max, made)? {
                    Seen::Message(message, length) => Unit::whole(message, length),
                    Seen::Bad(length, why) => Unit {
                        bytes: &rest[..length],
                        length,
                        is: Is::OutOfStep(why),
                    },
                    Seen::TooLong => Unit {
                        bytes: rest,
                        length: rest.len(),
                        is: Is::TooLong,
                    },
                })
            }
            // A datagram is a whole whatever is in it, LF or none.
            Framing::Datagram => {
                let length = self.datagram(who)?;
                rest.get(..length).map(|bytes| Unit::whole(bytes, length))
            }
            _ => {
                let length = memchr(b'\n', rest)? + 1;
                let line = &rest[..length];
                Some(Unit {
                    bytes: line,
                    length,
                    is: match text_len(line) > found.max {
                        true => Is::TooLong,
                        false => Is::Whole,
                    },
                })
            }
        }
    }

    /// Bytes of `rest` that mean nothing and are passed over.
    pub(super) fn nothing(framing: &Framing, rest: &[u8]) -> usize {
        match framing {
            Framing::Drawn(drawing) => Looking::nothing(drawing, rest),
            _ => 0,
        }
    }
}

/// How long a line is without its end, or what has come of it.
pub(super) fn text_len(line: &[u8]) -> usize {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    text.strip_suffix(b"\r").unwrap_or(text).len()
}
