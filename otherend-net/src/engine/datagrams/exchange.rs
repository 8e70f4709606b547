//! The loop of a UDP server: one thread, which waits for datagrams, orders and deadlines.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use otherend_core::{Outbox, Time};

use super::correspondent::{Correspondent, Way, Withheld};
use super::guard::LoopCheck;
use super::rate_limit::RateLimit;
use crate::accept::admission::Admission;
use crate::accept::backoff::Backoff;
use crate::engine::Buffers;
use crate::engine::conversations::Conversations;
use crate::hub::Hub;
use crate::hub::admitted::Admitted;
use crate::hub::mailbox::Mailbox;
use crate::system::poll::{self, Awaited, Interest};
use crate::watch::{Notice, Refusal};

/// How many datagrams are taken from one socket before the others and the orders are looked at.
const BATCH: usize = 64;
/// So many errors of single datagrams in one batch are no accident: pause.
const IN_VAIN: usize = 16;
/// How many that have arrived before a stop are still answered, for each socket.
const LAST: usize = 65_536;
/// See [`Exchange::fresh`].
const FRESH: Duration = Duration::from_secs(10);
/// Ports below this belong to services (RFC 6335 §6), some of which answer whatever they get.
const FIRST_PORT: u16 = 1024;

/// Which of our sockets, and from where.
type Key = (usize, SocketAddr);

/// The sockets of one server and all of its peers.
pub(crate) struct Exchange {
    hub: Arc<Hub>,
    admission: Admission,
    conversations: Arc<Conversations>,
    sockets: Vec<UdpSocket>,
    peers: HashMap<Key, Correspondent>,
    /// No peer has a deadline before this.
    tick_at: Option<Time>,
    /// Whoever was heard within this time does not lose its place to somebody new.
    fresh: Duration,
    /// Before this nobody will have been silent for long enough to lose its place.
    crowded_until: Time,
    input: Box<[u8]>,
    outbox: Outbox,
    withheld: Vec<Withheld>,
    backoff: Backoff,
    told: RateLimit,
}

impl Exchange {
    pub(crate) fn new(
        hub: Arc<Hub>,
        admission: Admission,
        conversations: Arc<Conversations>,
        sockets: Vec<UdpSocket>,
    ) -> Self {
        let Buffers { input, outbox } = Buffers::new();
        Exchange {
            hub,
            admission,
            conversations,
            sockets,
            peers: HashMap::new(),
            tick_at: None,
            fresh: FRESH,
            crowded_until: Time::ZERO,
            input,
            outbox,
            withheld: Vec::new(),
            backoff: Backoff::new(),
            told: RateLimit::default(),
        }
    }

    /// Serve until the server stops, answer what has arrived by then, and let conversations end.
    pub(crate) fn run(mut self) {
        while !self.hub.is_stopping() {
            for index in self.wait(true) {
                self.hear_some(index, BATCH);
            }
            self.tick();
        }
        // As the streams' acceptor does: what has arrived by now is answered, and then everybody is
        // told to come to an end.
        for index in 0..self.sockets.len() {
            self.hear_some(index, LAST);
        }
        self.follow_orders();
        while !self.peers.is_empty() {
            self.wait(false);
            self.tick();
        }
    }

    /// Wait for datagrams if `hearing`, orders and deadlines; which sockets have datagrams?
    fn wait(&mut self, hearing: bool) -> Vec<usize> {
        let clock = self.hub.clock;
        let pause = self.backoff.remaining(clock.now());
        let deadline = self.tick_at.map(|deadline| clock.until(deadline));
        let timeout = [pause, deadline].into_iter().flatten().min();
        let mut all = vec![poll::awaited(&*self.hub.door, Interest::READ)];
        if hearing && pause.is_none() && !self.hub.is_suspended() {
            let sockets = self.sockets.iter();
            all.extend(sockets.map(|socket| poll::awaited(socket, Interest::READ)));
        }
        if !poll::wait(&mut all, timeout) {
            return Vec::new();
        }
        let ready = |awaited: &Awaited<'_>| poll::readiness(awaited).is_any();
        let rung = ready(&all[0]);
        let sockets = all[1..].iter().enumerate();
        let sockets = sockets.filter(|(_, awaited)| ready(awaited));
        let sockets = sockets.map(|(index, _)| index).collect();
        if rung {
            self.hub.door.silence();
            self.hub.clean_up();
            // At a stop what has arrived comes first.
            if !(hearing && self.hub.is_stopping()) {
                self.follow_orders();
            }
        }
        sockets
    }

    /// Hear the datagrams that wait in one socket, `most` at most.
    fn hear_some(&mut self, index: usize, most: usize) {
        let mut input = std::mem::take(&mut self.input);
        let mut in_vain = 0;
        for _ in 0..most {
            match self.sockets[index].recv_from(&mut input) {
                Ok((length, from)) => {
                    self.backoff.reset();
                    self.hear(index, from, &input[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if in_vain < IN_VAIN && concerns_one_datagram(&error) => in_vain += 1,
                Err(error) => {
                    self.hub.accept_failed(&error);
                    self.backoff.fail(self.hub.clock.now());
                    break;
                }
            }
        }
        self.input = input;
    }

    fn hear(&mut self, index: usize, from: SocketAddr, datagram: &[u8]) {
        let key = (index, from);
        if !self.peers.contains_key(&key)
            && let Err(refusal) = self.let_in(key)
        {
            return self.refuse(from, refusal);
        }
        let Some(peer) = self.peers.get_mut(&key) else {
            return;
        };
        let mut way = Way {
            socket: &self.sockets[index],
            outbox: &mut self.outbox,
            withheld: &mut self.withheld,
        };
        let heard = peer.hear(&mut way, datagram);
        if peer.is_over() {
            self.peers.remove(&key);
        } else {
            self.tick_at = Time::earliest(self.tick_at, peer.deadline());
        }
        if heard == LoopCheck::Looping {
            self.refuse(from, Refusal::Loop);
        }
        self.tell_withheld();
    }

    /// Begin a conversation with somebody new.
    fn let_in(&mut self, key: Key) -> Result<(), Refusal> {
        let (index, from) = key;
        if from.port() < FIRST_PORT {
            return Err(Refusal::LowPort);
        }
        if !is_one_machine(from.ip()) {
            return Err(Refusal::NotAllowed);
        }
        // Where it is not known, nobody is let in.
        let local = self.sockets[index].local_addr().unwrap_or(from);
        if local == from {
            return Err(Refusal::Loop);
        }
        match self.admission.check(Some(from.ip()), &self.hub.registry) {
            Err(Refusal::Full) if self.make_room() => {}
            admitted => admitted?,
        }
        self.hub.counters.accepted();
        let peer = self.hub.introduce(from.into(), local.into());
        let mailbox = Mailbox::with_common_bell(Arc::clone(&self.hub.door));
        let admitted = Admitted::new(&self.hub, peer, mailbox);
        if let Some(peer) = Correspondent::begin(from, admitted, &self.conversations) {
            self.peers.insert(key, peer);
        }
        Ok(())
    }

    /// Forget the peer that was silent for longest, if it was for long enough.
    fn make_room(&mut self) -> bool {
        let now = self.hub.clock.now();
        // A look for the oldest is a look at all of them, which strangers must not be able to ask
        // for at will. Who was silent for longest was heard at some moment: until 10 s after that
        // there is nobody to find, and a stranger is refused by this comparison alone.
        if now < self.crowded_until {
            return false;
        }
        let oldest = self.peers.iter().min_by_key(|(_, peer)| peer.heard);
        let Some((&key, oldest)) = oldest else {
            return false;
        };
        self.crowded_until = oldest.heard + self.fresh;
        if now < self.crowded_until {
            return false;
        }
        if let Some(mut peer) = self.peers.remove(&key) {
            peer.forget(now);
        }
        true
    }

    /// Count what is not answered, and say so now and then.
    fn refuse(&mut self, address: SocketAddr, refusal: Refusal) {
        self.hub.counters.refused(refusal);
        if self.told.allows(self.hub.clock.now(), refusal.label()) {
            let address = &address.into();
            self.hub.notice(&Notice::Refused { address, refusal });
        }
    }

    fn tell_withheld(&mut self) {
        for Withheld { address, error } in self.withheld.drain(..) {
            self.hub.counters.withheld();
            if self.told.allows(self.hub.clock.now(), "withheld") {
                let (address, error) = (&address.into(), error.as_ref());
                self.hub.notice(&Notice::Withheld { address, error });
            }
        }
    }

    fn follow_orders(&mut self) {
        self.with_all(Correspondent::follow_orders);
    }

    /// Carry out the deadlines that have passed.
    fn tick(&mut self) {
        let now = self.hub.clock.now();
        if self.tick_at.is_some_and(|deadline| now >= deadline) {
            self.with_all(|peer, way| peer.tick(way, now));
        }
    }

    /// Do something with every peer in the order in which they came, let those go that are done,
    /// and look for the next deadline.
    fn with_all(&mut self, act: impl Fn(&mut Correspondent, &mut Way<'_>)) {
        // A hash map has another order in each run, and the one in which peers hear of a stop is
        // one that they, and tests, can see.
        let mut peers: Vec<_> = self.peers.iter_mut().collect();
        peers.sort_unstable_by_key(|(_, peer)| peer.number);
        self.tick_at = None;
        for ((index, _), peer) in peers {
            let mut way = Way {
                socket: &self.sockets[*index],
                outbox: &mut self.outbox,
                withheld: &mut self.withheld,
            };
            act(peer, &mut way);
            self.tick_at = Time::earliest(self.tick_at, peer.deadline());
        }
        self.peers.retain(|_, peer| !peer.is_over());
        self.tell_withheld();
    }
}

/// An earlier datagram of ours did not arrive (ICMP), or one of theirs was lost; the socket is as
/// good as before.
fn concerns_one_datagram(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
}

/// Not an address of many, which nobody sends from.
fn is_one_machine(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(broadcast || address.is_multicast() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use otherend_core::{AnyBehaviour, Echo, Framing};

    use super::*;
    use crate::ServerConfig;
    use crate::server::bound::{Bound, Sockets};

    /// The exchange of an echo server on loopback for so many peers.
    fn exchange(peers: usize) -> Exchange {
        let mut config = ServerConfig {
            max_clients: Some(peers),
            ..ServerConfig::default()
        };
        config.settings.framing = Framing::Datagram;
        let place = "udp://127.0.0.1:0".parse().unwrap();
        let bound = Bound::new(&[place], &config.terms(), 0, |_| {}).unwrap();
        let Sockets::Datagrams(sockets) = bound.sockets else {
            panic!("these are for streams");
        };
        let conversations = Conversations {
            settings: Arc::new(config.settings),
            make_handler: Box::new(|_| AnyBehaviour::Echo(Echo::default()).into()),
        };
        Exchange::new(bound.hub, bound.admission, Arc::new(conversations), sockets)
    }

    #[test]
    fn somebody_new_takes_the_place_of_who_was_silent_for_longest() {
        let mut exchange = exchange(2);
        exchange.fresh = Duration::ZERO;
        let peer = |port| SocketAddr::from(([127, 0, 0, 1], port));
        for port in [2001, 2002, 2001, 2003] {
            exchange.hear(0, peer(port), b"here");
        }
        let mut here: Vec<u16> = exchange.peers.keys().map(|key| key.1.port()).collect();
        here.sort_unstable();
        assert_eq!(here, [2001, 2003]);
        let stats = exchange.hub.counters.stats();
        assert_eq!((stats.accepted, stats.ended, stats.refused), (3, 1, 0));
    }

    #[test]
    fn who_was_heard_just_now_keeps_its_place() {
        let mut exchange = exchange(1);
        for port in [2001, 2002, 2003] {
            exchange.hear(0, SocketAddr::from(([127, 0, 0, 1], port)), b"here");
        }
        let stats = exchange.hub.counters.stats();
        assert_eq!((stats.accepted, stats.refused), (1, 2));
    }

    #[test]
    fn nobody_speaks_for_many() {
        let mut exchange = exchange(9);
        for address in [
            "255.255.255.255:5000",
            "224.0.0.1:5000",
            "0.0.0.0:5000",
            "127.0.0.1:53",
        ] {
            exchange.hear(0, address.parse().unwrap(), b"here");
        }
        let stats = exchange.hub.counters.stats();
        assert_eq!((stats.accepted, stats.refused), (0, 4));
    }
}
