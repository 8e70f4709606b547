//! How a line ends (usually: its terminator or delimiter), on its way in and on its way out: the
//! one description of it.

use std::fmt;

/// What ends a line.
///
/// ```
/// use otherend_core::LineEnd;
///
/// assert_eq!(LineEnd::split(b"250 ok\r\n"), (&b"250 ok"[..], LineEnd::CrLf));
/// assert_eq!(LineEnd::split(b"login: "), (&b"login: "[..], LineEnd::None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LineEnd {
    /// LF.
    #[default]
    Lf,
    /// CR LF, always said in one piece.
    CrLf,
    /// CR; when it was heard, the next byte was another one or had not come yet.
    Cr,
    /// Nothing: the stream or the datagram ended.
    None,
    /// A message's frame: it is whole, and no line.
    Frame,
}

impl LineEnd {
    /// All that lines have.
    pub const ALL: [LineEnd; 4] = [LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr, LineEnd::None];

    /// The bytes.
    #[must_use]
    #[inline]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            LineEnd::Lf => b"\n",
            LineEnd::CrLf => b"\r\n",
            LineEnd::Cr => b"\r",
            LineEnd::None | LineEnd::Frame => b"",
        }
    }

    /// The word for it in transcripts and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            LineEnd::Lf => "lf",
            LineEnd::CrLf => "crlf",
            LineEnd::Cr => "cr",
            LineEnd::None => "none",
            LineEnd::Frame => "frame",
        }
    }

    /// What is before the LF or CR LF at the end of `bytes`, and which of them it is.
    #[must_use]
    pub const fn split(bytes: &[u8]) -> (&[u8], LineEnd) {
        match bytes {
            [line @ .., b'\r', b'\n'] => (line, LineEnd::CrLf),
            [line @ .., b'\n'] => (line, LineEnd::Lf),
            line => (line, LineEnd::None),
        }
    }
}

impl fmt::Display for LineEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
