//! Where the other end is: a host and a port, in every form that users write.
//!
//! An [`Endpoint`] that exists is valid: parsing explains what is wrong and what to write
//! instead, so nothing after it has to check again. Names are looked up in `resolve` only.

mod listen;
mod order;
mod parse;
mod resolve;
mod target;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

pub use listen::Listen;
pub use order::interleave;
pub use parse::EndpointError;
pub use resolve::ResolveError;
pub use target::Target;

/// A host and a port: where to connect to, or where to listen.
///
/// Accepted when parsed from text: `HOST:PORT`, `HOST PORT`, `[::1]:PORT`, `:PORT` and `PORT`
/// (loopback), an IP address alone (port 8080), and blank ([`Endpoint::DEFAULT`]).
///
/// ```
/// use otherend_net::endpoint::Endpoint;
///
/// let endpoint: Endpoint = "[fe80::1%eth0]:8080".parse()?;
/// assert_eq!(endpoint.port(), 8080);
/// assert_eq!("".parse::<Endpoint>()?.to_string(), "127.0.0.1:8080");
/// # Ok::<(), otherend_net::endpoint::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: Host,
    port: u16,
}

/// The host of an [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// A name, to be looked up: ASCII letters, digits, `-`, `_` and dots.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address and, where it is link-local, the interface it belongs to.
    V6 {
        /// The address itself.
        address: Ipv6Addr,
        /// What stood after `%`: an interface's name or index (RFC 4007 section 11).
        zone: Option<String>,
    },
}

/// Which addresses are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Family {
    /// IPv4 and IPv6.
    #[default]
    Any,
    /// IPv4 only (`-4`).
    V4,
    /// IPv6 only (`-6`).
    V6,
}

impl Endpoint {
    /// What a blank address means: 127.0.0.1:8080.
    pub const DEFAULT: Endpoint = Endpoint {
        host: Host::V4(Ipv4Addr::LOCALHOST),
        port: 8080,
    };

    /// The one endpoint that command-line words mean: none is [`Endpoint::DEFAULT`], `HOST PORT`
    /// may be two words.
    ///
    /// # Errors
    ///
    /// When the words are no address, or are more than one.
    pub fn from_words(words: &[impl AsRef<str>]) -> Result<Endpoint, EndpointError> {
        let mut endpoints = Endpoint::list_from_words(words)?;
        match (endpoints.pop(), endpoints.is_empty()) {
            (None, _) => Ok(Endpoint::DEFAULT),
            (Some(endpoint), true) => Ok(endpoint),
            (Some(_), false) => Err(parse::several(words)),
        }
    }

    /// Every endpoint that command-line words mean. A host without a port takes the word after
    /// it as its port, so `localhost 80 9090` is two endpoints.
    ///
    /// # Errors
    ///
    /// When one of the words is no address, or a port stands before its host.
    pub fn list_from_words(words: &[impl AsRef<str>]) -> Result<Vec<Endpoint>, EndpointError> {
        parse::words(words)
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port; 0 lets the system choose when listening.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The same host with another port.
    #[must_use]
    pub fn with_port(self, port: u16) -> Endpoint {
        Endpoint { port, ..self }
    }
}

impl Family {
    /// Whether an address belongs to this family.
    #[must_use]
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Endpoint, EndpointError> {
        parse::endpoint(text)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Endpoint {
        let host = match address {
            SocketAddr::V4(v4) => Host::V4(*v4.ip()),
            SocketAddr::V6(v6) => Host::V6 {
                address: *v6.ip(),
                zone: (v6.scope_id() != 0).then(|| v6.scope_id().to_string()),
            },
        };
        let port = address.port();
        Endpoint { host, port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::V6 { .. } => write!(f, "[{}]:{}", self.host, self.port),
            Host::V4(_) | Host::Name(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => address.fmt(f),
            Host::V6 {
                address,
                zone: None,
            } => address.fmt(f),
            Host::V6 {
                address,
                zone: Some(zone),
            } => write!(f, "{address}%{zone}"),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Any => "IPv4 or IPv6",
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}
