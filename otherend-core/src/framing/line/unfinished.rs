//! Lines that are put together: from the tail of an earlier input, or byte by byte.

use super::telnet::{Filtered, TelnetFilter};
use super::{Decoded, Decoder, Found, Recognised};
use crate::framing::LineEnd;

impl Decoder {
    /// A line ends here: `input[start..end]`, behind the tail if there is one.
    #[inline]
    pub(super) fn end_line(
        &mut self,
        input: &[u8],
        start: usize,
        end: usize,
        how: LineEnd,
    ) -> Option<Found> {
        self.ends_with_cr = false;
        if self.discarding {
            self.discarding = false;
            self.discarded = true;
            return None;
        }
        if !self.tail.is_empty() {
            return Some(self.end_tail(&input[start..end], how));
        }
        let (end, how) = match (self.lines.strips_cr(), how) {
            (true, LineEnd::Lf) if end > start && input[end - 1] == b'\r' => {
                (end - 1, LineEnd::CrLf)
            }
            _ => (end, how),
        };
        if end - start > self.max_message {
            return Some(Found::Other(Decoded::TooLong));
        }
        self.learn(how);
        Some(Found::Slice(start, end, how))
    }

    /// The line that ends here began in an earlier input.
    fn end_tail(&mut self, rest: &[u8], how: LineEnd) -> Found {
        self.tail.extend_from_slice(rest);
        let mut how = how;
        if self.lines.strips_cr() && self.tail.last() == Some(&b'\r') {
            self.tail.pop();
            how = LineEnd::CrLf;
        }
        self.spent = true;
        if self.tail.len() > self.max_message {
            return Found::Other(Decoded::TooLong);
        }
        self.learn(how);
        Found::Tail(how)
    }

    /// Remember what the peer ended its first line with.
    ///
    /// A line that is too long teaches nothing: it is complained of before its end has come.
    #[inline]
    fn learn(&mut self, how: LineEnd) {
        // The first line decides, and no later one. To a peer that says `HELO CR LF` and then `DATA
        // LF` both answers end with CR LF: it may look for the end that it was given first, and
        // would wait for ever for that of a line with another.
        if self.learned.is_none() {
            self.learned = Some(match how {
                LineEnd::Lf => LineEnd::Lf,
                _ => LineEnd::CrLf,
            });
        }
    }

    /// Keep bytes of a line whose end has not come.
    pub(super) fn keep(&mut self, bytes: &[u8]) -> Option<Found> {
        let last = bytes.last()?;
        self.ends_with_cr = *last == b'\r';
        if self.discarding {
            return None;
        }
        let length = self.tail.len() + bytes.len();
        // A CR at the very end may turn out to belong to the terminator: with a limit of 3, `abc CR` is
        // short enough if an LF comes next, and too long if anything else does.
        let pending_cr = usize::from(self.lines.strips_cr() && self.ends_with_cr);
        if length - pending_cr > self.max_message {
            self.tail = Vec::new();
            self.discarding = true;
            return Some(Found::Other(Decoded::TooLong));
        }
        self.tail.extend_from_slice(bytes);
        None
    }

    /// The first bytes turned out to be this.
    pub(super) fn recognise(&mut self, what: Recognised) -> Found {
        self.opening.decide();
        if what == Recognised::Telnet {
            self.become_telnet();
        }
        Found::Other(Decoded::Recognised(what))
    }

    /// From here on every byte goes through the filter.
    fn become_telnet(&mut self) -> &mut TelnetFilter {
        self.telnet
            .get_or_insert_with(|| Box::new(TelnetFilter::new()))
    }

    /// One byte of a telnet stream.
    pub(super) fn push_telnet(&mut self, byte: u8) -> Option<Found> {
        match self.become_telnet().push(byte) {
            Filtered::Nothing => None,
            Filtered::Data(byte) => self.push_text(byte),
            Filtered::EraseCharacter => {
                self.erase_character();
                None
            }
            Filtered::EraseLine => {
                self.tail = Vec::new();
                None
            }
            Filtered::AreYouThere => Some(Found::Other(Decoded::AreYouThere)),
            Filtered::Answer(bytes) => Some(Found::Other(Decoded::Negotiation(bytes))),
            Filtered::TooLong => Some(Found::Other(Decoded::TooLong)),
        }
    }

    /// One byte of text under the rules of `dotnet`, plus CR NUL.
    pub(super) fn push_text(&mut self, byte: u8) -> Option<Found> {
        let after_cr = std::mem::take(&mut self.after_cr);
        match byte {
            b'\n' if after_cr => None,
            0 if after_cr && self.is_telnet() => None,
            b'\n' => self.end_line(&[], 0, 0, LineEnd::Lf),
            b'\r' => {
                self.after_cr = true;
                self.end_line(&[], 0, 0, LineEnd::Cr)
            }
            _ => self.keep(&[byte]),
        }
    }

    /// Take back the last character: in UTF-8 that is all of its bytes.
    fn erase_character(&mut self) {
        while let Some(byte) = self.tail.pop() {
            if byte & 0xc0 != 0x80 {
                break;
            }
        }
        if self.tail.is_empty() {
            self.tail = Vec::new();
        }
    }

    /// The first bytes were no mark: treat them as what they are, one a call while there are any.
    pub(super) fn release_opening(&mut self) -> Option<Found> {
        while let Some(byte) = self.opening.release() {
            let found = if self.is_telnet() {
                self.push_telnet(byte)
            } else {
                self.push_text(byte)
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}
