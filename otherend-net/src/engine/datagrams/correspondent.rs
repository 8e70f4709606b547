//! One peer of a UDP server (usually: a flow, or pseudo-connection): its conversation, and what may
//! be sent to it.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use otherend_core::{EndReason, Outbox, Time};

use super::guard::{LoopCheck, LoopGuard};
use crate::engine::carrier::Carrier;
use crate::engine::conversations::Conversations;
use crate::hub::admitted::Admitted;

/// A peer and its conversation.
pub(super) struct Correspondent {
    /// Counts up in the order in which they came.
    pub(super) number: u64,
    carrier: Carrier,
    address: SocketAddr,
    guard: LoopGuard,
    credit: Credit,
    /// When it was last heard.
    pub(super) heard: Time,
}

/// How many bytes may be sent to a peer for those that came from it; `None`: any number, because
/// no other machine can have sent what comes from loopback.
struct Credit(Option<usize>);

/// The way to a peer.
pub(super) struct Way<'a> {
    pub(super) socket: &'a UdpSocket,
    /// Lent to each conversation in turn.
    pub(super) outbox: &'a mut Outbox,
    /// What became of replies that did not leave.
    pub(super) withheld: &'a mut Vec<Withheld>,
}

/// A reply that did not leave.
pub(super) struct Withheld {
    pub(super) address: SocketAddr,
    /// What the system said; `None`: it would have been more than what was asked.
    pub(super) error: Option<io::Error>,
}

/// Whose idea a datagram was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The peer asked, or seems to have.
    Asked,
    /// Somebody at this end.
    Ours,
}

impl Correspondent {
    /// Begin a conversation with whoever was admitted; `None`: it could not be.
    pub(super) fn begin(
        address: SocketAddr,
        admitted: Admitted,
        conversations: &Conversations,
    ) -> Option<Self> {
        let hub = Arc::clone(&admitted.hub);
        let number = admitted.guest.peer.number;
        let now = hub.clock.now();
        let handler = conversations.handler(&admitted.guest.peer)?;
        let begin = || Carrier::in_server(admitted, conversations, handler);
        let mut carrier = catch_unwind(AssertUnwindSafe(begin)).ok()?;
        let opened = catch_unwind(AssertUnwindSafe(|| carrier.conversation.open(now)));
        if opened.is_err() {
            carrier.panicked(now);
        }
        Some(Correspondent {
            number,
            carrier,
            address,
            guard: LoopGuard::default(),
            credit: Credit::of(address),
            heard: now,
        })
    }

    /// It sent `datagram`; `Looping`: which is not answered.
    pub(super) fn hear(&mut self, way: &mut Way<'_>, datagram: &[u8]) -> LoopCheck {
        let now = self.carrier.clock.now();
        self.heard = now;
        if self.guard.heard(now, datagram) == LoopCheck::Looping {
            return LoopCheck::Looping;
        }
        // Only now: what is not answered earns nothing, or a loop would save up for a flood of
        // answers.
        self.credit.earn(datagram.len());
        self.act(way, Cause::Asked, |carrier| {
            carrier.conversation.receive(now, datagram);
        });
        LoopCheck::Fine
    }

    /// Carry out the orders that wait.
    pub(super) fn follow_orders(&mut self, way: &mut Way<'_>) {
        let now = self.carrier.clock.now();
        // What somebody at this end says costs the peer nothing: no datagram from outside, forged
        // or not, can bring it about.
        self.act(way, Cause::Ours, |carrier| {
            carrier.follow_orders(now);
            // What had arrived by then was heard before.
            carrier.nothing_to_read(now);
        });
    }

    /// Carry out the deadlines that have passed.
    pub(super) fn tick(&mut self, way: &mut Way<'_>, now: Time) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.act(way, Cause::Asked, |carrier| carrier.tick(now));
        }
    }

    /// Somebody else needs its place.
    pub(super) fn forget(&mut self, now: Time) {
        self.carrier.conversation.abort(now, EndReason::Forgotten);
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.carrier.deadline()
    }

    pub(super) fn is_over(&self) -> bool {
        self.carrier.conversation.is_over()
    }

    /// Do something with the conversation, and send what it says.
    fn act(&mut self, way: &mut Way<'_>, cause: Cause, act: impl FnOnce(&mut Carrier)) {
        self.carrier.conversation.lend(way.outbox);
        let went_well = catch_unwind(AssertUnwindSafe(|| {
            act(&mut self.carrier);
            self.send(way, cause);
        }));
        let now = self.carrier.clock.now();
        if went_well.is_err() {
            self.carrier.panicked(now);
        }
        // Also after a panic: the outbox is every peer's, and this thread carries all of them.
        self.carrier.conversation.give_back(way.outbox);
        self.carrier.account(now);
    }

    fn send(&mut self, way: &mut Way<'_>, cause: Cause) {
        while let Some(length) = self.carrier.conversation.next_datagram() {
            let now = self.carrier.clock.now();
            let outcome = self.send_one(way.socket, length, cause);
            let conversation = &mut self.carrier.conversation;
            match outcome {
                Ok(()) => {
                    self.guard.said(now, &conversation.unsent()[..length]);
                    conversation.sent(now, length);
                }
                Err(error) => {
                    conversation.withheld(now, length);
                    let address = self.address;
                    way.withheld.push(Withheld { address, error });
                }
            }
        }
    }

    /// Send the first datagram that waits; `Err(None)`: it would be more than what was asked.
    fn send_one(
        &mut self,
        socket: &UdpSocket,
        length: usize,
        cause: Cause,
    ) -> Result<(), Option<io::Error>> {
        if cause == Cause::Asked && !self.credit.spend(length) {
            return Err(None);
        }
        let datagram = &self.carrier.conversation.unsent()[..length];
        loop {
            match socket.send_to(datagram, self.address) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Some(error)),
            }
        }
    }
}

impl Credit {
    fn of(peer: SocketAddr) -> Self {
        Credit((!peer.ip().is_loopback()).then_some(0))
    }

    /// So many bytes came from the peer.
    fn earn(&mut self, bytes: usize) {
        if let Some(credit) = &mut self.0 {
            *credit = credit.saturating_add(bytes);
        }
    }

    /// So many bytes are to be sent to it; `false`: they may not.
    fn spend(&mut self, bytes: usize) -> bool {
        let Some(credit) = &mut self.0 else {
            return true;
        };
        // All or nothing, for half a datagram is none; and what was too much leaves the credit to a
        // shorter one behind it.
        let left = credit.checked_sub(bytes);
        *credit = left.unwrap_or(*credit);
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_loopback_nobody_gets_more_than_it_sent() {
        for peer in ["192.0.2.1:5000", "[2001:db8::1]:5000"] {
            let mut credit = Credit::of(peer.parse().unwrap());
            credit.earn(30);
            let spent = [20, 11, 10, 1].map(|bytes| credit.spend(bytes));
            assert_eq!(spent, [true, false, true, false]);
        }
    }

    #[test]
    fn on_loopback_answers_may_be_longer() {
        for peer in ["127.0.0.1:5000", "[::1]:5000"] {
            assert!(Credit::of(peer.parse().unwrap()).spend(1000));
        }
    }
}
