//! The conversation, without sockets or a clock.
#![forbid(unsafe_code)]

mod behaviour;
mod conversation;
mod duration;
mod escape;
mod event;
mod line;
mod outbox;
pub mod pair;
mod time;
pub mod transcript;

pub use behaviour::{AnyBehaviour, Behaviour, Echo, Flow, Replies, Sink};
pub use conversation::{Conversation, Counts, EndReason, ExitWords, Loss, Role, Settings, Step};
pub use duration::parse_duration;
pub use escape::{escape_into, escaped};
pub use event::{Event, Observer};
pub use line::{Decoded, Feed, Framing, LineDecoder, LineEnd, Terminator};
pub use outbox::Outbox;
pub use time::Time;
