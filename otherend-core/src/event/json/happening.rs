//! What happened, by a word and what belongs to it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::transcript::Mismatch;
use crate::{Role, escaped};

/// Something that happened in a conversation. The words and the names of the members are stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Happening<'a> {
    /// It begins.
    Connected {
        /// The other end's address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<Cow<'a, str>>,
    },
    /// A tap's target answered.
    Reached {
        /// The address that answered.
        target: Cow<'a, str>,
        /// How long it took.
        seconds: f64,
    },
    /// A tap's target could not be reached.
    NotReached {
        /// Why.
        error: Cow<'a, str>,
    },
    /// A line passed the limit.
    LineTooLong {
        /// Whose line it is, at a tap.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<Role>,
    },
    /// The first bytes that came were no text.
    Recognised {
        /// What they were: `telnet`, `utf-8-mark`.
        what: Cow<'a, str>,
    },
    /// What came is no frame as it is drawn.
    OutOfStep {
        /// Why, in a few words.
        reason: Cow<'a, str>,
        /// What came, as a transcript notes it.
        heard: Cow<'a, str>,
    },
    /// A message for which there is no frame was not said.
    Unframed {
        /// Why, in a few words.
        reason: Cow<'a, str>,
        /// The message, as a transcript notes it.
        message: Cow<'a, str>,
    },
    /// The transcript does not have what was said.
    Unexpected {
        /// The transcript.
        file: Cow<'a, str>,
        /// The line of it that was to come; none: nothing more was.
        line: Option<usize>,
        /// What that line is.
        expected: Option<Cow<'a, str>>,
        /// What was heard instead.
        heard: Cow<'a, str>,
        /// The first byte that differs.
        at: Option<usize>,
        /// The same in a sentence.
        text: Cow<'a, str>,
    },
    /// A fault that a tap makes met a line.
    Fault {
        /// The fault, as it was written.
        fault: Cow<'a, str>,
        /// Whose line it is.
        who: Role,
        /// The line, its odd bytes escaped; at the start of a connection there is none.
        line: Cow<'a, str>,
    },
    /// A tap said something by itself, as if the other end had.
    Injected {
        /// To whom.
        to: Role,
        /// What, its odd bytes escaped.
        line: Cow<'a, str>,
    },
    /// An end has finished sending.
    FinishedSending {
        /// Which, at a tap.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        who: Option<Role>,
    },
    /// A server's conversation is over.
    Left {
        /// Why, in a word.
        reason: Cow<'a, str>,
        /// How long it lasted.
        seconds: f64,
        /// Lines of the peer.
        lines_heard: u64,
        /// Lines said to the peer.
        lines_said: u64,
        /// Bytes of the peer.
        bytes_heard: u64,
        /// Bytes said to the peer.
        bytes_said: u64,
    },
    /// A connection through a tap, or a client's only conversation, is over.
    Ended {
        /// Why, in a word.
        reason: Cow<'a, str>,
        /// How long it lasted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
        /// What a tap passed on of the client.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes_of_client: Option<u64>,
        /// What a tap passed on of the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes_of_server: Option<u64>,
        /// The same in a sentence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Cow<'a, str>>,
    },
    /// Only read: whatever has another word.
    #[serde(other)]
    Other,
}

impl<'a> Happening<'a> {
    pub(super) fn unexpected(file: &'a str, mismatch: &'a Mismatch) -> Self {
        let difference = mismatch.difference.as_ref();
        Happening::Unexpected {
            file: file.into(),
            line: mismatch.line,
            expected: mismatch.expected.as_deref().map(Cow::Borrowed),
            heard: mismatch.heard_as_text().into(),
            at: difference.map(|difference| difference.at),
            text: mismatch.to_string().into(),
        }
    }

    pub(super) fn fault(who: Role, fault: &'a str, line: &[u8]) -> Self {
        Happening::Fault {
            fault: fault.into(),
            who,
            line: escaped(line.trim_ascii_end()).into(),
        }
    }
}
