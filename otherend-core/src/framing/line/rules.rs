//! What each framing of lines asks of the decoder.

/// Which lines are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    Lf,
    Crlf,
    Dotnet,
    Telnet,
    Auto,
    /// None: what an input brought is a message.
    Raw,
}

impl Lines {
    /// The bytes at which the decoder must look closer.
    pub(super) const fn needles(self) -> [u8; 3] {
        match self {
            Lines::Lf | Lines::Crlf | Lines::Raw => [b'\n'; 3],
            Lines::Dotnet | Lines::Telnet | Lines::Auto => [b'\n', b'\r', b'\r'],
        }
    }

    /// A CR directly before LF belongs to the terminator, and only there.
    pub(super) const fn strips_cr(self) -> bool {
        matches!(self, Lines::Lf | Lines::Crlf)
    }

    /// A UTF-8 byte order mark at the start of the stream is no text.
    pub(super) const fn strips_mark(self) -> bool {
        matches!(self, Lines::Dotnet | Lines::Telnet | Lines::Auto)
    }
}
