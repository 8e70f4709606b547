//! One address: the way to it, the attempt, and what else answers there.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use super::RuleHit;

/// One address and what happened there.
#[derive(Debug, Clone, Serialize)]
pub struct Target {
    /// The address that was tried.
    pub address: SocketAddr,
    /// How this machine would send to it.
    pub way: Way,
    /// What connecting to it gave.
    pub attempt: ConnectAttempt,
    /// What else answers there; looked at when the attempt did not succeed.
    pub contrast: Contrast,
}

impl Target {
    /// Whether anything shows that a machine has this address.
    pub fn answers(&self) -> bool {
        let icmp = self.attempt.icmp.as_ref();
        self.attempt.outcome.answered()
            || self.contrast.host_answers()
            || icmp.is_some_and(|icmp| icmp.from == self.address.ip())
    }
}

/// How this machine would send to an address: its route, as far as it lies on this machine.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Way {
    /// The kernel's choice.
    pub route: Route,
    /// An interface that has a network with this address, and is down.
    pub down: Option<String>,
    /// That interface is switched on, and has no link.
    pub no_link: bool,
    /// What a rule of this machine does to such a packet when it leaves.
    pub outgoing: Option<RuleHit>,
}

impl Way {
    /// Whether this is the address that this machine sends from: its own errors come from there.
    pub fn is_from(&self, from: IpAddr) -> bool {
        match &self.route {
            Route::Direct { source, .. } | Route::Via { source, .. } => *source == Some(from),
            _ => from.is_loopback(),
        }
    }

    /// Why the interface is down.
    pub(crate) fn down_because(&self) -> &'static str {
        match self.no_link {
            true => "on, but nothing is at the other end of its cable or radio",
            false => "switched off",
        }
    }
}

/// The kernel's answer to "how would this be sent".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// The system does not tell.
    #[default]
    Unknown,
    /// The address is one of this machine's.
    Local,
    /// The address is a broadcast address of one of this machine's networks.
    Broadcast,
    /// The address is on a network of this machine.
    Direct {
        /// The interface.
        interface: String,
        /// The source address.
        source: Option<IpAddr>,
    },
    /// Through a router.
    Via {
        /// The router.
        gateway: IpAddr,
        /// The interface.
        interface: String,
        /// The source address.
        source: Option<IpAddr>,
    },
    /// There is none.
    None,
    /// A route of the given kind (`prohibit`, `unreachable`, `blackhole`) forbids it.
    Forbidden(&'static str),
}

/// What connecting to one address gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ConnectAttempt {
    /// How it ended.
    pub outcome: ConnectOutcome,
    /// How long it took.
    #[serde(serialize_with = "super::as_seconds")]
    pub took: Duration,
    /// The ICMP error that ended it, if one did and the kernel passed it on.
    pub icmp: Option<Icmp>,
    /// Whether this machine itself refused to send the repetition of the first packet; `None` when
    /// the system does not tell, or the time was too short for one.
    pub refused_to_send: Option<bool>,
}

/// How an attempt to connect ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectOutcome {
    /// Not tried.
    #[default]
    NotTried,
    /// Accepted; with the local address.
    Accepted(SocketAddr),
    /// Accepted, and reset before anything else could happen.
    ResetAtOnce,
    /// Connected to itself.
    SelfConnected,
    /// A reset, or an ICMP port unreachable.
    Refused,
    /// Nothing came in time.
    TimedOut,
    /// Host unreachable, by ICMP or because nobody on the network has the address.
    HostUnreachable,
    /// Network unreachable.
    NetworkUnreachable,
    /// This machine refuses to send (EACCES or EPERM).
    Forbidden,
    /// All local ports are in use (EADDRNOTAVAIL).
    NoLocalPort,
    /// No descriptor is left for a socket (EMFILE or ENFILE).
    NoDescriptors,
    /// The address family is missing on this machine (EAFNOSUPPORT).
    FamilyMissing,
    /// Another error, in the system's words.
    Other(String),
}

impl ConnectOutcome {
    /// Whether the other side's kernel answered, be it with a yes or with a no.
    pub fn answered(&self) -> bool {
        self.accepted() || *self == ConnectOutcome::Refused
    }

    /// Whether the connection came to be, however short it was.
    pub fn accepted(&self) -> bool {
        matches!(
            self,
            ConnectOutcome::Accepted(_) | ConnectOutcome::ResetAtOnce
        )
    }
}

/// An ICMP error as the kernel reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Icmp {
    /// The type (RFC 792, RFC 4443).
    pub kind: u8,
    /// The code.
    pub code: u8,
    /// Who sent it.
    pub from: IpAddr,
}

/// What else answers at an address that did not accept, by which a closed port, a firewall and an
/// absent machine are told apart: the control to the experiment.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Contrast {
    /// Neighbouring ports and what they gave.
    pub neighbours: Vec<(u16, ConnectOutcome)>,
    /// Ports one slip away from the one asked for that accept connections.
    pub open: Vec<u16>,
    /// Whether an echo request was answered; `None` when none could be sent.
    pub ping: Option<bool>,
    /// Whether the address, or the router towards it, answers on the link.
    pub link: Option<Link>,
}

impl Contrast {
    /// Whether anything at all shows that a machine has this address.
    pub fn host_answers(&self) -> bool {
        self.ping == Some(true) || self.port_answers()
    }

    /// Whether a neighbouring port answered.
    pub fn port_answers(&self) -> bool {
        !self.open.is_empty()
            || self
                .neighbours
                .iter()
                .any(|(_, outcome)| outcome.answered())
    }
}

/// What this machine's neighbour table (ARP for IPv4, neighbour discovery for IPv6) says of an
/// address on the same link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Link {
    /// The machine answered there.
    Answers,
    /// Nobody answered (ARP, or neighbour discovery, failed).
    Silent,
}
