//! What resolving a name gave.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

/// A resolver that takes longer delays each connection noticeably.
const SLOW: Duration = Duration::from_secs(1);

/// What the resolver said.
#[derive(Debug, Clone, Serialize)]
pub struct NameLookup {
    /// How it ended.
    pub outcome: NameOutcome,
    /// The addresses, in the resolver's order.
    pub addresses: Vec<IpAddr>,
    /// Where the addresses came from, as far as it can be told.
    pub source: NameSource,
    /// How long it took.
    #[serde(serialize_with = "super::as_seconds")]
    pub took: Duration,
    /// What each configured resolver answered when it was asked directly.
    pub resolvers: Vec<Resolver>,
}

impl NameLookup {
    /// Looking the name up delays whoever connects by it.
    pub(crate) fn is_slow(&self) -> bool {
        self.outcome == NameOutcome::Late || self.outcome == NameOutcome::Found && self.took >= SLOW
    }
}

/// How the resolution of a name ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameOutcome {
    /// At least one address.
    Found,
    /// The name does not exist.
    Unknown,
    /// The name exists, without an address of the wanted family.
    NoFamily,
    /// The system's resolver had not answered yet when a name server, asked directly, had given
    /// the addresses.
    Late,
    /// It is a name, and names are not to be looked up.
    LookupOff,
    /// The system's resolver got no answer in time.
    Silent,
    /// A resolver answered with an error of its own, or the system with the text given.
    Failed(String),
}

/// Where a name's addresses came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameSource {
    /// The hosts file.
    HostsFile,
    /// A resolver that was asked directly gave the same.
    Dns,
    /// The system's own ways (mDNS, a directory service, …), or it cannot be told.
    System,
}

/// A configured resolver and what it answered.
#[derive(Debug, Clone, Serialize)]
pub struct Resolver {
    /// Its address.
    pub address: SocketAddr,
    /// What it answered.
    pub answer: ResolverAnswer,
    /// The addresses that it gave.
    pub addresses: Vec<IpAddr>,
    /// How long it took, or how long it was waited for.
    #[serde(serialize_with = "super::as_seconds")]
    pub took: Duration,
}

/// A resolver's answer to a question for a name's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolverAnswer {
    /// So many addresses.
    Addresses(u16),
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The name exists without such an address.
    NoSuchAddress,
    /// Another response code (RFC 1035 §4.1.1), such as 2 for a failure and 5 for a refusal.
    Error(u8),
    /// No answer in time.
    Silent,
    /// Nobody listens there: the machine answered with an error.
    Unreachable,
}
