//! The presets (usually: a codec's): what ends a line, what is stripped, what replies end with.

pub(crate) mod datagram;
mod drawing;
mod frame;
mod line;
mod line_end;

use std::fmt;
use std::str::FromStr;

pub(crate) use line::{BLOCK, Block, Lfs, ReplyStyle, Scan};
pub use line::{Decoded, Decoder, Feed};
pub use drawing::{Drawing, DrawingError};
pub use frame::{OutOfStep, Unframed};
pub use line_end::LineEnd;

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
    /// Each datagram is one message, with or without an end, and is answered with one that ends as
    /// it did; there is no end of the stream to wait for. Only sockets that keep boundaries have it.
    Datagram,
}

impl Framing {
    /// All presets of a stream, in the order of their documentation.
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
            Framing::Datagram => "datagram",
        }
    }

    /// The bytes at which the decoder must look closer.
    const fn needles(self) -> [u8; 3] {
        match self {
            Framing::Lf | Framing::Crlf => [b'\n'; 3],
            Framing::Dotnet | Framing::Telnet => [b'\n', b'\r', b'\r'],
            Framing::Auto => [b'\n', b'\r', 0xff],
            // Not looked for: see `datagram::decode`.
            Framing::Datagram => [b'\n'; 3],
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
        let mut all = Framing::ALL.into_iter().chain([Framing::Datagram]);
        all.find(|framing| framing.name() == text)
            .ok_or_else(|| format!("{text:?} is no framing: use lf, crlf, dotnet, telnet or auto"))
    }
}
