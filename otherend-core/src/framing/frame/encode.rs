//! Putting a message in its frame.

use std::fmt;

use memchr::memmem;

use super::escaped::escape;
use crate::framing::drawing::{Body, Drawing, FrameEnd, Layout, Length, Slot};

/// A frame that is wrong in one way and right in all others: for whoever tests what its reader
/// makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flaw {
    /// Its length says one more than there is, or one less where more cannot be said.
    Length,
    /// Its checksums have a bit that is another.
    Sum,
    /// The last bytes that the drawing has behind the body are left out.
    NoEnd,
}

/// A message that cannot be said in this frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unframed {
    /// It has fewer bytes than every message has before its body.
    TooShort {
        /// So many it must have.
        least: usize,
    },
    /// Every message has another size.
    Size {
        /// This many bytes.
        exactly: usize,
    },
    /// Its length is a greater number than there is room for.
    TooLong,
    /// It has what ends it in the middle.
    HasEnd {
        /// What ends it.
        end: Vec<u8>,
        /// Where in the message.
        at: usize,
    },
    /// It is empty, which this framing cannot say.
    Empty,
}

impl std::error::Error for Unframed {}

impl fmt::Display for Unframed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unframed::TooShort { least } => {
                write!(f, "a message of this framing has at least {least} bytes")
            }
            Unframed::Size { exactly } => {
                write!(f, "every message of this framing has {exactly} bytes")
            }
            Unframed::TooLong => f.write_str("the message is too long for the length before it"),
            Unframed::HasEnd { end, at } => {
                let end = end.escape_ascii();
                write!(f, "the message has what ends it, {end}, at byte {at}")
            }
            Unframed::Empty => f.write_str("this framing has no empty messages"),
        }
    }
}

impl Drawing {
    /// Append `message` in its frame to `frames`; what is wrong with it leaves them as they are.
    ///
    /// # Errors
    ///
    /// When there is no frame for this message.
    pub fn encode(&self, message: &[u8], frames: &mut Vec<u8>) -> Result<(), Unframed> {
        self.encode_wrong(message, &[], frames)
    }

    /// As [`encode`](Self::encode), with these flaws; what is drawn nowhere cannot be wrong.
    ///
    /// ```
    /// use otherend_core::{Drawing, Flaw};
    ///
    /// let (drawing, mut frame): (Drawing, _) = ("u16".parse()?, Vec::new());
    /// drawing.encode_wrong(b"hi", &[Flaw::Length], &mut frame).unwrap();
    /// assert_eq!(frame, b"\0\x03hi");
    /// # Ok::<(), otherend_core::DrawingError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no frame for this message.
    pub fn encode_wrong(
        &self,
        message: &[u8],
        flaws: &[Flaw],
        frames: &mut Vec<u8>,
    ) -> Result<(), Unframed> {
        let began = frames.len();
        let encoded = self.layout.encode(message, flaws, frames);
        if encoded.is_err() {
            frames.truncate(began);
        }
        encoded
    }

    /// Its frames can be wrong in this way.
    #[must_use]
    pub fn can_have(&self, flaw: Flaw) -> bool {
        let has = |kind: fn(&Slot) -> bool| self.layout.slots.iter().any(kind);
        match flaw {
            Flaw::Length => has(|slot| matches!(slot, Slot::Length(_) | Slot::Lines(_))),
            Flaw::Sum => has(|slot| matches!(slot, Slot::Sum(_))),
            Flaw::NoEnd => self.layout.end_slot().is_some(),
        }
    }

    /// So many bytes of `message` stand before its body.
    pub(crate) fn head_of(&self, message: &[u8]) -> usize {
        self.layout.head_of(message).min(message.len())
    }
}

impl Layout {
    /// So many bytes of this message are its head.
    fn head_of(&self, message: &[u8]) -> usize {
        let head = self.before().iter().find_map(|slot| match slot {
            Slot::Head(head) => Some(head),
            _ => None,
        });
        match head {
            Some(head) if head.but.is_some() && message.first() == head.but.as_ref() => 0,
            Some(head) => head.size,
            None => 0,
        }
    }

    /// The slot of the last bytes of its own behind the body.
    fn end_slot(&self) -> Option<usize> {
        let last = self
            .after()
            .iter()
            .rposition(|slot| matches!(slot, Slot::Literal(_)));
        last.map(|last| self.body + 1 + last)
    }

    fn encode(&self, message: &[u8], flaws: &[Flaw], out: &mut Vec<u8>) -> Result<(), Unframed> {
        let heads = self.head_of(message);
        let (head, body) = message
            .split_at_checked(heads)
            .ok_or(Unframed::TooShort { least: heads })?;
        if let FrameEnd::Size(exactly) = self.end
            && exactly != body.len()
        {
            return Err(Unframed::Size {
                exactly: exactly + heads,
            });
        }
        let began = out.len();
        let mut written = 0..0;
        let left_out = self.end_slot().filter(|_| flaws.contains(&Flaw::NoEnd));
        let more = usize::from(flaws.contains(&Flaw::Length));
        for (index, slot) in self.slots.iter().enumerate() {
            match slot {
                Slot::Literal(_) if left_out == Some(index) => {}
                Slot::Literal(literal) => out.extend_from_slice(literal),
                Slot::Head(_) => out.extend_from_slice(head),
                Slot::Length(length) => {
                    let before = out.len() - began;
                    let number = self.number(*length, index, (before, head, body))?;
                    let number = match number < length.form.most() {
                        true => number + more as u64,
                        false => number - more as u64,
                    };
                    length.form.write(number, out);
                }
                Slot::Lines(name) => {
                    out.extend_from_slice(format!("{name}: {}\r\n", body.len() + more).as_bytes());
                }
                Slot::Body(kind) => {
                    written.start = out.len();
                    escape(*kind, body, out);
                    written.end = out.len();
                }
                Slot::Sum(sum) => {
                    let at = out.len() - began;
                    let counted = self.summed(sum, index, at);
                    let counted = counted.start + began..counted.end + began;
                    // The sum is of what was written before it, in the same buffer.
                    let mut digits = Vec::with_capacity(sum.width());
                    let flipped = u64::from(flaws.contains(&Flaw::Sum));
                    sum.write(&out[counted], flipped, &mut digits);
                    out.extend_from_slice(&digits);
                }
            }
        }
        // Before silence an empty message has no bytes at all: nobody would hear it.
        if out.len() == began {
            return Err(Unframed::Empty);
        }
        self.check_end(&out[written.start..], written.len(), heads)
    }

    /// What the length at `index` says, which has so many bytes `before` it.
    fn number(
        &self,
        length: Length,
        index: usize,
        (before, head, body): (usize, &[u8], &[u8]),
    ) -> Result<u64, Unframed> {
        // What stands between the length and the body.
        let mut between = 0;
        for (slot, at) in self.before()[index + 1..].iter().zip(index + 1..) {
            between += match slot {
                Slot::Literal(_) if at == index + 1 && length.form.is_open() => 0,
                Slot::Literal(literal) => literal.len(),
                Slot::Head(_) => head.len(),
                _ => 0,
            };
        }
        let width = length.form.width().unwrap_or_default();
        let counted = match length.of_all {
            true => before + width + between + body.len() + self.trailer(),
            false => between + body.len(),
        };
        let number = u64::try_from(counted as i128 + i128::from(length.more));
        number
            .ok()
            .filter(|number| *number <= length.form.most())
            .ok_or(Unframed::TooLong)
    }

    /// Nothing of a body may be read as its end; `written` begins with so many bytes of it.
    fn check_end(&self, written: &[u8], body: usize, heads: usize) -> Result<(), Unframed> {
        let (FrameEnd::Literal { between, .. }, Some(end)) = (&self.end, self.end_literal()) else {
            return Ok(());
        };
        match self.body() {
            // The reader skips it: RFC 1055 says END before a frame, too.
            Body::Slip if body == 0 => Err(Unframed::Empty),
            Body::Slip | Body::Cobs | Body::Dot => Ok(()),
            // The end may begin in the body's last bytes, as `a\r` before `\r\r`.
            Body::Plain | Body::Fixed(_) => match memmem::find(&written[*between..], end) {
                Some(at) if at != body => Err(Unframed::HasEnd {
                    end: end.to_vec(),
                    at: at + heads,
                }),
                _ => Ok(()),
            },
        }
    }
}
