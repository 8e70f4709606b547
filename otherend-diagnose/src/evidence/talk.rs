//! What was said on an accepted connection.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use super::ConnectOutcome;

/// What was said after a connection was accepted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Talk {
    /// The address that was talked to.
    pub peer: Option<SocketAddr>,
    /// The first bytes heard before anything was said.
    pub greeting: Vec<u8>,
    /// The first bytes heard after the line was said.
    pub reply: Vec<u8>,
    /// Whether the last line that was heard had no end when no more came.
    pub unfinished: bool,
    /// Whether the server was still speaking when it was no longer listened to.
    pub flowing: bool,
    /// Whether it said more than 1 MiB without a pause; no more was listened to.
    pub flooding: bool,
    /// Whether the expected text ([`Options::expect`](crate::Options::expect)) came.
    pub met: bool,
    /// Whether the line ([`Options::say`](crate::Options::say)) was said.
    pub said: bool,
    /// How long its reply was waited for before anything else was tried.
    #[serde(serialize_with = "super::as_seconds")]
    pub waited: Duration,
    /// How it ended.
    pub end: End,
    /// When it ended, from the moment of the connection.
    #[serde(serialize_with = "super::as_seconds")]
    pub ended_after: Duration,
    /// When the reply began, from the moment the line was said; without a line, when the server
    /// began to speak, from the moment of the connection.
    #[serde(serialize_with = "super::as_optional_seconds")]
    pub heard_after: Option<Duration>,
    /// What came only after this side had half-closed.
    pub after_half_close: Option<Vec<u8>>,
    /// What was answered after CR LF or the half-close: whether the same is answered at once when
    /// it is said at once, on a second connection. If not, the server only took its time.
    pub at_once: Option<bool>,
    /// Whether there was a second connection, after the first.
    pub second: bool,
    /// What a TLS hello on a connection of its own was answered with.
    pub tls: Option<TlsAnswer>,
    /// The first bytes of that answer.
    pub tls_heard: Vec<u8>,
    /// Whether the same line with CR LF was answered.
    pub crlf_answered: Option<bool>,
    /// What connecting once more gave, after the server had ended the conversation.
    pub again: Option<ConnectOutcome>,
}

/// One that takes longer to reply is slow for whoever waits for it.
const SLOW: Duration = Duration::from_secs(2);

impl Talk {
    /// When the reply began, if that was late.
    pub(crate) fn late(&self) -> Option<Duration> {
        let replied = self.said && !self.reply.is_empty();
        self.heard_after.filter(|after| replied && *after >= SLOW)
    }

    /// Whether what was heard last looks as a prompt does: it has no line end and wants an answer.
    pub(crate) fn is_prompt(&self) -> bool {
        let heard = if self.said {
            &self.reply
        } else {
            &self.greeting
        };
        let last = heard.trim_ascii_end().last();
        self.unfinished && !self.flowing && matches!(last, Some(b':' | b'>' | b'$' | b'#' | b'?'))
    }

    /// Whether the server has not said anything at all.
    pub fn is_silent(&self) -> bool {
        let heard = [&self.greeting, &self.reply, &self.tls_heard];
        heard.iter().all(|heard| heard.is_empty())
    }
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// It did not: the server waits.
    #[default]
    Open,
    /// The server closed.
    Closed,
    /// The server reset the connection.
    Reset,
}

/// What a TLS hello was answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsAnswer {
    /// A server hello.
    Hello,
    /// A TLS alert with this description (RFC 8446 §6): TLS, though this hello did not please.
    Alert(u8),
    /// Bytes that are not TLS.
    NotTls,
    /// The connection was closed or reset.
    Ended,
    /// Nothing.
    Silent,
}

/// What another otherend, at the other end, saw of this connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherEnd {
    /// The source that arrived there.
    pub seen_from: SocketAddr,
    /// The destination that arrived there.
    pub seen_to: SocketAddr,
    /// Whether the source was translated on the way.
    pub source_translated: bool,
    /// Whether the destination was translated on the way.
    pub destination_translated: bool,
}
