//! A frame as a drawing (usually: a codec's specification): one text that both reads and writes it.
//!
//! ```text
//! {len:u16}{body}              two bytes of length, then the message
//! \x02{body}\x03{sum:xor}      between STX and ETX, with a check byte
//! {head:4}{len:u16}{body}      four bytes of the message, a length, its rest: Modbus/TCP
//! ```

mod catalogue;
mod crcs;
mod error;
mod number;
mod parse;
mod sum;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::duration::Span;
pub use error::DrawingError;
pub(crate) use number::{Number, Read};
pub(crate) use sum::Sum;

/// One piece of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Slot {
    /// These bytes.
    Literal(Vec<u8>),
    /// Bytes of the message that come before its body.
    Head(Head),
    /// How long something is.
    Length(Length),
    /// Header lines up to an empty one, which is not among them; the one of this name has the length.
    Lines(String),
    /// The message, or its rest.
    Body(Body),
    /// A checksum.
    Sum(Sum),
}

/// Bytes of the message before its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: usize,
    /// A message that begins with this byte has no such head.
    pub(crate) but: Option<u8>,
}

/// How the body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body {
    /// As it is, up to what ends it.
    Plain,
    /// As it is; so many bytes.
    Fixed(usize),
    /// RFC 1055.
    Slip,
    /// Cheshire & Baker, "Consistent Overhead Byte Stuffing" (1999).
    Cobs,
    /// RFC 5321 §4.5.2.
    Dot,
}

/// What a length says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) form: Number,
    /// It counts the whole frame; else what follows it up to the body's end.
    pub(crate) of_all: bool,
    /// The number says so much more than it counts.
    pub(crate) more: i64,
}

/// A frame, drawn. Cheap to clone.
///
/// | slot | means |
/// |---|---|
/// | `{body}` | the message, exactly once; `{body:128}` of 128 bytes, `{body slip}` `{body cobs}` `{body dot}` escaped |
/// | `{len:TYPE}` | how many bytes follow it up to the body's end: `u8` `u16` `u24` `u32` `u64` (`u16le` …), `varint`, `dec` `dec4` `hex4`; `of all`: of the whole frame; `+4`: the number says 4 more |
/// | `{head:4}` | four bytes of the message, before its body; `{head:1 but 0}`: a message that begins with the byte 0 has none |
/// | `{sum:NAME}` | a checksum, as bytes (`le`: the last first), `hex2` or `dec3`, of what comes before it: from behind the literal that starts the frame, or `of all-before` |
/// | `{lines NAME}` | header lines up to an empty one; the line NAME has the body's length |
/// | ` idle 4ms` | at the end: silence ends the message |
/// | else | these bytes, with the escapes of transcripts and `\{` |
///
/// ```
/// use otherend_core::Drawing;
///
/// let drawing: Drawing = "{len:u16}{body}".parse()?;
/// let mut frame = Vec::new();
/// drawing.encode(b"ping", &mut frame).unwrap();
/// assert_eq!(frame, b"\0\x04ping");
/// # Ok::<(), otherend_core::DrawingError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Drawing {
    pub(crate) layout: Arc<Layout>,
}

/// A drawing that was understood and checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// What it is called, if it was called by a short name.
    pub(crate) name: Option<&'static str>,
    pub(crate) slots: Vec<Slot>,
    /// Where the body stands among the slots.
    pub(crate) body: usize,
    pub(crate) end: FrameEnd,
}

/// What ends a message: exactly one thing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameEnd {
    /// A length.
    Length,
    /// So many bytes.
    Size(usize),
    /// The literal at this slot; between the body and it are as many bytes of checksums.
    Literal { slot: usize, between: usize },
    /// Nothing came for so long.
    Idle(Duration),
}

impl Layout {
    /// What a message ends at, where that is all there is of the frame.
    pub(crate) fn ends_at(&self) -> Option<&[u8]> {
        match &self.slots[..] {
            [Slot::Body(Body::Plain), Slot::Literal(end)] => Some(end),
            _ => None,
        }
    }

    /// What stands before the body.
    pub(crate) fn before(&self) -> &[Slot] {
        &self.slots[..self.body]
    }

    /// What stands behind the body.
    pub(crate) fn after(&self) -> &[Slot] {
        &self.slots[self.body + 1..]
    }

    pub(crate) fn body(&self) -> Body {
        match self.slots.get(self.body) {
            Some(Slot::Body(body)) => *body,
            _ => Body::Plain,
        }
    }

    /// The bytes with which a frame starts, where it starts with any.
    pub(crate) fn start(&self) -> Option<&[u8]> {
        match self.slots.first() {
            Some(Slot::Literal(start)) => Some(start),
            _ => None,
        }
    }

    /// How many bytes come behind the body.
    pub(crate) fn trailer(&self) -> usize {
        let widths = self.after().iter().map(|slot| match slot {
            Slot::Literal(bytes) => bytes.len(),
            Slot::Sum(sum) => sum.width(),
            _ => 0,
        });
        widths.sum()
    }
}

impl Drawing {
    /// The short names, each with its drawing, in the order of their documentation.
    pub fn catalogue() -> impl Iterator<Item = (&'static str, &'static str)> {
        catalogue::SHORT.iter().copied()
    }

    /// The short name that it was called by.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.layout.name
    }

    /// Behind what is no frame as drawn the next one can be found, by where it starts or ends.
    #[must_use]
    pub fn resyncs(&self) -> bool {
        self.layout.resyncs()
    }

    /// Silence of this length ends a message: how TCP cuts the bytes may matter then.
    #[must_use]
    pub fn idle(&self) -> Option<Duration> {
        match self.layout.end {
            FrameEnd::Idle(silence) => Some(silence),
            _ => None,
        }
    }
}

impl FromStr for Drawing {
    type Err = DrawingError;

    /// A short name, or a drawing.
    fn from_str(text: &str) -> Result<Self, DrawingError> {
        let known = catalogue::SHORT.iter().find(|(name, _)| *name == text);
        let layout = match known {
            Some((name, drawing)) => parse::parse(drawing, Some(name)),
            None => parse::parse(text, None),
        };
        layout.map(|layout| Drawing {
            layout: Arc::new(layout),
        })
    }
}

impl fmt::Debug for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Drawing({self})")
    }
}

/// The short name, or the drawing: what it is read from again.
impl fmt::Display for Drawing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.layout.name {
            return f.write_str(name);
        }
        for (at, slot) in self.layout.slots.iter().enumerate() {
            let last = at + 1 == self.layout.slots.len();
            match slot {
                Slot::Literal(bytes) => literal(f, bytes, last)?,
                Slot::Head(head) => write!(f, "{head}")?,
                Slot::Length(length) => write!(f, "{length}")?,
                Slot::Lines(name) => write!(f, "{{lines {name}}}")?,
                Slot::Body(body) => write!(f, "{body}")?,
                Slot::Sum(sum) => write!(f, "{sum}")?,
            }
        }
        match self.layout.end {
            FrameEnd::Idle(silence) => write!(f, " idle {}", Span(silence)),
            _ => Ok(()),
        }
    }
}

/// `last`: a blank in it could be read as the one before `idle`.
fn literal(f: &mut fmt::Formatter<'_>, bytes: &[u8], last: bool) -> fmt::Result {
    for byte in bytes {
        match byte {
            b'\r' => f.write_str("\\r")?,
            b'\n' => f.write_str("\\n")?,
            b'\t' => f.write_str("\\t")?,
            0 => f.write_str("\\0")?,
            b'\\' => f.write_str("\\\\")?,
            b'{' => f.write_str("\\{")?,
            b' ' if last => f.write_str("\\x20")?,
            b' '..=b'~' => write!(f, "{}", char::from(*byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.but {
            None => write!(f, "{{head:{}}}", self.size),
            Some(but) => write!(f, "{{head:{} but {but}}}", self.size),
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{len:{}", self.form)?;
        if self.of_all {
            f.write_str(" of all")?;
        }
        match self.more {
            0 => f.write_str("}"),
            more => write!(f, " {more:+}}}"),
        }
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Plain => f.write_str("{body}"),
            Body::Fixed(size) => write!(f, "{{body:{size}}}"),
            Body::Slip => f.write_str("{body slip}"),
            Body::Cobs => f.write_str("{body cobs}"),
            Body::Dot => f.write_str("{body dot}"),
        }
    }
}

#[cfg(test)]
mod tests;
