//! Contrast: what else answers at an address that did not accept. A neighbouring port, an echo
//! request and the link's neighbour table tell a closed port, a firewall and an absent machine
//! apart.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use crate::evidence::{ConnectAttempt, ConnectOutcome, Contrast, Route, Way};
use crate::interfaces::Scope;
use crate::{probe, slip, system};

/// Ports that often answer, or are closed and say so, on machines that are up.
const OTHERS: [u16; 3] = [22, 80, 443];

// One silent port says little. What is silent beside it tells who is silent:
//
//   port 8080    port 8081, 22    echo, ARP    then it is
//   silent       refused          -            a firewall for this port, or a full queue
//   silent       silent           answered     a firewall for all of them, or answers that are lost
//   silent       silent           silent       a firewall before them all, or nobody there
/// Look what else answers at the address.
pub(crate) fn look(
    address: SocketAddr,
    way: &Way,
    attempt: &ConnectAttempt,
    limit: Duration,
) -> Contrast {
    match attempt.outcome {
        ConnectOutcome::Refused if attempt.icmp.is_none() && way.route != Route::Local => {
            near_ports(address, limit)
        }
        ConnectOutcome::TimedOut => others(address, way, limit),
        ConnectOutcome::HostUnreachable => Contrast {
            link: link(address.ip(), way),
            ..Contrast::default()
        },
        _ => Contrast::default(),
    }
}

/// The port was refused: does a port one slip away accept? Only on networks of one's own kind:
/// nobody else's machine is searched.
fn near_ports(address: SocketAddr, limit: Duration) -> Contrast {
    if Scope::of(address.ip()) == Scope::Global {
        return Contrast::default();
    }
    let near: Vec<SocketAddr> = slip::ports_near(address.port())
        .into_iter()
        .map(|port| SocketAddr::new(address.ip(), port))
        .collect();
    let probes = probe::connect_all(&near, limit, |_| ());
    let accepts = |p: &&probe::Probe| p.attempt.outcome.accepted();
    Contrast {
        open: probes
            .iter()
            .filter(accepts)
            .map(|p| p.address.port())
            .collect(),
        neighbours: probes
            .iter()
            .map(|p| (p.address.port(), p.attempt.outcome.clone()))
            .collect(),
        ..Contrast::default()
    }
}

/// Nothing came back: is anybody there?
fn others(address: SocketAddr, way: &Way, limit: Duration) -> Contrast {
    // The next port is one that a firewall seldom names: where it is silent, too, the rule is general.
    let next = address.port().checked_add(1).unwrap_or(address.port() - 1);
    let addresses: Vec<SocketAddr> = [next]
        .into_iter()
        .chain(OTHERS)
        .filter(|port| *port != address.port())
        .map(|port| SocketAddr::new(address.ip(), port))
        .collect();
    let started = Instant::now();
    let ping = Ping::send(address);
    let probes = probe::connect_all(&addresses, limit, |_| ());
    let ping = ping.map(|ping| ping.answered(limit.saturating_sub(started.elapsed())));
    Contrast {
        neighbours: probes
            .iter()
            .map(|p| (p.address.port(), p.attempt.outcome.clone()))
            .collect(),
        open: Vec::new(),
        ping,
        link: link(address.ip(), way),
    }
}

/// The machine itself on the same link, or the router towards it.
fn link(address: IpAddr, way: &Way) -> Option<crate::Link> {
    match &way.route {
        Route::Direct { .. } => system::link_of(address),
        Route::Via { gateway, .. } => system::link_of(*gateway),
        _ => None,
    }
}

/// An echo request on its way (RFC 792, RFC 4443 §4.1), over a socket that needs no privilege.
struct Ping {
    socket: Socket,
}

impl Ping {
    /// `None` where the system does not let this user send one.
    fn send(address: SocketAddr) -> Option<Ping> {
        // SOCK_DGRAM and not SOCK_RAW: open to all users within net.ipv4.ping_group_range.
        let (protocol, kind) = match address {
            SocketAddr::V4(_) => (Protocol::ICMPV4, 8),
            SocketAddr::V6(_) => (Protocol::ICMPV6, 128),
        };
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(protocol)).ok()?;
        socket
            .connect(&SocketAddr::new(address.ip(), 0).into())
            .ok()?;
        // The kernel fills in the checksum and the identifier.
        socket
            .send(&[
                kind, 0, 0, 0, 0, 0, 0, 1, b'o', b't', b'h', b'e', b'r', b'e', b'n', b'd',
            ])
            .ok()?;
        Some(Ping { socket })
    }

    fn answered(mut self, limit: Duration) -> bool {
        let limit = limit.max(Duration::from_millis(1));
        let waiting = self.socket.set_read_timeout(Some(limit));
        waiting.is_ok() && self.socket.read(&mut [0; 64]).is_ok()
    }
}
