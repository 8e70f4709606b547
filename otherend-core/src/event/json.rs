//! Events as JSON Lines: what `--json` writes, and what becomes a transcript again.
//!
//! A [`Line`] says when, in which conversation, and [`What`]: something said, or something that
//! happened. It is made of an [`Event`] and its [`Scene`].
//!
//! ```
//! use otherend_core::json::{Line, Scene};
//! use otherend_core::{Event, LineEnd, Role};
//!
//! let event = Event::Heard { message: b"hi", end: LineEnd::Lf };
//! let mut line = Line::from(Scene::default().what(&event).unwrap());
//! (line.t, line.conn) = (Some(0.25), Some(1));
//! let json = r#"{"t":0.25,"conn":1,"from":"C","text":"hi","eol":"lf"}"#;
//! assert_eq!(serde_json::to_string(&line).unwrap(), json);
//! assert_eq!(serde_json::from_str::<Line>(json).unwrap(), line);
//! ```

mod happening;
mod speech;

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Event;
use crate::transcript::write::shown;
use crate::{Address, escaped};

pub use happening::Happening;
pub use speech::Speech;

/// One line of JSON Lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Line<'a> {
    /// Seconds since the first event, or since any other moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t: Option<f64>,
    /// The conversation's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conn: Option<u64>,
    /// What the line tells.
    #[serde(flatten)]
    pub what: What<'a>,
}

/// What a line tells. Lines of programs that are neither, `{"event":"listening",…}`, are read as
/// [`Happening::Other`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[serde(expecting = "it tells neither what is said nor what happened")]
#[non_exhaustive]
pub enum What<'a> {
    /// Something that happened. First, for everything else is read as speech that says nothing.
    Happened(Happening<'a>),
    /// Something that is said, or a line of a transcript.
    Said(Box<Speech<'a>>),
}

impl Default for What<'_> {
    fn default() -> Self {
        What::Said(Box::default())
    }
}

impl<'a> From<What<'a>> for Line<'a> {
    fn from(what: What<'a>) -> Self {
        Line {
            what,
            ..Line::default()
        }
    }
}

impl<'a> From<Speech<'a>> for Line<'a> {
    fn from(speech: Speech<'a>) -> Self {
        What::Said(Box::new(speech)).into()
    }
}

/// What an event does not say of itself, and its line does.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scene<'a> {
    /// The other end's address.
    pub peer: Option<&'a Address>,
    /// How long ago the conversation was opened.
    pub after: Duration,
    /// The events are those of a tap: both ends are others, and each is named.
    pub between: bool,
    /// The transcript that what is said is compared with.
    pub file: &'a str,
}

impl<'a> Scene<'a> {
    /// What the line of `event` tells; `None`: it has none.
    #[must_use]
    pub fn what(&self, event: &Event<'a>) -> Option<What<'a>> {
        use crate::Role::{Client, Server};

        let speech = match *event {
            Event::Heard { message, end } => Speech::of(Client, message, Some(end)),
            Event::Said { message, end } => Speech::of(Server, message, Some(end)),
            Event::Bytes { from, bytes } => Speech::of(from, bytes, None),
            _ => return self.happening(event).map(What::Happened),
        };
        Some(What::Said(Box::new(speech)))
    }

    fn happening(&self, event: &Event<'a>) -> Option<Happening<'a>> {
        let text = |text: &dyn ToString| Cow::Owned(text.to_string());
        let seconds = self.after.as_secs_f64();
        Some(match *event {
            Event::Opened => Happening::Connected {
                peer: self.peer.map(|peer| text(peer)),
            },
            Event::Connected { target, after, .. } => Happening::Reached {
                target: text(target),
                seconds: after.as_secs_f64(),
            },
            Event::NotConnected { error } => Happening::NotReached {
                error: text(&error),
            },
            Event::MessageTooLong => Happening::LineTooLong { who: None },
            Event::Recognised(what) => Happening::Recognised {
                what: what.word().into(),
            },
            Event::OutOfStep { bytes, why } => Happening::OutOfStep {
                reason: why.reason().into(),
                heard: shown(bytes).into(),
            },
            Event::Unframed { message, error } => Happening::Unframed {
                reason: text(error),
                message: shown(message).into(),
            },
            Event::Unexpected(mismatch) => Happening::unexpected(self.file, mismatch),
            Event::Fault { from, fault, line } => Happening::fault(from, fault, line),
            Event::Injected { to, bytes } => Happening::Injected {
                to,
                line: escaped(bytes.trim_ascii_end()).into(),
            },
            Event::Finished { from } => Happening::FinishedSending {
                who: self.between.then_some(from),
            },
            Event::Ended {
                reason,
                who,
                counts,
            } if self.between => Happening::Ended {
                reason: reason.between(who).label().into(),
                seconds: Some(seconds),
                bytes_of_client: Some(counts.bytes_heard),
                bytes_of_server: Some(counts.bytes_said),
                text: None,
            },
            Event::Ended { reason, counts, .. } => Happening::Left {
                reason: reason.label().into(),
                seconds,
                lines_heard: counts.messages_heard,
                lines_said: counts.messages_said,
                bytes_heard: counts.bytes_heard,
                bytes_said: counts.bytes_said,
            },
            // Who stopped, broke off or was cut apart is told by what comes after it.
            Event::Stopped { .. } | Event::Lost(_) | Event::Boundary { .. } => return None,
            Event::Heard { .. } | Event::Said { .. } | Event::Bytes { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests;
