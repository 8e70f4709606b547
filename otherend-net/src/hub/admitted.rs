//! A place among the open conversations (usually: a permit, given back when dropped).

use std::sync::Arc;

use super::Hub;
use super::mailbox::{Mailbox, Order};
use super::registry::Guest;
use crate::peer::Peer;

/// A place among the open conversations, given up when this is dropped.
pub(crate) struct Admitted {
    pub(crate) hub: Arc<Hub>,
    pub(crate) guest: Arc<Guest>,
}

impl Admitted {
    /// Take the place: from here on the conversation counts as open.
    pub(crate) fn new(hub: &Arc<Hub>, peer: Peer, mailbox: Mailbox) -> Self {
        let guest = Arc::new(Guest {
            peer,
            since: hub.clock.now(),
            mailbox,
        });
        hub.registry.add(Arc::clone(&guest));
        if hub.is_stopping() {
            // The orders of the stop may have been given before this one was in the list.
            guest.mailbox.post(Order::Drain);
        }
        Admitted {
            hub: Arc::clone(hub),
            guest,
        }
    }

    /// Our end follows: whoever hears that finds the place free.
    pub(crate) fn leave(&self) {
        self.hub.registry.free_early(&self.guest.peer);
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.hub.registry.remove(&self.guest.peer) {
            self.hub.crowd_has_left();
        }
    }
}
