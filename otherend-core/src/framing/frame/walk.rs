//! A walk through the bytes of a frame, slot by slot.

use std::ops::Range;

use super::escaped::unescape;
use super::{Missing, OutOfStep};
use crate::framing::drawing::Body;

/// A whole frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// All of its bytes.
    pub(crate) length: usize,
    /// The part of the message that stands before its body, and apart from it.
    pub(crate) head: Range<usize>,
    /// The rest of the message, as it is written.
    pub(crate) body: Range<usize>,
}

impl Frame {
    /// The message is a slice of the frame: nothing is escaped in it, and it is in one piece.
    pub(crate) fn is_slice(&self, body: Body) -> bool {
        self.head.is_empty() && matches!(body, Body::Plain | Body::Fixed(_))
    }

    /// The message of this frame, at the start of `bytes`; `made` takes what is no slice of them.
    /// `None`: its body has an escape that there is not.
    pub(crate) fn message<'b>(
        &self,
        body: Body,
        bytes: &'b [u8],
        made: &'b mut Vec<u8>,
    ) -> Option<&'b [u8]> {
        let written = &bytes[self.body.clone()];
        if self.is_slice(body) {
            return Some(written);
        }
        made.clear();
        made.extend_from_slice(&bytes[self.head.clone()]);
        unescape(body, written, made).then_some(&made[..])
    }
}

/// How far a walk through the slots has come.
pub(super) struct Walk<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
    /// The part of the message before its body.
    pub(super) head: Range<usize>,
    /// Where the body ends, once a length has said it.
    pub(super) end: Option<usize>,
}

/// Why a walk ends early.
pub(super) enum Stop {
    Short(Missing),
    TooLong(usize),
    /// Not as drawn; what is known to be wrong ends here.
    Bad(usize, OutOfStep),
}

/// Header lines, and what is no frame, may take so much more than a message.
pub(super) const MORE: usize = 4096;

/// What ends a body that has no line: RFC 5321 §4.1.1.4, the CR LF before it ended another line.
pub(super) const LONE_DOT: &[u8] = b".\r\n";

impl<'b> Walk<'b> {
    fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Result<u8, Stop> {
        let next = self.rest().first().copied();
        next.ok_or(Stop::Short(Missing::Bytes(self.at + 1)))
    }

    pub(super) fn take(&mut self, size: usize) -> Result<Range<usize>, Stop> {
        let end = self.at + size;
        if self.bytes.len() < end {
            return Err(Stop::Short(Missing::Bytes(end)));
        }
        let taken = self.at..end;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn literal(&mut self, literal: &[u8], otherwise: OutOfStep) -> Result<(), Stop> {
        let pairs = self.rest().iter().zip(literal);
        let same = pairs.take_while(|(seen, drawn)| seen == drawn).count();
        if same == literal.len() {
            self.at += same;
            return Ok(());
        }
        match self.rest().len() > same {
            true => Err(Stop::Bad(self.at + same + 1, otherwise)),
            false => Err(Stop::Short(Missing::Bytes(self.bytes.len() + 1))),
        }
    }

    /// The body is empty, and there is no line end before the dot that ends it.
    pub(super) fn is_lone_dot(&self) -> Result<bool, Stop> {
        let rest = self.rest();
        if rest.len() < LONE_DOT.len() && LONE_DOT.starts_with(rest) {
            return Err(Stop::Short(Missing::Bytes(self.at + rest.len() + 1)));
        }
        Ok(rest.starts_with(LONE_DOT))
    }

    /// Header lines up to the empty one; `name` has the body's length.
    pub(super) fn lines(&mut self, name: &str, max: usize) -> Result<(), Stop> {
        let headers = self.rest();
        let mut length = None;
        let mut at = 0;
        loop {
            let line = &headers[at.min(headers.len())..];
            let Some(end) = memchr::memchr(b'\n', line) else {
                return match headers.len() > max + MORE {
                    true => Err(Stop::TooLong(self.at)),
                    false => Err(Stop::Short(Missing::Byte(b'\n'))),
                };
            };
            if at + end > max + MORE {
                return Err(Stop::TooLong(self.at));
            }
            let line = line[..end].trim_ascii_end();
            if line.is_empty() {
                break;
            }
            at += end + 1;
            // What a header says twice, two readers may understand differently.
            match (header(line, name), length) {
                (Some(Some(value)), None) => length = Some(value),
                (None, _) => {}
                _ => return Err(Stop::Bad(self.at + at, OutOfStep::Header)),
            }
        }
        let line_end = headers[at..]
            .iter()
            .position(|b| *b == b'\n')
            .unwrap_or_default();
        let known = self.at + at + line_end + 1;
        let length = length.ok_or(Stop::Bad(known, OutOfStep::Header))?;
        self.at += at;
        self.end = Some(known.saturating_add(length));
        Ok(())
    }
}

/// The number behind `name:` in a header line; `None`: it is another header, `Some(None)`: it is no
/// number.
fn header(line: &[u8], name: &str) -> Option<Option<usize>> {
    let colon = memchr::memchr(b':', line)?;
    let (found, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
    if !found.eq_ignore_ascii_case(name.as_bytes()) {
        return None;
    }
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits);
    Some(text.and_then(|text| text.parse().ok()))
}
