//! Why a connection did not become a conversation.

use std::fmt;

/// Why a connection did not become a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// As many conversations as allowed are open.
    Full,
    /// The same, of a tap: what stands behind it may have room.
    TapFull,
    /// The source has as many open as it may.
    SourceFull,
    /// The source is not allowed, or denied.
    NotAllowed,
    /// A datagram from a port under 1024, where services are that answer by themselves.
    LowPort,
    /// A datagram that says back what was said: the peer and we would go on for ever.
    Loop,
}

impl Refusal {
    /// The one line that the refused peer gets over TCP; whoever sends datagrams gets none.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            Refusal::Full => "ERR server is full",
            Refusal::TapFull => "ERR tap is full",
            Refusal::SourceFull => "ERR too many connections from your address",
            Refusal::NotAllowed => "ERR your address is not allowed",
            Refusal::LowPort => "ERR your port is under 1024",
            Refusal::Loop => "ERR this is a loop",
        }
    }

    /// The refusal that a line, without its end, tells of: the server is otherend's.
    #[must_use]
    pub fn read(line: &[u8]) -> Option<Refusal> {
        let said = [
            Refusal::Full,
            Refusal::TapFull,
            Refusal::SourceFull,
            Refusal::NotAllowed,
        ];
        let is_it = |refusal: &Refusal| refusal.line().as_bytes() == line;
        said.into_iter().find(is_it)
    }

    /// A stable word: the label in metrics and in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Refusal::Full | Refusal::TapFull => "full",
            Refusal::SourceFull => "source-full",
            Refusal::NotAllowed => "not-allowed",
            Refusal::LowPort => "low-port",
            Refusal::Loop => "loop",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "the server is full",
            Refusal::TapFull => "the tap is full",
            Refusal::SourceFull => "too many connections from that address",
            Refusal::NotAllowed => "that address is not allowed",
            Refusal::LowPort => "its port is under 1024, where services answer by themselves",
            Refusal::Loop => "it only says back what it is told",
        })
    }
}
