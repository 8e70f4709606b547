//! Lines: bytes in, lines out, however TCP cut the bytes.
//!
//! [`Framing`] says what ends a line, [`Decoder`] finds the ends. Complete lines are slices of
//! the caller's own read buffer; only an unfinished tail is copied and kept. Nothing here answers
//! anything: that is the conversation's work.

mod feed;
mod opening;
mod rules;
mod scan;
mod telnet;
mod unfinished;

use opening::Opening;
use telnet::TelnetFilter;

pub use feed::Feed;
pub use opening::Recognised;
pub(crate) use rules::Lines;
pub(crate) use scan::{BLOCK, Block, Lfs, Scan};

use super::frame::{self, Frames, OutOfStep};
use super::{Framing, LineEnd};

/// What the decoder found in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// One line without its terminator, at most `max_message` bytes.
    Message(&'a [u8], LineEnd),
    /// The line that just passed `max_message`; the rest of it is discarded without another word.
    TooLong,
    /// A telnet refusal: these bytes go to the peer as they are.
    Negotiation([u8; 3]),
    /// Telnet's AYT: the peer wants a sign of life.
    AreYouThere,
    /// The peer speaks UTF-16; no line of it can be understood.
    Utf16,
    /// What the first bytes turned out to be: no text, whatever comes of them.
    Recognised(Recognised),
    /// These bytes are no frame as it is drawn. Where no next one can be found behind them
    /// ([`Decoder::is_over`]), nothing more comes.
    OutOfStep {
        /// What came.
        bytes: &'a [u8],
        /// Why it is none.
        why: OutOfStep,
    },
}

/// Finds the lines in a stream of bytes.
///
/// ```
/// use otherend_core::{Decoded, Framing, Decoder, LineEnd};
///
/// let mut decoder = Decoder::new(&Framing::Auto, 64 * 1024);
/// let mut lines = decoder.feed(b"one\r\ntw");
/// assert_eq!(lines.next(), Some(Decoded::Message(b"one", LineEnd::CrLf)));
/// assert_eq!(lines.next(), None);
/// assert_eq!(decoder.feed(b"o\n").next(), Some(Decoded::Message(b"two", LineEnd::Lf)));
/// assert_eq!(decoder.finish(), None);
/// ```
#[derive(Debug)]
pub struct Decoder {
    lines: Lines,
    max_message: usize,
    /// The unfinished line; empty and without memory between lines.
    tail: Vec<u8>,
    /// The tail was handed out as a line and goes at the next step.
    spent: bool,
    /// Inside a line that was too long, waiting for its end.
    discarding: bool,
    /// The end of such a line has come since it was last asked for.
    discarded: bool,
    /// The last line ended at CR: an LF (telnet: or NUL) that follows belongs to it.
    after_cr: bool,
    /// What is kept or discarded of the unfinished line ends with CR.
    ends_with_cr: bool,
    /// What the peer ended its first line with.
    learned: Option<LineEnd>,
    opening: Opening,
    telnet: Option<Box<TelnetFilter>>,
    /// Instead of all of the above, where messages are no lines.
    frames: Option<Box<Frames>>,
}

/// How a line to this peer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplyStyle {
    /// What it ends with.
    pub(crate) end: LineEnd,
    pub(crate) spelling: Spelling,
}

/// How the text of a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As it is.
    Plain,
    /// CR and 0xFF in it are escaped.
    Telnet,
    /// In a frame.
    Framed,
}

/// A [`Decoded`] that does not borrow yet.
#[derive(Debug, Clone)]
enum Found {
    /// A line that lies whole in the input.
    Slice(usize, usize, LineEnd),
    /// A line that began in an earlier input.
    Tail(LineEnd),
    Other(Decoded<'static>),
    Frame(frame::Place),
    OutOfStep(frame::Place, OutOfStep),
}

impl From<frame::Found> for Found {
    fn from(found: frame::Found) -> Self {
        match found {
            frame::Found::Message(place) => Found::Frame(place),
            frame::Found::TooLong => Found::Other(Decoded::TooLong),
            frame::Found::OutOfStep(place, why) => Found::OutOfStep(place, why),
        }
    }
}

impl Decoder {
    /// A decoder at the start of a stream; lines have at most `max_message` bytes, terminator not counted.
    #[must_use]
    pub fn new(framing: &Framing, max_message: usize) -> Self {
        let lines = match framing {
            Framing::Raw => Lines::Raw,
            // Datagrams are taken apart without a decoder.
            framing => framing.lines().unwrap_or(Lines::Lf),
        };
        Decoder {
            lines,
            max_message,
            tail: Vec::new(),
            spent: false,
            discarding: false,
            discarded: false,
            after_cr: false,
            ends_with_cr: false,
            learned: None,
            opening: Opening::new(lines),
            telnet: (lines == Lines::Telnet).then(|| Box::new(TelnetFilter::new())),
            frames: framing
                .drawing()
                .map(|drawing| Box::new(Frames::new(drawing, max_message))),
        }
    }

    /// Look for lines in the next bytes of the stream: take them with [`Feed::next`] until it gives `None`.
    pub fn feed<'d>(&'d mut self, input: &'d [u8]) -> Feed<'d> {
        Feed::new(self, input)
    }

    /// The stream has ended: text without a terminator is a line. Call until it gives `None`.
    pub fn finish(&mut self) -> Option<Decoded<'_>> {
        self.forget_spent();
        if let Some(frames) = &mut self.frames {
            let found = frames.finish()?;
            return Some(self.show(Found::from(found), &[]));
        }
        if self.opening.is_dont() {
            let found = self.recognise(Recognised::Telnet);
            return Some(self.show(found, &[]));
        }
        if let Some(found) = self.release_opening() {
            return Some(self.show(found, &[]));
        }
        let unfinished = !self.tail.is_empty() && !self.discarding;
        self.discarding = false;
        if !unfinished {
            self.tail = Vec::new();
            return None;
        }
        if self.tail.len() > self.max_message {
            self.tail = Vec::new();
            return Some(Decoded::TooLong);
        }
        self.spent = true;
        Some(Decoded::Message(&self.tail, LineEnd::None))
    }

    /// Nothing has come for as long as the framing says ([`Drawing::idle`](crate::Drawing::idle)):
    /// that ends a message. Call until it gives `None`.
    pub fn silence(&mut self) -> Option<Decoded<'_>> {
        let found = self.frames.as_mut()?.silence()?;
        Some(self.show(Found::from(found), &[]))
    }

    /// Nothing that comes can be understood any more: a frame did not have the length it said.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.frames.as_ref().is_some_and(|frames| frames.is_over())
    }

    /// A message has begun and its end has not come yet.
    #[must_use]
    pub fn is_mid_message(&self) -> bool {
        if let Some(frames) = &self.frames {
            return frames.is_mid_message();
        }
        let pending = !self.tail.is_empty() && !self.spent;
        pending || self.discarding || self.telnet.as_ref().is_some_and(|t| t.is_mid_command())
    }

    /// The first bytes turned out to be text, and not all of it was looked at.
    pub(crate) fn is_releasing(&self) -> bool {
        !self.opening.is_watching() && !self.opening.is_over()
    }

    /// Bytes of memory that an unfinished line takes.
    pub(crate) fn memory(&self) -> usize {
        let frames = self.frames.as_ref().map_or(0, |frames| frames.memory());
        self.tail.capacity() + frames
    }

    /// What lines to this peer should end with.
    #[must_use]
    pub fn reply_end(&self) -> LineEnd {
        if self.frames.is_some() {
            return LineEnd::Frame;
        }
        match self.lines {
            Lines::Lf => LineEnd::Lf,
            Lines::Crlf | Lines::Dotnet | Lines::Telnet => LineEnd::CrLf,
            Lines::Auto => self.learned.unwrap_or(LineEnd::Lf),
            Lines::Raw => LineEnd::Frame,
        }
    }

    /// How lines to this peer are to be written, as far as is known now.
    #[inline]
    pub(crate) fn reply_style(&self) -> ReplyStyle {
        ReplyStyle {
            end: self.reply_end(),
            spelling: match self.frames {
                Some(_) => Spelling::Framed,
                None if self.is_telnet() => Spelling::Telnet,
                None => Spelling::Plain,
            },
        }
    }

    /// Did a line that was too long end since the last call?
    pub(crate) fn take_discarded(&mut self) -> bool {
        match &mut self.frames {
            Some(frames) => frames.take_discarded(),
            None => std::mem::take(&mut self.discarded),
        }
    }

    /// What ends lines, as long as nothing is pending and how to answer them is known.
    #[inline]
    pub(crate) fn calm(&self) -> Option<Lines> {
        self.is_calm().then_some(self.lines)
    }

    /// From here on every byte goes through the telnet filter.
    pub(crate) fn is_telnet(&self) -> bool {
        self.telnet.is_some()
    }

    /// Nothing is pending, and how the peer ends its lines is known.
    fn is_calm(&self) -> bool {
        let pending = !self.tail.is_empty() || self.discarding || self.after_cr || self.is_telnet();
        !pending && self.opening.is_over() && self.learned.is_some()
    }

    /// An LF at `end` simply ends the line that began at `start`, if nothing is pending.
    #[inline]
    fn is_plain(&self, input: &[u8], start: usize, end: usize) -> bool {
        let follows_cr = end > start && input[end - 1] == b'\r';
        end - start <= self.max_message
            && !(self.lines.strips_cr() && follows_cr)
            && self.lines != Lines::Crlf
    }

    /// Give back the memory of a line that was handed out.
    pub(crate) fn forget_spent(&mut self) {
        if self.spent {
            self.spent = false;
            self.tail = Vec::new();
        }
        if let Some(frames) = &mut self.frames {
            frames.forget_spent();
        }
    }

    /// Give what was found the life of its bytes.
    #[inline]
    fn show<'a>(&'a self, found: Found, input: &'a [u8]) -> Decoded<'a> {
        match found {
            Found::Slice(start, end, how) => Decoded::Message(&input[start..end], how),
            Found::Tail(how) => Decoded::Message(&self.tail, how),
            Found::Other(decoded) => decoded,
            Found::Frame(place) => Decoded::Message(self.framed(&place, input), LineEnd::Frame),
            Found::OutOfStep(place, why) => {
                let bytes = self.framed(&place, input);
                Decoded::OutOfStep { bytes, why }
            }
        }
    }

    fn framed<'a>(&'a self, place: &frame::Place, input: &'a [u8]) -> &'a [u8] {
        let frames = self.frames.as_ref();
        frames.map_or(&[], |frames| frames.bytes(place, input))
    }
}

#[cfg(test)]
mod tests;
