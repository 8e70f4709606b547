//! What the checks found out, as plain values: everything the verdict may use and nothing else. They
//! can be built by hand, as the tests of every cause do.
//! What a system does not let us know is `None` or `Unknown`, never a guess.

mod listen;
mod machine;
mod name;
mod talk;
mod target;

use std::net::IpAddr;
use std::time::Duration;

use otherend_net::endpoint::Family;
use serde::Serialize;

pub use listen::{BindAttempt, BindOutcome, ListenEvidence};
pub use machine::{AcceptQueue, Listening, LocalServer, RuleAction, RuleHit, Rules, ServerProcess};
pub use name::{NameLookup, NameOutcome, NameSource, Resolver, ResolverAnswer};
pub use talk::{End, OtherEnd, Talk, TlsAnswer};
pub use target::{ConnectAttempt, ConnectOutcome, Contrast, Icmp, Link, Route, Target, Way};

/// Everything known about one attempt to reach a server.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Evidence {
    /// What was asked for.
    pub asked: Asked,
    /// What looks wrong with the address itself.
    pub oddities: Vec<Oddity>,
    /// What the resolver said; `None` when the address was numeric.
    pub name: Option<NameLookup>,
    /// One entry for each address that the host stands for, in the order of the resolver.
    pub targets: Vec<Target>,
    /// Whether this machine's firewall rules could be read.
    pub rules_read: bool,
    /// What this machine knows about the server, when it runs here.
    pub machine: Option<LocalServer>,
    /// What was said after a connection was accepted.
    pub talk: Option<Talk>,
    /// What the other end saw, when it is otherend's too and both diagnose together.
    pub other_end: Option<OtherEnd>,
}

/// What was asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Asked {
    /// The host as it was written, without the port.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Which address family was wanted.
    #[serde(serialize_with = "as_text")]
    pub family: Family,
    /// Whether TLS is to be spoken.
    pub tls: bool,
    /// The line to say.
    pub say: Option<String>,
    /// The text that the reply must contain.
    pub expect: Option<String>,
}

/// Something about an address that looks like a slip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Oddity {
    /// The port is 0.
    PortZero,
    /// The address is `0.0.0.0` or `::`, which means "any" and can only be listened on.
    Unspecified,
    /// The address is a multicast address.
    Multicast,
    /// The address is one slip away from a network of this machine.
    NearOwnNetwork {
        /// The network, as `192.168.1.0/24`.
        network: String,
        /// What was probably meant.
        meant: IpAddr,
    },
}

pub(crate) fn as_seconds<S: serde::Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(took.as_secs_f64())
}

fn as_optional_seconds<S: serde::Serializer>(
    took: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match took {
        Some(took) => as_seconds(took, to),
        None => to.serialize_none(),
    }
}

fn as_text<S: serde::Serializer>(value: &Family, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}
