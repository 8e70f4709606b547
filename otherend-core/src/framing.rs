//! What a message is (usually: a codec): the presets for lines, datagrams, frames that are drawn, and
//! whatever a read brought.

pub(crate) mod datagram;
mod drawing;
mod frame;
mod line;
mod line_end;

use std::fmt;
use std::str::FromStr;

pub use drawing::{Drawing, DrawingError};
pub use frame::{Flaw, Looking, OutOfStep, Seen, Unframed};
pub(crate) use line::{BLOCK, Block, Lfs, Lines, ReplyStyle, Scan, Spelling};
pub use line::{Decoded, Decoder, Feed, Recognised};
pub use line_end::LineEnd;

/// What a message is: a line of one kind or another, a datagram, what stands in a drawn frame, or what
/// came at once.
///
/// The length limit counts the message only, never what frames it.
///
/// | preset | a line ends at | also | replies end with |
/// |---|---|---|---|
/// | `lf` | LF; one CR before it is stripped | | LF |
/// | `crlf` | CR LF only | a lone LF or CR is data | CR LF |
/// | `dotnet` | LF, CR LF or lone CR | UTF-8 mark at the start stripped | CR LF |
/// | `telnet` | as `dotnet`, and CR NUL | telnet commands filtered (RFC 854) | CR LF |
/// | `auto` | as `dotnet` | telnet, if the stream begins with a command of it | what the peer used first |
/// | `raw` | no lines: what one read brought is a message, as it is | depends on how TCP cut it | with nothing |
///
/// Any other is drawn: see [`Drawing`]. A framing is read from its name or its drawing, and written
/// as what it is read from again.
///
/// ```
/// use otherend_core::Framing;
///
/// assert_eq!("crlf".parse::<Framing>()?, Framing::Crlf);
/// assert_eq!("{body}\\n".parse::<Framing>()?, Framing::Lf);
/// assert!(matches!("\\x02{body}\\x03".parse::<Framing>()?, Framing::Drawn(_)));
/// # Ok::<(), otherend_core::DrawingError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
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
    /// No end is looked for: what one read brought is a message, cut at `max_message`, and is said as it
    /// is. How TCP cut the bytes decides what a message is. [`Echo::new(b"")`](crate::Echo) under it is
    /// the echo of RFC 862.
    Raw,
    /// Between what the drawing says.
    Drawn(Drawing),
}

impl Framing {
    /// All presets of lines, in the order of their documentation.
    pub const ALL: [Framing; 5] = [
        Framing::Lf,
        Framing::Crlf,
        Framing::Dotnet,
        Framing::Telnet,
        Framing::Auto,
    ];

    /// The preset's name on a command line.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        let name = match self {
            Framing::Lf => "lf",
            Framing::Crlf => "crlf",
            Framing::Dotnet => "dotnet",
            Framing::Telnet => "telnet",
            Framing::Auto => "auto",
            Framing::Datagram => "datagram",
            Framing::Raw => "raw",
            Framing::Drawn(drawing) => return drawing.name(),
        };
        Some(name)
    }

    /// The drawing, if it is drawn.
    #[must_use]
    pub fn drawing(&self) -> Option<&Drawing> {
        match self {
            Framing::Drawn(drawing) => Some(drawing),
            _ => None,
        }
    }

    /// After what is no message the next one can be found.
    pub(crate) fn resyncs(&self) -> bool {
        self.drawing().is_none_or(Drawing::resyncs)
    }

    /// Messages are lines of text.
    #[must_use]
    pub fn is_lines(&self) -> bool {
        self.lines().is_some()
    }

    /// Which lines it has, if messages are lines.
    pub(crate) const fn lines(&self) -> Option<Lines> {
        match self {
            Framing::Lf => Some(Lines::Lf),
            Framing::Crlf => Some(Lines::Crlf),
            Framing::Dotnet => Some(Lines::Dotnet),
            Framing::Telnet => Some(Lines::Telnet),
            Framing::Auto => Some(Lines::Auto),
            Framing::Datagram | Framing::Raw | Framing::Drawn(_) => None,
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Framing::Drawn(drawing) => drawing.fmt(f),
            framing => f.write_str(framing.name().unwrap_or_default()),
        }
    }
}

impl FromStr for Framing {
    type Err = DrawingError;

    /// A name, or a drawing.
    fn from_str(text: &str) -> Result<Self, DrawingError> {
        let mut all = Framing::ALL
            .into_iter()
            .chain([Framing::Datagram, Framing::Raw]);
        if let Some(framing) = all.find(|framing| framing.name() == Some(text)) {
            return Ok(framing);
        }
        let drawing: Drawing = text.parse()?;
        // These two have a faster way, and know a line that is ended otherwise.
        match drawing.layout.ends_at() {
            Some(b"\n") => Ok(Framing::Lf),
            Some(b"\r\n") => Ok(Framing::Crlf),
            _ => Ok(Framing::Drawn(drawing)),
        }
    }
}
