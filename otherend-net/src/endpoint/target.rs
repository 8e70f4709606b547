//! Where to connect to, and over what.

use std::fmt;
use std::net::SocketAddr;

use otherend_core::Address;

use super::Endpoint;

/// Where a client connects to, and over what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// Over TCP.
    Stream(Endpoint),
    /// Over UDP, where nothing is connected.
    Datagrams(Endpoint),
    /// Over the Unix socket of this name.
    Unix(Address),
}

impl From<&Endpoint> for Target {
    fn from(endpoint: &Endpoint) -> Self {
        Target::Stream(endpoint.clone())
    }
}

impl From<Endpoint> for Target {
    fn from(endpoint: Endpoint) -> Self {
        Target::Stream(endpoint)
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Target::Stream(address.into())
    }
}

/// Over TCP or a Unix socket, as the address is.
impl From<&Address> for Target {
    fn from(address: &Address) -> Self {
        match address {
            Address::Inet(address) => (*address).into(),
            named => Target::Unix(named.clone()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Stream(endpoint) => endpoint.fmt(f),
            Target::Datagrams(endpoint) => write!(f, "udp://{endpoint}"),
            Target::Unix(address) => address.fmt(f),
        }
    }
}
