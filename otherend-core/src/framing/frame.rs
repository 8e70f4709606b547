//! Frames: a drawing at work. What is heard is taken out of its frame, what is said is put in one.
//!
//! [`Layout::look`] says what stands at the start of some bytes, and nothing but those bytes decides
//! it: seeing more of them never changes an answer, so it does not matter how TCP cut them.

mod decoder;
mod encode;
mod escaped;
mod looking;
mod walk;

use std::ops::Range;

use memchr::memmem;

use super::drawing::{Body, FrameEnd, Layout, Length, Read, Slot, Sum};

pub(crate) use decoder::{Found, Frames, Place};
pub use encode::{Flaw, Unframed};
pub use looking::{Looking, Seen};
pub(crate) use walk::Frame;
use walk::{LONE_DOT, MORE, Stop, Walk};

/// What stands at the start of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// It cannot be said yet.
    Short(Missing),
    /// A whole frame.
    Frame(Frame),
    /// A frame whose message is longer than may be; behind so many bytes its end may come.
    TooLong(usize),
    /// So many bytes that are no frame, and why.
    Bad(usize, OutOfStep),
}

/// Before this has come, looking again is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// So many bytes in all.
    Bytes(usize),
    /// This byte.
    Byte(u8),
    /// Silence.
    Silence,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutOfStep {
    /// They come before a frame starts.
    Stray,
    /// Other bytes stand where the drawing has some of its own.
    Literal,
    /// The checksum is another.
    Sum,
    /// The length is no number, or an impossible one.
    Length,
    /// No header line has the length.
    Header,
    /// An escape that there is not.
    Escape,
    /// The stream ended in the middle of a frame.
    Unfinished,
}

impl OutOfStep {
    /// In a few words, for people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            OutOfStep::Stray => "bytes before the start of a message",
            OutOfStep::Literal => "a frame that is not as drawn",
            OutOfStep::Sum => "a wrong checksum",
            OutOfStep::Length => "an impossible length",
            OutOfStep::Header => "no header with the length",
            OutOfStep::Escape => "an escape that there is not",
            OutOfStep::Unfinished => "half a message at the end",
        }
    }
}

impl Layout {
    /// Look at the start of `bytes`, where a frame should begin. Up to `searched` its end is not: an
    /// earlier look at the same bytes came so far. A message has at most `max` bytes.
    pub(crate) fn look(&self, bytes: &[u8], searched: &mut usize, max: usize) -> Look {
        let end = |walk: &Walk<'_>| self.body_end(walk, searched, max);
        self.look_with(bytes, max, end)
    }

    /// As [`look`](Self::look), where silence has ended the message.
    pub(crate) fn look_at_all(&self, bytes: &[u8], max: usize) -> Look {
        let trailer = self.trailer();
        let look = self.look_with(bytes, max, |walk| {
            let end = bytes.len().checked_sub(trailer);
            let end = end.filter(|end| *end >= walk.at);
            end.ok_or(Stop::Bad(bytes.len(), OutOfStep::Unfinished))
        });
        match look {
            Look::Short(_) => Look::Bad(bytes.len(), OutOfStep::Unfinished),
            look => look,
        }
    }

    fn look_with(
        &self,
        bytes: &[u8],
        max: usize,
        body_end: impl FnOnce(&Walk<'_>) -> Result<usize, Stop>,
    ) -> Look {
        let mut walk = Walk {
            bytes,
            at: 0,
            head: 0..0,
            end: None,
        };
        match self.walk(&mut walk, max, body_end) {
            Ok(frame) => Look::Frame(frame),
            Err(Stop::Short(wanted)) => Look::Short(wanted),
            Err(Stop::TooLong(from)) => Look::TooLong(from),
            Err(Stop::Bad(known, why)) => self.bad(bytes, known, why, max),
        }
    }

    /// Out of step, the next frame can be found again.
    pub(crate) fn resyncs(&self) -> bool {
        self.start().is_some() || matches!(self.end, FrameEnd::Literal { .. } | FrameEnd::Idle(_))
    }

    /// How much of what is no frame is given up: up to where the next one may begin.
    fn bad(&self, bytes: &[u8], known: usize, why: OutOfStep, max: usize) -> Look {
        if why == OutOfStep::Sum || !self.resyncs() {
            return Look::Bad(known, why);
        }
        let (sought, found) = match (self.start(), self.end_literal()) {
            (Some(start), _) => (start, memmem::find(&bytes[1..], start).map(|at| at + 1)),
            (None, Some(end)) => {
                let found = memmem::find(bytes, end);
                (end, found.map(|at| known.max(at + end.len())))
            }
            (None, None) => return Look::Short(Missing::Silence),
        };
        // Not more than this is held back; and what was decided does not depend on what comes later.
        let most = self.written(max) + MORE;
        match found {
            Some(found) if found <= most => Look::Bad(found, why),
            _ if bytes.len() >= most + sought.len() => Look::Bad(most, why),
            _ => Look::Short(Missing::Byte(sought.last().copied().unwrap_or_default())),
        }
    }

    fn walk(
        &self,
        walk: &mut Walk<'_>,
        max: usize,
        body_end: impl FnOnce(&Walk<'_>) -> Result<usize, Stop>,
    ) -> Result<Frame, Stop> {
        for (index, slot) in self.before().iter().enumerate() {
            match slot {
                Slot::Literal(literal) if index == 0 => walk.literal(literal, OutOfStep::Stray)?,
                Slot::Literal(literal) => walk.literal(literal, OutOfStep::Literal)?,
                Slot::Head(head) => {
                    let is_missing = match head.but {
                        Some(but) => walk.peek()? == but,
                        None => false,
                    };
                    walk.head = walk.take(if is_missing { 0 } else { head.size })?;
                }
                Slot::Length(length) => self.length(walk, *length, index)?,
                Slot::Lines(name) => walk.lines(name, max)?,
                Slot::Body(_) | Slot::Sum(_) => {}
            }
        }
        let start = walk.at;
        if self.body() == Body::Dot && walk.is_lone_dot()? {
            return Ok(Frame {
                length: start + LONE_DOT.len(),
                head: walk.head.clone(),
                body: start..start,
            });
        }
        let end = body_end(walk)?;
        let most = max.saturating_sub(walk.head.len());
        if end - start > self.written(most) {
            return Err(Stop::TooLong(start + self.between()));
        }
        let length = end.saturating_add(self.trailer());
        if walk.bytes.len() < length {
            return Err(Stop::Short(Missing::Bytes(length)));
        }
        walk.at = end;
        self.check(walk, length)?;
        // A head that stands right before the body is one piece with it.
        let joined = walk.head.end == start && !walk.head.is_empty();
        let (head, start) = match joined && self.body() == Body::Plain {
            true => (0..0, walk.head.start),
            false => (walk.head.clone(), start),
        };
        Ok(Frame {
            length,
            head,
            body: start..end,
        })
    }

    /// What comes behind the body must be as drawn; all of it is there.
    fn check(&self, walk: &mut Walk<'_>, length: usize) -> Result<(), Stop> {
        for (index, slot) in self.after().iter().enumerate() {
            match slot {
                Slot::Literal(literal) => {
                    let right = walk.bytes[walk.at..].starts_with(literal);
                    walk.at += literal.len();
                    if !right {
                        return Err(Stop::Bad(length, OutOfStep::Literal));
                    }
                }
                Slot::Sum(sum) => {
                    let counted = self.summed(sum, self.body + 1 + index, walk.at);
                    let written = walk.at..walk.at + sum.width();
                    walk.at = written.end;
                    if !sum.is_right(&walk.bytes[counted], &walk.bytes[written]) {
                        return Err(Stop::Bad(length, OutOfStep::Sum));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The bytes that a checksum is of, which is the slot at `index` and stands at `at`.
    ///
    /// Printable text right before it is its label and does not count, a control byte does: both is
    /// what the field does.
    ///
    /// ```text
    /// $GPGLL,…*28        NMEA: the asterisk is not counted
    /// \x02…\x03<sum>     a block check character counts the ETX
    /// …\x0110=128\x01    FIX: up to the SOH, without `10=`
    /// ```
    fn summed(&self, sum: &Sum, index: usize, at: usize) -> Range<usize> {
        let label = match self.slots.get(index.wrapping_sub(1)) {
            Some(Slot::Literal(literal)) => {
                let printable = literal
                    .iter()
                    .rev()
                    .take_while(|b| matches!(b, b' '..=b'~'));
                printable.count()
            }
            _ => 0,
        };
        let start = match self.start() {
            Some(start) if !sum.of_all_before => start.len(),
            _ => 0,
        };
        start.min(at - label)..at - label
    }

    /// What a length says about where the body ends; it is the slot at `index`.
    fn length(&self, walk: &mut Walk<'_>, length: Length, index: usize) -> Result<(), Stop> {
        let (number, width) = match length.form.read(&walk.bytes[walk.at..]) {
            Read::Is(number, width) => (number, width),
            Read::Short => {
                // The next byte may be no digit.
                return Err(Stop::Short(Missing::Bytes(walk.bytes.len() + 1)));
            }
            Read::No => return Err(Stop::Bad(walk.at + 1, OutOfStep::Length)),
        };
        walk.at += width;
        // The byte that ends digits without a number of them belongs to them.
        let terminator = match self.slots.get(index + 1) {
            Some(Slot::Literal(literal)) if length.form.is_open() => literal.len(),
            _ => 0,
        };
        let counted = i128::from(number) - i128::from(length.more);
        let end = match length.of_all {
            true => counted - self.trailer() as i128,
            false => counted + (walk.at + terminator) as i128,
        };
        if end < walk.at as i128 {
            return Err(Stop::Bad(walk.at, OutOfStep::Length));
        }
        // More than memory can have is too long for any limit.
        walk.end = Some(usize::try_from(end).unwrap_or(usize::MAX));
        Ok(())
    }

    /// Where the body that starts here ends.
    fn body_end(&self, walk: &Walk<'_>, searched: &mut usize, max: usize) -> Result<usize, Stop> {
        let start = walk.at;
        match &self.end {
            FrameEnd::Length => match walk.end {
                Some(end) if end < start => Err(Stop::Bad(start, OutOfStep::Length)),
                Some(end) if end - start > max => Err(Stop::TooLong(start)),
                Some(end) => Ok(end),
                None => Err(Stop::Bad(start, OutOfStep::Length)),
            },
            FrameEnd::Size(size) => Ok(start + size),
            FrameEnd::Idle(_) => match walk.bytes.len() - start > max + self.trailer() {
                true => Err(Stop::TooLong(start)),
                false => Err(Stop::Short(Missing::Silence)),
            },
            FrameEnd::Literal { between, .. } => {
                let literal = self.end_literal().unwrap_or_default();
                self.find_end(walk, (literal, *between), searched, max)
            }
        }
    }

    /// Find the literal that ends a body, which has so many bytes of checksums between.
    fn find_end(
        &self,
        walk: &Walk<'_>,
        (literal, between): (&[u8], usize),
        searched: &mut usize,
        max: usize,
    ) -> Result<usize, Stop> {
        let (bytes, start) = (walk.bytes, walk.at);
        let from = (start + between).max(*searched).min(bytes.len());
        if let Some(found) = memmem::find(&bytes[from..], literal) {
            return Ok(from + found - between);
        }
        let seen = bytes.len() - start;
        if seen >= self.written(max) + between + literal.len() {
            return Err(Stop::TooLong(start + between));
        }
        *searched = from.max((bytes.len() + 1).saturating_sub(literal.len()));
        let last = literal.last().copied().unwrap_or_default();
        Err(Stop::Short(Missing::Byte(last)))
    }

    /// Not more bytes than this are ever needed to decide what they are.
    pub(crate) fn most_kept(&self, max: usize) -> usize {
        let literals = self.slots.iter().map(|slot| match slot {
            Slot::Literal(literal) => 2 * literal.len(),
            Slot::Head(head) => head.size,
            Slot::Sum(sum) => sum.width(),
            // No number has more digits or bytes.
            Slot::Length(_) => 24,
            Slot::Lines(_) => max + MORE,
            Slot::Body(_) => 0,
        });
        self.written(max) + MORE + literals.sum::<usize>()
    }

    /// What ends a message, where a literal does.
    pub(crate) fn end_literal(&self) -> Option<&[u8]> {
        match self.end {
            FrameEnd::Literal { slot, .. } => match self.slots.get(slot) {
                Some(Slot::Literal(literal)) => Some(literal),
                _ => None,
            },
            _ => None,
        }
    }

    /// So many bytes of checksums come between a body and the literal that ends it.
    fn between(&self) -> usize {
        match self.end {
            FrameEnd::Literal { between, .. } => between,
            _ => 0,
        }
    }

    /// How many bytes of a frame come behind the literal that ends its message.
    pub(crate) fn behind_end(&self) -> usize {
        match self.end {
            FrameEnd::Literal { between, .. } => {
                self.trailer() - between - self.end_literal().map_or(0, <[u8]>::len)
            }
            _ => 0,
        }
    }

    /// The most bytes that a body of at most `max` takes when it is written.
    fn written(&self, max: usize) -> usize {
        match self.body() {
            Body::Plain | Body::Fixed(_) => max,
            Body::Slip | Body::Cobs | Body::Dot => max.saturating_mul(2).saturating_add(2),
        }
    }
}

#[cfg(test)]
mod tests;
