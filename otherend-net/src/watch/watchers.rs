//! All who watch one server.

use std::sync::{Arc, PoisonError, RwLock};

use otherend_core::{Observer, Time};

use super::fan_out::FanOut;
use super::{Notice, Watcher};
use crate::peer::Peer;

/// Any number of watchers, each told everything, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Watchers {
    // Read once for each conversation and notice, written while a server is set up.
    all: RwLock<Vec<Arc<dyn Watcher>>>,
}

impl Watchers {
    /// One more: it sees the conversations that begin from here on.
    pub(crate) fn add(&self, watcher: Arc<dyn Watcher>) {
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.push(watcher);
    }

    /// Who watches the conversation with `peer`; `None`: nobody, and no event is built for it.
    pub(crate) fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let observers = all.iter().filter_map(|watcher| watcher.observer(peer));
        FanOut::over(observers.collect())
    }

    /// Something happened at the door.
    pub(crate) fn notice(&self, now: Time, notice: &Notice<'_>) {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        for watcher in all.iter() {
            watcher.notice(now, notice);
        }
    }
}
