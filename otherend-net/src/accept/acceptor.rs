//! The acceptor: one loop for all engines, which never dies and never spins.
//!
//! Whoever may not come in gets one line. Errors of a single connection are passed over; when
//! descriptors or memory run out, one connection is refused with the help of a reserve descriptor
//! and the next attempt waits, 10 ms at first and 1 s at most.

use std::io;
use std::sync::Arc;

use otherend_core::Address;

use super::admission::Admission;
use super::backoff::Backoff;
use super::doorstep::{Doorstep, tell};
use super::grace::Grace;
use crate::hub::Hub;
use crate::hub::admitted::Admitted;
use crate::hub::mailbox::Mailbox;
use crate::stream::{Listener, Stream};
use crate::system::errors::{concerns_one_connection, is_shortage};
use crate::system::limits::Reserve;
use crate::system::memory::address_space_left;
use crate::system::poll::{self, Awaited, Interest};
use crate::watch::{Notice, Refusal};

/// What is done with a connection that was let in.
pub(crate) type Welcome<'a> = dyn FnMut(Stream, Admitted) + 'a;

/// How many connections are taken from one listener before the others are looked at.
const BATCH: usize = 64;
/// How many that wait at a listener when the server stops are still let in.
const LAST: usize = 4096;

/// What an engine wants of those who are let in.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// Orders and the other listeners come first after each client.
    pub(crate) one_at_a_time: bool,
    /// How a conversation that waits is woken.
    pub(crate) mailbox: fn() -> io::Result<Mailbox>,
    /// What a conversation may come to have of memory, in bytes, beside what it has from the start.
    pub(crate) memory: u64,
}

/// What is kept free of a limited address space, for everything but conversations.
const HEADROOM: u64 = 8 << 20;

/// The listeners of one server and what it takes to keep accepting.
pub(crate) struct Acceptor {
    hub: Arc<Hub>,
    admission: Admission,
    manner: Manner,
    listeners: Vec<Listener>,
    /// To be given up when no descriptor is left, so that a peer can be told.
    reserve: Option<Reserve>,
    backoff: Backoff,
    /// How many connections were broken since the last that was not.
    broken: usize,
    doorstep: Doorstep,
    grace: Grace,
    memory_is_limited: bool,
}

impl Acceptor {
    pub(crate) fn new(
        hub: Arc<Hub>,
        admission: Admission,
        manner: Manner,
        listeners: Vec<Listener>,
    ) -> Self {
        let reserve = Reserve::new(&listeners[0]);
        let doorstep = Doorstep::new(admission.max_turned_away);
        Acceptor {
            hub,
            admission,
            manner,
            listeners,
            reserve,
            backoff: Backoff::new(),
            broken: 0,
            doorstep,
            grace: Grace::default(),
            memory_is_limited: address_space_left().is_some(),
        }
    }

    /// Accept until the server stops; then nobody is listening any more.
    pub(crate) fn run(&mut self, welcome: &mut Welcome<'_>) {
        while !self.hub.is_stopping() {
            let ready = self.wait();
            self.look_again(welcome);
            for index in ready {
                self.accept_some(index, welcome);
            }
        }
        self.accept_the_last(welcome);
        self.listeners.clear();
        self.reserve = None;
    }

    /// The server drains. Who waits at the door already may have said something, which a closed
    /// door would answer with a reset: it is heard like those inside.
    fn accept_the_last(&mut self, welcome: &mut Welcome<'_>) {
        for (stream, address, _) in self.grace.end() {
            self.decide(stream, address, welcome);
        }
        // Without this somebody could come between the last accept and the close, and be reset:
        // it had connected, and would not know that nobody had ever heard of it.
        for listener in &self.listeners {
            listener.turn_newcomers_away();
        }
        let hub = Arc::clone(&self.hub);
        let in_time = || {
            let deadline = hub.stop_deadline();
            !hub.is_suspended() && deadline.is_some_and(|at| hub.clock.now() < at)
        };
        loop {
            let (waiting, are_all) = if in_time() {
                self.take_waiting()
            } else {
                (Vec::new(), true)
            };
            if are_all {
                // Before they are served, which may take an engine that has one at a time long.
                self.listeners.clear();
            }
            for (stream, address) in waiting {
                if !in_time() {
                    return;
                }
                self.decide(stream, address, welcome);
            }
            if are_all {
                return;
            }
        }
    }

    /// Those who wait at the door, and whether they are all of them: there may be no more
    /// descriptors before some of these have left.
    fn take_waiting(&self) -> (Vec<(Stream, Address)>, bool) {
        let mut waiting = Vec::new();
        for listener in &self.listeners {
            // No more than this, where a system cannot turn newcomers away: who connects without a
            // pause would otherwise keep a server that stops from ever stopping.
            for _ in 0..LAST {
                match listener.accept() {
                    Ok(next) => waiting.push(next),
                    Err(error) if concerns_one_connection(&error) => {}
                    Err(error) if is_shortage(&error) => {
                        let nobody = waiting.is_empty();
                        return (waiting, nobody);
                    }
                    // Nobody waits any more; a Unix socket that is shut says so in words of its own.
                    Err(_) => break,
                }
            }
        }
        (waiting, true)
    }

    /// Wait for connections and orders; which listeners have connections?
    fn wait(&mut self) -> Vec<usize> {
        let now = self.hub.clock.now();
        let pause = self.backoff.remaining(now);
        let accepting = pause.is_none() && !self.hub.is_suspended();
        let doorstep = self.doorstep.deadline(now);
        let timeouts = [pause, doorstep, self.grace.pause()];
        let timeout = timeouts.into_iter().flatten().min();

        // One wait for all that can happen here: an order (the bell), somebody on the doorstep who
        // closes, somebody new. While accepting pauses the listeners are left out: a connection
        // that cannot be taken stays where it is, and the wait would be over at once, again and
        // again.
        let mut all = vec![poll::awaited(&*self.hub.door, Interest::READ)];
        let streams = self.doorstep.streams();
        all.extend(streams.map(|stream| poll::awaited(stream, Interest::READ)));
        let listeners_at = all.len();
        if accepting {
            let listeners = self.listeners.iter();
            all.extend(listeners.map(|listener| poll::awaited(listener, Interest::READ)));
        }
        poll::wait(&mut all, timeout);
        let ready = |awaited: &Awaited<'_>| poll::readiness(awaited).is_any();
        let rung = ready(&all[0]);
        let at_the_door: Vec<bool> = all[1..listeners_at].iter().map(ready).collect();
        let listeners = all[listeners_at..].iter().enumerate();
        let listeners = listeners
            .filter(|(_, awaited)| ready(awaited))
            .map(|(index, _)| index)
            .collect();
        if rung {
            self.hub.door.silence();
            self.hub.clean_up();
        }
        self.doorstep.sweep(self.hub.clock.now(), &at_the_door);
        listeners
    }

    fn accept_some(&mut self, index: usize, welcome: &mut Welcome<'_>) {
        // Not until nobody is left: who connects without a pause at one listener would keep the
        // others waiting, and the order to stop. Whoever is left is there in the next round.
        for _ in 0..BATCH {
            if self.hub.is_stopping() || self.hub.is_suspended() {
                return;
            }
            match self.listeners[index].accept() {
                Ok((stream, address)) => {
                    self.backoff.reset();
                    self.broken = 0;
                    self.receive(stream, address, welcome);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if concerns_one_connection(&error) => {
                    self.hub.counters.accept_failed();
                    self.broken += 1;
                    if self.broken.is_multiple_of(BATCH) {
                        // So many in a row are no accident: a firewall, or the network is down.
                        return self.backoff.fail(self.hub.clock.now());
                    }
                }
                Err(error) => {
                    // No descriptor or no memory is left. Who waits in the backlog takes itself for
                    // let in, and would wait for its first answer as long as it has patience. The
                    // reserve tells one of them; the pause keeps the rest from making a busy loop,
                    // and whoever leaves meanwhile makes room.
                    self.hub.accept_failed(&error);
                    self.refuse_with_reserve(index);
                    self.backoff.fail(self.hub.clock.now());
                    return;
                }
            }
            if self.manner.one_at_a_time {
                return;
            }
        }
    }

    /// A connection is here: let it in, turn it away, or let it wait for a moment.
    fn receive(&mut self, stream: Stream, address: Address, welcome: &mut Welcome<'_>) {
        let checked = self.admission.check(address.source(), &self.hub.registry);
        match checked {
            Err(Refusal::Full | Refusal::SourceFull) if self.grace.has_room() => {
                self.grace.wait(self.hub.clock.now(), stream, address);
            }
            _ => self.decide(stream, address, welcome),
        }
    }

    /// Has a place become free for those who wait for one?
    fn look_again(&mut self, welcome: &mut Welcome<'_>) {
        let hub = Arc::clone(&self.hub);
        loop {
            let admission = &self.admission;
            let is_place =
                |address: &Address| admission.check(address.source(), &hub.registry).is_ok();
            let Some((stream, address)) = self.grace.next(hub.clock.now(), is_place) else {
                return;
            };
            self.decide(stream, address, welcome);
        }
    }

    /// Let a connection in or turn it away.
    fn decide(&mut self, stream: Stream, address: Address, welcome: &mut Welcome<'_>) {
        let Ok(local) = stream.local_address() else {
            return;
        };
        if local == address && local.inet().is_some() {
            let address = &address;
            return self.hub.notice(&Notice::SelfConnect { address });
        }
        if let Err(refusal) = self.admission.check(address.source(), &self.hub.registry) {
            let refusal = match refusal {
                Refusal::Full => self.hub.full,
                other => other,
            };
            return self.turn_away(stream, &address, refusal);
        }
        // The cheap questions came first: a flood of those who may not come in costs neither a bell
        // nor a look at the memory.
        match self.has_memory().and_then(|()| self.prepare(&stream)) {
            Ok(mailbox) => {
                // A number only for who comes in: a log that counts 1, 2, 3 has left nobody out.
                self.hub.counters.accepted();
                let peer = self.hub.introduce(address, local);
                welcome(stream, Admitted::new(&self.hub, peer, mailbox));
            }
            Err(error) => {
                self.hub.accept_failed(&error);
                self.turn_away(stream, &address, self.hub.full);
            }
        }
    }

    /// There is memory for one more. Under `ulimit -v` an allocation that fails ends the process, and with
    /// it everybody who is inside.
    fn has_memory(&self) -> io::Result<()> {
        if !self.memory_is_limited {
            return Ok(());
        }
        let open = self.hub.registry.places() as u64;
        let needed = open.saturating_add(1).saturating_mul(self.manner.memory);
        match address_space_left() {
            Some(left) if left < needed.saturating_add(HEADROOM) => {
                Err(io::ErrorKind::OutOfMemory.into())
            }
            _ => Ok(()),
        }
    }

    fn prepare(&self, stream: &Stream) -> io::Result<Mailbox> {
        stream.prepare(self.hub.keepalive.as_ref())?;
        (self.manner.mailbox)()
    }

    fn turn_away(&mut self, stream: Stream, address: &Address, refusal: Refusal) {
        self.hub.counters.refused(refusal);
        self.hub.notice(&Notice::Refused { address, refusal });
        self.doorstep
            .turn_away(self.hub.clock.now(), stream, refusal.line());
    }

    /// No descriptor is left: give the reserve up for a moment, so that one peer can be told.
    fn refuse_with_reserve(&mut self, index: usize) {
        if self.reserve.take().is_none() {
            return;
        }
        if let Ok((stream, address)) = self.listeners[index].accept() {
            let refusal = self.hub.full;
            self.hub.counters.refused(refusal);
            self.hub.notice(&Notice::Refused {
                address: &address,
                refusal,
            });
            // It cannot stay: its descriptor is the reserve.
            tell(&stream, refusal.line());
        }
        self.reserve = Reserve::new(&self.listeners[0]);
    }
}
