//! A place among the open conversations (usually: a permit, given back when dropped).

use std::sync::Arc;

use otherend_core::Time;

use super::Hub;
use super::mailbox::{Mailbox, Order};
use crate::peer::Peer;

/// One open conversation.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) peer: Peer,
    pub(crate) since: Time,
    pub(crate) mailbox: Mailbox,
}

/// A place among the open conversations, given up when this is dropped.
pub(crate) struct Admitted {
    pub(crate) hub: Arc<Hub>,
    pub(crate) member: Arc<Member>,
}

impl Admitted {
    /// Take the place: from here on the conversation counts as open.
    pub(crate) fn new(hub: &Arc<Hub>, peer: Peer, mailbox: Mailbox) -> Self {
        let member = Arc::new(Member {
            peer,
            since: hub.clock.now(),
            mailbox,
        });
        hub.registry.add(Arc::clone(&member));
        if hub.is_stopping() {
            // The orders of the stop may have been given before this one was in the list.
            member.mailbox.post(Order::Drain);
        }
        Admitted {
            hub: Arc::clone(hub),
            member,
        }
    }

    /// Our end follows: whoever hears that finds the place free.
    pub(crate) fn leave(&self) {
        self.hub.registry.free_early(&self.member.peer);
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if self.hub.registry.remove(&self.member.peer) {
            self.hub.crowd_has_left();
        }
    }
}
