//! Watching what listens (usually: event listeners with a fan-out): its conversations, and what
//! happens at its door.

mod fan_out;
mod notice;
mod refusal;
pub mod ring;
mod watcher;
mod watchers;

pub use notice::{Notice, OwnedNotice};
pub use refusal::Refusal;
pub use watcher::Watcher;
pub(crate) use watchers::Watchers;
