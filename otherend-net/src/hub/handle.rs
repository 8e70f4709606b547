//! Reaching a server while it serves (usually: its control handle): stop it, list who is there,
//! speak to one, close one.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::{EndReason, Role, Time};

use super::Hub;
use super::mailbox::Order;
use super::stats::Stats;
use crate::peer::Peer;

/// A hand on a running server; clone it freely.
///
/// ```
/// use otherend_net::core::{AnyBehaviour, Echo};
/// use otherend_net::{Client, ConnectOptions, Received, Server, ServerConfig};
///
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::new(b""));
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?.start()?;
/// let mut client = Client::connect(&server.addresses()[0], &ConnectOptions::default())?;
/// client.say(b"hello")?;
/// assert_eq!(client.receive(), Received::Line(b"hello".to_vec()));
///
/// let handle = server.handle();
/// let here = handle.conversations();
/// assert!(handle.say(here[0].peer.number, b"one more thing").is_taken());
/// assert_eq!(client.receive(), Received::Line(b"one more thing".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Handle {
    pub(crate) hub: Arc<Hub>,
}

/// A conversation that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Open {
    /// Who it is with.
    pub peer: Peer,
    /// For how long it has been open.
    pub age: Duration,
}

/// What became of a line that was to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivery {
    /// It is said once the lines before it are. If the conversation ends before, it is not.
    Taken,
    /// So many lines wait for this peer already that it was not taken; later there may be room.
    Full,
    /// The peer is not here; or this is a tap, which has no voice of its own, or no tap, and has no
    /// other.
    NotHere,
}

impl Delivery {
    /// It will be said, unless the conversation ends before.
    #[must_use]
    pub fn is_taken(self) -> bool {
        self == Delivery::Taken
    }
}

impl Handle {
    pub(crate) fn of(hub: &Arc<Hub>) -> Handle {
        Handle {
            hub: Arc::clone(hub),
        }
    }

    /// Leave new connections in the backlog until [`resume`](Self::resume).
    pub fn suspend(&self) {
        self.hub.suspend(true);
    }

    /// Accept again.
    pub fn resume(&self) {
        self.hub.suspend(false);
    }

    /// Take nobody in any more and let conversations finish what has begun, for the configured
    /// drain timeout at most. Idle ones are closed at once. Does not wait.
    pub fn drain(&self) {
        self.hub.drain(self.hub.drain_timeout);
    }

    /// As [`drain`](Self::drain), for `limit` at most.
    pub fn drain_within(&self, limit: Duration) {
        self.hub.drain(limit);
    }

    /// Cut every conversation off. Does not wait.
    pub fn stop(&self) {
        self.hub.stop();
    }

    /// A stop is under way.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.hub.is_stopping()
    }

    /// The present, as events count time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.hub.clock.now()
    }

    /// Everybody who is here, in the order in which they came.
    #[must_use]
    pub fn conversations(&self) -> Vec<Open> {
        let now = self.hub.clock.now();
        let guests = self.hub.registry.all();
        guests
            .iter()
            .map(|m| Open {
                peer: m.peer.clone(),
                age: now.since(m.since),
            })
            .collect()
    }

    /// Say a line to the peer with this number, in its turn: while the peer is slow, lines wait for
    /// it, up to 1 MiB of them.
    pub fn say(&self, number: u64, line: &[u8]) -> Delivery {
        let guest = self.hub.registry.get(number);
        match guest.filter(|_| !self.hub.is_between) {
            None => Delivery::NotHere,
            Some(guest) if guest.mailbox.post_line(line) => Delivery::Taken,
            Some(_) => Delivery::Full,
        }
    }

    /// On the connection of a [`Tap`](crate::tap::Tap) with this number, say `bytes` to the other
    /// end as if `from` had said them: with [`Role::Server`] the client is told, with
    /// [`Role::Client`] the server.
    ///
    /// They go out as they are, with the end that they have, and never into the middle of a message
    /// of `from` ([`TapConfig::message_end`](crate::tap::TapConfig::message_end)): until that has
    /// ended, and while whoever is told is slow, they wait in order, up to 1 MiB of them for both
    /// ends. Who is told of nothing more, because `from` has finished, is not told of these. Nothing
    /// that an end says is changed, held up or counted otherwise for it; watchers see
    /// [`Event::Injected`](otherend_core::Event::Injected).
    pub fn say_as(&self, number: u64, from: Role, bytes: &[u8]) -> Delivery {
        let guest = self.hub.registry.get(number);
        match guest.filter(|_| self.hub.is_between) {
            None => Delivery::NotHere,
            Some(guest) if guest.mailbox.post_bytes(from, bytes) => Delivery::Taken,
            Some(_) => Delivery::Full,
        }
    }

    /// The behaviour of the conversation with this number has room again.
    pub(crate) fn go_on(&self, number: u64) {
        self.post(number, Order::GoOn);
    }

    /// Close the conversation with this number in good order. `false`: it is not here.
    pub fn close(&self, number: u64) -> bool {
        self.post(number, Order::Close(EndReason::ClosedHere))
    }

    /// Wait until nobody is here, for `limit` at most. `true`: nobody is.
    pub fn wait_until_empty(&self, limit: Duration) -> bool {
        self.hub.registry.wait_until_empty(limit)
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.hub.counters.stats()
    }

    fn post(&self, number: u64, order: Order) -> bool {
        let Some(guest) = self.hub.registry.get(number) else {
            return false;
        };
        guest.mailbox.post(order);
        true
    }
}
