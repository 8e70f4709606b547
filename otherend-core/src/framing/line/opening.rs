//! The first bytes of a stream: a UTF-8 mark (usually: the byte order mark, BOM) is dropped, UTF-16
//! and telnet are recognised, anything else is text.
//!
//! Under `auto` only a stream that begins with a command of telnet is telnet: a 0xFF further on may be
//! text of any character set, or belong to a device's own protocol. `FF FE` is both the UTF-16 mark and
//! telnet's IAC DONT. There the fourth byte decides: `FF FE x 00` is UTF-16, anything else is telnet.

use super::Lines;

const UTF8_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What the first bytes of a peer turned out to be, which are no text then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recognised {
    /// Telnet (RFC 854): from here on its commands are answered and taken out of the text.
    Telnet,
    /// A UTF-8 byte order mark, which is dropped.
    Mark,
}

impl Recognised {
    /// A stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Recognised::Telnet => "telnet",
            Recognised::Mark => "utf-8-mark",
        }
    }

    /// In a sentence, for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Recognised::Telnet => {
                "the peer speaks telnet: its commands are answered, and are no text"
            }
            Recognised::Mark => "the UTF-8 mark at the start (ef bb bf) is no text",
        }
    }
}

/// What the byte just pushed decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// Not decided: the byte is held.
    Wait,
    /// A UTF-8 mark, now complete and dropped; or telnet, the held bytes being the first of it.
    Is(Recognised),
    /// The peer speaks UTF-16.
    Utf16,
    /// No mark: the held bytes, this one included, are to be released.
    Text,
}

/// Up to four held bytes and whether the beginning is still being looked at.
#[derive(Debug)]
pub(super) struct Opening {
    lines: Lines,
    held: [u8; 4],
    len: u8,
    released: u8,
    over: bool,
}

impl Opening {
    pub(super) fn new(lines: Lines) -> Self {
        let over = !lines.strips_mark();
        Opening {
            lines,
            held: [0; 4],
            len: 0,
            released: 0,
            over,
        }
    }

    /// The beginning is decided and nothing of it is held: bytes go the ordinary way.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.over && self.released == self.len
    }

    /// The next byte may still belong to a mark.
    pub(super) fn is_watching(&self) -> bool {
        !self.over
    }

    /// Take one byte of the beginning.
    pub(super) fn push(&mut self, byte: u8) -> Opened {
        self.held[usize::from(self.len)] = byte;
        self.len += 1;
        let opened = self.judge();
        self.over = opened != Opened::Wait;
        if matches!(opened, Opened::Is(Recognised::Mark) | Opened::Utf16) {
            self.released = self.len;
        }
        opened
    }

    fn judge(&self) -> Opened {
        let held = &self.held[..usize::from(self.len)];
        if held == UTF8_MARK {
            return Opened::Is(Recognised::Mark);
        }
        if UTF8_MARK.starts_with(held) {
            return Opened::Wait;
        }
        // What the first bytes can still become under `auto`; until that is decided they are
        // held, for each may come alone:
        //
        //     EF BB BF      a UTF-8 mark: dropped
        //     FF            telnet's IAC, the first half of a UTF-16 mark, or text
        //     FF FB 1F      IAC WILL NAWS, and what else begins with WILL, WONT or DO
        //     FF F6         IAC AYT, and every other command without an option
        //     FF FF         text: IAC IAC would be a byte of it, and a device may say it
        //     FF FE         IAC DONT, or the mark
        //     FF FE 68 00   the mark and an `h` of UTF-16
        //     FF FE 01 68   IAC DONT ECHO, then text
        //
        // `dotnet` knows no telnet, and decides at `FF FE`.
        match (self.lines, held) {
            (Lines::Dotnet, [0xff, 0xfe]) | (Lines::Auto, [0xff, 0xfe, _, 0]) => Opened::Utf16,
            (Lines::Dotnet | Lines::Auto, [0xff])
            | (Lines::Auto, [0xff, 0xfb..=0xfe] | [0xff, 0xfe, _]) => Opened::Wait,
            (Lines::Auto, [0xff, 0xf1..=0xf9, ..] | [0xff, 0xfb..=0xfe, ..]) => {
                Opened::Is(Recognised::Telnet)
            }
            _ => Opened::Text,
        }
    }

    /// The stream has come to `FF FE x` and not further, which is no UTF-16.
    pub(super) fn is_dont(&self) -> bool {
        self.is_watching() && self.len == 3 && self.held.starts_with(&[0xff, 0xfe])
    }

    /// No more bytes are needed.
    pub(super) fn decide(&mut self) {
        self.over = true;
    }

    /// The held bytes one by one, once they are known to be no mark (or the stream has ended).
    pub(super) fn release(&mut self) -> Option<u8> {
        // Two bytes may be held when the stream ends: they were text after all, and nobody loses
        // them.
        self.over = true;
        if self.released == self.len {
            return None;
        }
        let byte = self.held[usize::from(self.released)];
        self.released += 1;
        Some(byte)
    }
}
