//! Frame after frame in bytes that somebody else keeps (usually: an incremental parser).

use memchr::memchr;

use super::{Look, Missing, OutOfStep};
use crate::framing::Drawing;
use crate::framing::drawing::{Body, FrameEnd};

/// Looks at what stands at the start of some bytes, again when more of them have come, and searches
/// none of them twice.
///
/// Who wants each byte as it was on the wire keeps the bytes and looks at them with this; who wants
/// the messages only uses a [`Decoder`](crate::Decoder), which keeps what is unfinished itself.
///
/// ```
/// use otherend_core::{Drawing, Looking, Seen};
///
/// let (drawing, mut looking): (Drawing, _) = ("u16".parse()?, Looking::default());
/// let mut made = Vec::new();
/// assert_eq!(looking.look(&drawing, (b"\0\x02h", false), 1024, &mut made), None);
/// let seen = looking.look(&drawing, (b"\0\x02hi", false), 1024, &mut made);
/// assert_eq!(seen, Some(Seen::Message(b"hi", 4)));
/// # Ok::<(), otherend_core::DrawingError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Looking {
    /// Up to here there is no end of the frame.
    searched: usize,
    /// So many bytes were there at the last look.
    looked: usize,
    /// What must come before looking again is of any use.
    wanted: Option<Missing>,
}

/// A message and the frame that it was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen<'b> {
    /// This message; its frame has so many bytes.
    Message(&'b [u8], usize),
    /// A frame whose message is longer than may be.
    TooLong,
    /// So many bytes that are no frame.
    Bad(usize, OutOfStep),
}

impl Looking {
    /// What stands at the start of `bytes`; `None`: it cannot be said yet. Messages that are no
    /// slice of their frames are put together in `made`. `is_all`: nothing more will come of the
    /// message under way, for the stream has ended or was silent for as long as ends one.
    pub fn look<'b>(
        &mut self,
        drawing: &Drawing,
        (bytes, is_all): (&'b [u8], bool),
        max: usize,
        made: &'b mut Vec<u8>,
    ) -> Option<Seen<'b>> {
        if bytes.is_empty() || !(is_all || self.is_ripe(bytes, max)) {
            return None;
        }
        let layout = &drawing.layout;
        let look = match (is_all, &layout.end) {
            (true, FrameEnd::Idle(_)) => layout.look_at_all(bytes, max),
            _ => layout.look(bytes, &mut self.searched, max),
        };
        match look {
            Look::Short(_) if is_all => Some(Seen::Bad(bytes.len(), OutOfStep::Unfinished)),
            Look::Short(wanted) => {
                self.wanted = Some(wanted);
                self.looked = bytes.len();
                None
            }
            Look::TooLong(_) => Some(Seen::TooLong),
            Look::Bad(length, why) => Some(Seen::Bad(length, why)),
            Look::Frame(frame) => Some(match frame.message(layout.body(), bytes, made) {
                Some(message) if message.len() > max => Seen::TooLong,
                Some(message) => Seen::Message(message, frame.length),
                None => Seen::Bad(frame.length, OutOfStep::Escape),
            }),
        }
    }

    /// So many bytes at the start of `bytes` mean nothing: RFC 1055 lets a sender begin a frame with
    /// END, too, which ends an empty one.
    #[must_use]
    pub fn nothing(drawing: &Drawing, bytes: &[u8]) -> usize {
        let layout = &drawing.layout;
        let mut at = 0;
        while layout.body() == Body::Slip && at < bytes.len() {
            match layout.look(&bytes[at..], &mut 0, 0) {
                Look::Frame(frame) if frame.head.is_empty() && frame.body.is_empty() => {
                    at += frame.length;
                }
                _ => break,
            }
        }
        at
    }

    /// What was seen has been taken: the next look is at what comes behind it.
    pub fn taken(&mut self) {
        *self = Looking::default();
    }

    /// Looking may say something new.
    fn is_ripe(&self, bytes: &[u8], max: usize) -> bool {
        match self.wanted {
            None => true,
            Some(Missing::Bytes(wanted)) => bytes.len() >= wanted,
            // Or it may have become too long.
            Some(Missing::Byte(byte)) => {
                bytes.len() > max || memchr(byte, bytes.get(self.looked..).unwrap_or(&[])).is_some()
            }
            Some(Missing::Silence) => bytes.len() > max,
        }
    }
}
