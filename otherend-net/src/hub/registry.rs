//! The open conversations of one server (usually: the connection registry): list them, speak to
//! one, close one, wait for all to end.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::admitted::Member;
use crate::peer::Peer;

/// All open conversations, by number.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    inside: Mutex<Inside>,
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    members: BTreeMap<u64, Arc<Member>>,
    /// How many each source has open; `None` is this machine, see [`Address::source`].
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

impl Registry {
    pub(super) fn add(&self, member: Arc<Member>) {
        let mut inside = self.lock();
        *inside
            .sources
            .entry(member.peer.address.source())
            .or_default() += 1;
        inside.members.insert(member.peer.number, member);
        inside.crowd = inside.crowd.max(inside.members.len());
    }

    /// `true`: half of a crowd has left since this was last said, or the last one after a crowd.
    pub(super) fn remove(&self, peer: &Peer) -> bool {
        let mut inside = self.lock();
        if inside.members.remove(&peer.number).is_none() {
            return false;
        }
        let source = peer.address.source();
        if let Some(count) = inside.sources.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                inside.sources.remove(&source);
            }
        }
        if inside.members.is_empty() {
            self.emptied.notify_all();
        }
        let open = inside.members.len();
        let was_crowd = inside.crowd >= CROWD;
        let has_left = open <= inside.crowd / 2 && (was_crowd || (inside.stragglers && open == 0));
        if has_left {
            inside.stragglers = was_crowd;
            inside.crowd = open;
        }
        has_left
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().members.len()
    }

    pub(crate) fn of_source(&self, source: Option<IpAddr>) -> usize {
        self.lock().sources.get(&source).copied().unwrap_or(0)
    }

    pub(crate) fn get(&self, number: u64) -> Option<Arc<Member>> {
        self.lock().members.get(&number).cloned()
    }

    /// All that are open, in the order in which they came.
    pub(crate) fn all(&self) -> Vec<Arc<Member>> {
        self.lock().members.values().cloned().collect()
    }

    /// Wait until none is open, at most `limit`. `true`: none is.
    pub(crate) fn wait_until_empty(&self, limit: Duration) -> bool {
        let inside = self.lock();
        let (inside, _) = self
            .emptied
            .wait_timeout_while(inside, limit, |inside| !inside.members.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        inside.members.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
