//! What was found out about an address to listen on.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::{Asked, Listening, NameLookup, Rules};

/// What was found out about an address to listen on.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ListenEvidence {
    /// What was asked for.
    pub asked: Asked,
    /// For datagrams, not for connections.
    pub udp: bool,
    /// The addresses asked for, with what binding to each gave.
    pub binds: Vec<BindAttempt>,
    /// What the resolver said, when the address was a name.
    pub name: Option<NameLookup>,
    /// Who holds the port, on whatever address.
    pub holders: Vec<Listening>,
    /// TCP connections of the port in TIME_WAIT, which are no obstacle.
    pub time_wait: usize,
    /// The addresses of this machine.
    pub own: Vec<IpAddr>,
    /// The first port that needs no privilege.
    pub first_unprivileged: Option<u16>,
    /// The nearest port that is free on all the addresses asked for.
    pub nearest_free: Option<u16>,
    /// What the firewall rules say about connections from outside.
    pub rules: Rules,
}

/// What binding to one address gave.
#[derive(Debug, Clone, Serialize)]
pub struct BindAttempt {
    /// The address.
    pub address: SocketAddr,
    /// What happened.
    pub outcome: BindOutcome,
}

/// How binding and listening ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BindOutcome {
    /// It can be listened on.
    Free,
    /// Another socket has it (EADDRINUSE).
    Taken,
    /// The address is not one of this machine's (EADDRNOTAVAIL).
    NotHere,
    /// Not allowed (EACCES or EPERM).
    Forbidden,
    /// The family is missing (EAFNOSUPPORT).
    FamilyMissing,
    /// No descriptors (EMFILE or ENFILE).
    NoDescriptors,
    /// Another error, in the system's words.
    Other(String),
}
