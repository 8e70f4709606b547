//! What all conversations of one server or client have in common: framing, limits, deadlines
//! (usually: the configuration, with its timeouts).

use std::fmt;
use std::time::Duration;

use crate::Framing;

/// Which end of the connection a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Role {
    /// It accepted: it explains itself with `ERR` lines before it ends a conversation.
    Server,
    /// It connected: it never says a line that nobody asked it to say.
    Client,
}

impl Role {
    /// Both: in this order everything is done.
    pub const BOTH: [Role; 2] = [Role::Client, Role::Server];

    /// The end that a connection has besides this one.
    #[must_use]
    pub const fn other(self) -> Role {
        match self {
            Role::Client => Role::Server,
            Role::Server => Role::Client,
        }
    }

    /// Its place in [`BOTH`](Self::BOTH).
    #[must_use]
    #[inline]
    pub const fn index(self) -> usize {
        match self {
            Role::Client => 0,
            Role::Server => 1,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Client => "client",
            Role::Server => "server",
        })
    }
}

/// Framing, limits and deadlines of a conversation. Share one behind an `Arc`.
///
/// ```
/// use std::time::Duration;
/// use otherend_core::{ExitWords, Framing, Settings};
///
/// let settings = Settings {
///     framing: Framing::Auto,
///     idle_timeout: Some(Duration::from_secs(60)),
///     exit_words: ExitWords::new(["QUIT"]),
///     ..Settings::server()
/// };
/// assert_eq!(settings.max_message, 64 * 1024);
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which end this is.
    pub role: Role,
    /// What ends a message.
    pub framing: Framing,
    /// The longest message in bytes, its end not counted (64 KiB).
    pub max_message: usize,
    /// From a message's first byte to its end (30 s; `None`: for ever).
    pub message_timeout: Option<Duration>,
    /// Without a byte in either direction (10 min; `None`: for ever).
    pub idle_timeout: Option<Duration>,
    /// How many bytes may wait for a slow peer (1 MiB). At the limit nothing more is read from it.
    pub max_output: usize,
    /// How long the peer may take none of the bytes that wait for it (10 s; `None`: for ever).
    pub write_timeout: Option<Duration>,
    /// After our last byte: how long the peer may stay silent before we close (2 s).
    pub linger_idle: Duration,
    /// After our last byte: how long the peer may go on sending before we reset (10 s).
    pub linger_total: Duration,
    /// Lines that end the conversation.
    pub exit_words: ExitWords,
}

impl Settings {
    /// The defaults of a server: every limit is on.
    #[must_use]
    pub fn server() -> Self {
        Settings {
            role: Role::Server,
            framing: Framing::Lf,
            max_message: 64 * 1024,
            message_timeout: Some(Duration::from_secs(30)),
            idle_timeout: Some(Duration::from_secs(600)),
            max_output: 1024 * 1024,
            write_timeout: Some(Duration::from_secs(10)),
            linger_idle: Duration::from_secs(2),
            linger_total: Duration::from_secs(10),
            exit_words: ExitWords::default(),
        }
    }

    /// The defaults of a client: it waits as long as its user does and no line ends it.
    #[must_use]
    pub fn client() -> Self {
        Settings {
            role: Role::Client,
            framing: Framing::Dotnet,
            message_timeout: None,
            idle_timeout: None,
            write_timeout: None,
            exit_words: ExitWords::none(),
            ..Settings::server()
        }
    }

    /// Messages come and go as datagrams: there is no end to wait for, and no line says why the
    /// conversation ends, because nobody may have asked for it.
    pub(crate) fn is_datagrams(&self) -> bool {
        self.framing == Framing::Datagram
    }

    /// `max_output`, but never so small that no reply at all could wait.
    pub(crate) fn output_limit(&self) -> usize {
        self.max_output.max(1)
    }
}

/// Lines that end a conversation, compared byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitWords {
    words: Vec<Vec<u8>>,
    longest: usize,
}

impl ExitWords {
    /// These words end a conversation.
    pub fn new<W: Into<Vec<u8>>>(words: impl IntoIterator<Item = W>) -> Self {
        let words: Vec<Vec<u8>> = words.into_iter().map(Into::into).collect();
        let longest = words.iter().map(Vec::len).max().unwrap_or(0);
        ExitWords { words, longest }
    }

    /// No line ends a conversation.
    #[must_use]
    pub fn none() -> Self {
        ExitWords {
            words: Vec::new(),
            longest: 0,
        }
    }

    /// Lines of this length and longer are no exit words.
    pub(crate) fn shortest_other(&self) -> usize {
        match self.words.is_empty() {
            true => 0,
            false => self.longest + 1,
        }
    }

    /// Does `line` end the conversation?
    #[must_use]
    #[inline]
    pub fn contain(&self, line: &[u8]) -> bool {
        line.len() <= self.longest && self.words.iter().any(|word| word == line)
    }
}

impl Default for ExitWords {
    /// `Exit` and `exit`.
    fn default() -> Self {
        ExitWords::new(["Exit", "exit"])
    }
}
