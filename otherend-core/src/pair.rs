//! A test kit (usually: deterministic simulation): two ends joined by a simulated link, and a clock
//! turned by hand.
//!
//! No socket, no thread, no waiting: a test of a ten-minute deadline takes microseconds, and what
//! it shows is the same on every run. [`Pair`] carries out what a [`Conversation`] asks as an
//! engine does, so behaviours and limits can be tested without one.

mod end;
mod notes;
mod wire;

use std::time::Duration;

use crate::{Conversation, Time};

pub use end::End;
pub use notes::Notes;
pub use wire::Link;

use wire::Wire;

/// A server's conversation and its peer, which is another conversation or the test itself.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use otherend_core::pair::Pair;
/// use otherend_core::{AnyBehaviour, Conversation, Echo, EndReason, Settings, Time};
///
/// let echo = AnyBehaviour::Echo(Echo::default());
/// let server = Conversation::new(Arc::new(Settings::server()), echo, Time::ZERO);
/// let mut pair = Pair::new(server);
/// pair.client.write(b"hello\n");
/// pair.drive();
/// assert_eq!(pair.client.heard(), b"From server -> hello\n");
///
/// pair.turn(Duration::from_secs(600));
/// assert_eq!(pair.server.conversation().reason(), Some(EndReason::Idle));
/// ```
#[derive(Debug)]
pub struct Pair {
    /// The end that connected.
    pub client: End,
    /// The end that accepted.
    pub server: End,
    to_server: Wire,
    to_client: Wire,
    now: Time,
}

impl Pair {
    /// `server` talks to the test, which writes and reads the bytes of [`client`](Self::client).
    #[must_use]
    pub fn new(server: Conversation) -> Self {
        Pair::of(End::by_hand(), End::carrying(server))
    }

    /// Two conversations talk to each other.
    #[must_use]
    pub fn joined(client: Conversation, server: Conversation) -> Self {
        Pair::of(End::carrying(client), End::carrying(server))
    }

    fn of(client: End, server: End) -> Self {
        let link = Link::default();
        let mut pair = Pair {
            client,
            server,
            to_server: Wire::new(link),
            to_client: Wire::new(link),
            now: Time::ZERO,
        };
        pair.client.open(pair.now);
        pair.server.open(pair.now);
        pair
    }

    /// The same over `link`; to be chosen before anything is sent.
    #[must_use]
    pub fn over(mut self, link: Link) -> Self {
        self.to_server = Wire::new(link);
        self.to_client = Wire::new(link);
        self
    }

    /// What the clock shows. It starts at zero.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// Carry everything that is under way until both ends are idle.
    ///
    /// The clock moves as far as the link's latency needs, and never on to a deadline.
    pub fn drive(&mut self) {
        self.exchange();
        // Only arrivals, no deadlines: what waits for a timeout stays as it is, and a test can look
        // at it.
        while let Some(arrival) = self.next_arrival() {
            self.advance_to(arrival);
        }
    }

    /// Turn the clock on by `duration`: what is due on the way happens in its order.
    pub fn turn(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.exchange();
        // From one due moment to the next, never over one: an idle limit at 60 s and a drain's
        // deadline at 30 s happen in this order, however far a test turns the clock.
        while let Some(due) = self.next_due().filter(|due| *due <= end) {
            self.advance_to(due);
        }
        self.advance_to(end);
    }

    /// Pull the cable: from here on nothing that is sent or under way arrives.
    pub fn unplug(&mut self) {
        self.to_server.unplug();
        self.to_client.unplug();
    }

    fn advance_to(&mut self, moment: Time) {
        self.now = self.now.max(moment);
        self.client.tick(self.now);
        self.server.tick(self.now);
        self.exchange();
    }

    /// Move what can be moved at this moment.
    fn exchange(&mut self) {
        // Until nothing moves: an answer may make room for the next question within the same
        // moment. The client always goes first, so that the same test is the same sequence of
        // events on every run.
        loop {
            let (now, to_server, to_client) = (self.now, &mut self.to_server, &mut self.to_client);
            to_server.arrive(now);
            to_client.arrive(now);
            let client_moved = self.client.exchange(now, to_client, to_server);
            let server_moved = self.server.exchange(now, to_server, to_client);
            if !client_moved && !server_moved {
                return;
            }
        }
    }

    fn next_arrival(&self) -> Option<Time> {
        let arrivals = [self.to_server.next_arrival(), self.to_client.next_arrival()];
        arrivals.into_iter().flatten().min()
    }

    fn next_due(&self) -> Option<Time> {
        let deadlines = [self.client.deadline(), self.server.deadline()];
        let dues = deadlines.into_iter().chain([self.next_arrival()]);
        dues.flatten().min()
    }
}
