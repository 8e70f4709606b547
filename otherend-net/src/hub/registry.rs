//! The open conversations of one server (usually: the connection registry): list them, speak to
//! one, close one, wait for all to end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use otherend_core::Time;

use super::mailbox::Mailbox;
use crate::lock::lock;
use crate::peer::Peer;

/// One open conversation.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) peer: Peer,
    pub(crate) since: Time,
    pub(crate) mailbox: Mailbox,
}

/// All open conversations, by number.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    inside: Mutex<Inside>,
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    guests: BTreeMap<u64, Arc<Guest>>,
    /// Those of them whose places are free already.
    leaving: HashSet<u64>,
    /// How many places each source has; `None` is this machine, see [`Address::source`].
    ///
    /// [`Address::source`]: otherend_core::Address::source
    sources: HashMap<Option<IpAddr>, usize>,
    /// The most that were open since a crowd last left.
    crowd: usize,
    /// A crowd has left; the last of those that stayed behind has not.
    stragglers: bool,
}

/// Fewer than this are no crowd: their memory is not worth looking for.
const CROWD: usize = 256;
/// So many may still be here whose places are free: they fit into the descriptors that are kept for
/// what is no client.
const LEAVING: usize = 8;

impl Inside {
    fn free_place_of(&mut self, peer: &Peer) {
        let source = peer.address.source();
        if let Some(count) = self.sources.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.sources.remove(&source);
            }
        }
    }
}

impl Registry {
    pub(super) fn add(&self, guest: Arc<Guest>) {
        let mut inside = self.lock();
        *inside
            .sources
            .entry(guest.peer.address.source())
            .or_default() += 1;
        inside.guests.insert(guest.peer.number, guest);
        inside.crowd = inside.crowd.max(inside.guests.len());
    }

    /// `true`: half of a crowd has left since this was last said, or the last one after a crowd.
    pub(super) fn remove(&self, peer: &Peer) -> bool {
        let mut inside = self.lock();
        if inside.guests.remove(&peer.number).is_none() {
            return false;
        }
        if !inside.leaving.remove(&peer.number) {
            inside.free_place_of(peer);
        }
        if inside.guests.is_empty() {
            self.emptied.notify_all();
        }
        // The allocator keeps what many conversations had. It is asked to give that back when half
        // of them have left, not each time, which would cost more than it gives: of 1,000 at 500,
        // at 250 and, these being fewer than a crowd, once more when the last is gone.
        let open = inside.guests.len();
        let was_crowd = inside.crowd >= CROWD;
        let has_left = open <= inside.crowd / 2 && (was_crowd || (inside.stragglers && open == 0));
        if has_left {
            inside.stragglers = was_crowd;
            inside.crowd = open;
        }
        has_left
    }

    /// Let somebody else have the place of `peer`, who will hear our end next and is here until it
    /// closes too.
    ///
    /// Freed only behind the end, a place would seem to be taken to whoever hears that and comes back
    /// at once, quicker than this thread is scheduled again. But who never closes is here for as long
    /// as a conversation lingers, and could have any number of places so: only a few are freed early.
    pub(super) fn free_early(&self, peer: &Peer) {
        let mut inside = self.lock();
        let is_here = inside.guests.contains_key(&peer.number);
        if is_here && inside.leaving.len() < LEAVING && inside.leaving.insert(peer.number) {
            inside.free_place_of(peer);
        }
    }

    /// How many places are taken.
    pub(crate) fn places(&self) -> usize {
        let inside = self.lock();
        inside.guests.len() - inside.leaving.len()
    }

    /// How many of them are taken from `source`.
    pub(crate) fn of_source(&self, source: Option<IpAddr>) -> usize {
        self.lock().sources.get(&source).copied().unwrap_or(0)
    }

    pub(crate) fn get(&self, number: u64) -> Option<Arc<Guest>> {
        self.lock().guests.get(&number).cloned()
    }

    /// All that are open, in the order in which they came.
    pub(crate) fn all(&self) -> Vec<Arc<Guest>> {
        self.lock().guests.values().cloned().collect()
    }

    /// Wait until none is open, at most `limit`. `true`: none is.
    pub(crate) fn wait_until_empty(&self, limit: Duration) -> bool {
        let inside = self.lock();
        let (inside, _) = self
            .emptied
            .wait_timeout_while(inside, limit, |inside| !inside.guests.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        inside.guests.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}
