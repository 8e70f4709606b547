//! What each framing of lines asks of the decoder.

/// Which lines are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    Lf,
    Crlf,
    Dotnet,
    Telnet,
    Auto,
}

impl Lines {
    /// The bytes at which the decoder must look closer.
    pub(super) const fn needles(self) -> [u8; 3] {
        match self {
            Lines::Lf | Lines::Crlf => [b'\n'; 3],
            Lines::Dotnet | Lines::Telnet => [b'\n', b'\r', b'\r'],
            Lines::Auto => [b'\n', b'\r', 0xff],
        }
    }

    /// A CR directly before LF belongs to the terminator, and only there.
    pub(super) const fn strips_cr(self) -> bool {
        matches!(self, Lines::Lf | Lines::Crlf)
    }

    /// A UTF-8 byte order mark at the start of the stream is no text.
    pub(super) const fn strips_mark(self) -> bool {
        !self.strips_cr()
    }
}
