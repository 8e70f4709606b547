//! The conversation, without sockets or a clock.
//!
//! Three nouns: a **message** is bytes without what ends them, mostly a line; a **conversation** is
//! messages going two ways with one peer; a **behaviour** is what to answer to a message.
//! [`Decoder`] finds messages, [`Conversation`] decides, and whoever has a socket carries out what it
//! decides.
//!
//! ```text
//!            bytes, time                  bytes, what to do next, until when
//! socket ───────────────▶ Conversation ──────────────────────────────────────▶ socket
//!                             │   ▲
//!                     message │   │ replies          events ─────▶ Observer
//!                             ▼   │
//!                           Behaviour
//! ```
//!
//! What holds everywhere: the result never depends on how TCP cut the bytes; nothing blocks, reads
//! a clock or panics on any input; complete lines are never copied on their way in; what a peer
//! does is an [`Event`] or the one [`EndReason`], never an `Err`.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use otherend_core::{AnyBehaviour, Behaviour, Conversation, Flow, Replies, Settings, Time};
//!
//! struct Adder { sum: i64 }
//!
//! impl Behaviour for Adder {
//!     fn on_message(&mut self, line: &[u8], replies: &mut Replies<'_>) -> Flow {
//!         match std::str::from_utf8(line).map(str::parse::<i64>) {
//!             Ok(Ok(number)) => self.sum += number,
//!             _ => return Flow::FinishAfterReplies,
//!         }
//!         replies.message(self.sum.to_string().as_bytes());
//!         Flow::Continue
//!     }
//! }
//!
//! let now = Time::ZERO;
//! let settings = Arc::new(Settings::server());
//! let mut adding = Conversation::new(settings, AnyBehaviour::custom(Adder { sum: 0 }), now);
//! adding.receive(now, b"40\n2");
//! adding.receive(now + Duration::from_millis(5), b"\n");
//! assert_eq!(adding.unsent(), b"40\n42\n");
//! ```
//!
//! Also here: transcripts ([`transcript`]), conversations as files that can be recorded, played
//! and compared; and a test kit ([`pair`]), two conversations with a link and a clock of your own.
#![forbid(unsafe_code)]

mod address;
mod behaviour;
mod conversation;
mod duration;
mod escape;
mod event;
mod framing;
mod handler;
mod nearest;
mod notation;
mod outbox;
pub mod pair;
mod short;
mod time;
pub mod transcript;

pub use address::Address;
pub use behaviour::{
    AnyBehaviour, Behaviour, Echo, Flow, Performance, Replies, Script, SeveralConnections, Sink,
};
pub use conversation::{
    Between, Conversation, Counts, EndReason, ExitWords, Loss, Role, Said, Settings, Step,
};
pub use duration::parse_duration;
pub use escape::{Escaper, escape_into, escaped};
#[cfg(feature = "serde")]
pub use event::json;
pub use event::{Event, Observer, OwnedEvent, Wants, Watched};
pub use framing::{
    Decoded, Decoder, Drawing, DrawingError, Feed, Flaw, Framing, LineEnd, Looking, OutOfStep,
    Recognised, Seen, Unframed,
};
pub use handler::{Handler, Next, Pipe};
pub use outbox::Outbox;
pub use time::Time;
