//! Whoever watches a server: its conversations, and what happens at its door.

use otherend_core::{Observer, Time};

use super::Notice;
use crate::peer::Peer;

/// Watches a server. Called from its threads: whoever takes long here delays peers.
pub trait Watcher: Send + Sync {
    /// Who watches the conversation with `peer`, which is about to begin; `None`: nobody, and no
    /// event is built for it.
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>>;

    /// Something happened at the door.
    fn notice(&self, now: Time, notice: &Notice<'_>) {
        let _ = (now, notice);
    }
}
