//! The presets: what ends a line, what is stripped, what replies end with.

mod line;

use std::fmt;
use std::str::FromStr;

pub(crate) use line::ReplyStyle;
pub use line::{Decoded, Feed, LineDecoder};

/// What ends a line. The length limit counts the payload only, never the terminator.
///
/// | preset | a line ends at | also | replies end with |
/// |---|---|---|---|
/// | `lf` | LF; one CR before it is stripped | | LF |
/// | `crlf` | CR LF only | a lone LF or CR is data | CR LF |
/// | `dotnet` | LF, CR LF or lone CR | UTF-8 mark at the start stripped | CR LF |
/// | `telnet` | as `dotnet`, and CR NUL | telnet commands filtered (RFC 854) | CR LF |
/// | `auto` | as `dotnet` | filters telnet from the first 0xFF on | what the peer used first |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// LF, or CR LF.
    #[default]
    Lf,
    /// CR LF and nothing else: for protocols where lenience lets two readers disagree.
    Crlf,
    /// As .NET's `StreamReader.ReadLine`.
    Dotnet,
    /// RFC 854, with every option refused.
    Telnet,
    /// Whatever the peer turns out to speak.
    Auto,
}

impl Framing {
    /// All presets, in the order of their documentation.
    pub const ALL: [Framing; 5] = [
        Framing::Lf,
        Framing::Crlf,
        Framing::Dotnet,
        Framing::Telnet,
        Framing::Auto,
    ];

    /// The preset's name on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Framing::Lf => "lf",
            Framing::Crlf => "crlf",
            Framing::Dotnet => "dotnet",
            Framing::Telnet => "telnet",
            Framing::Auto => "auto",
        }
    }

    /// The bytes at which the decoder must look closer.
    const fn needles(self) -> [u8; 3] {
        match self {
            Framing::Lf | Framing::Crlf => [b'\n'; 3],
            Framing::Dotnet | Framing::Telnet => [b'\n', b'\r', b'\r'],
            Framing::Auto => [b'\n', b'\r', 0xff],
        }
    }

    /// A CR directly before LF belongs to the terminator, and only there.
    const fn strips_cr(self) -> bool {
        matches!(self, Framing::Lf | Framing::Crlf)
    }

    /// A UTF-8 byte order mark at the start of the stream is no text.
    const fn strips_mark(self) -> bool {
        !self.strips_cr()
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Framing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Framing::ALL
            .into_iter()
            .find(|framing| framing.name() == text)
            .ok_or_else(|| format!("{text:?} is no framing: use lf, crlf, dotnet, telnet or auto"))
    }
}

/// How a line of the peer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// LF.
    Lf,
    /// CR LF.
    CrLf,
    /// CR, and the next byte was another one or had not come yet.
    Cr,
    /// No terminator: the stream ended.
    EndOfStream,
}

/// What ends the lines we send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Terminator {
    /// One LF.
    Lf,
    /// CR LF, always in one piece.
    CrLf,
    /// Nothing: the end of a datagram ends its line.
    None,
}

impl Terminator {
    /// The bytes.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Terminator::Lf => b"\n",
            Terminator::CrLf => b"\r\n",
            Terminator::None => b"",
        }
    }
}

impl From<Terminator> for LineEnd {
    fn from(terminator: Terminator) -> LineEnd {
        match terminator {
            Terminator::Lf => LineEnd::Lf,
            Terminator::CrLf => LineEnd::CrLf,
            Terminator::None => LineEnd::EndOfStream,
        }
    }
}
