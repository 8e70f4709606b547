//! Where to listen, and for what.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use otherend_core::Address;

/// Where to listen, and for what: streams or datagrams.
///
/// As text: `HOST:PORT` with an address as the host, `udp://HOST:PORT`, `unix:/path`, and
/// `unix:@name` in Linux's abstract name space.
///
/// ```
/// use otherend_net::endpoint::Listen;
///
/// let listen: Listen = "udp://127.0.0.1:0".parse()?;
/// assert_eq!(listen, Listen::Datagrams(([127, 0, 0, 1], 0).into()));
/// assert_eq!("unix:@echo".parse::<Listen>()?.to_string(), "unix:@echo");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Listen {
    /// For streams: TCP or a Unix socket, as the address is.
    Stream(Address),
    /// For datagrams: UDP.
    Datagrams(SocketAddr),
}

impl Listen {
    /// The address alone.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Listen::Stream(address) => address.clone(),
            Listen::Datagrams(address) => (*address).into(),
        }
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Listen::Stream(address.into())
    }
}

impl From<Address> for Listen {
    fn from(address: Address) -> Self {
        Listen::Stream(address)
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inet = |host: &str| {
            let parsed = host.parse::<SocketAddr>();
            parsed.map_err(|error| format!("{text:?} is no address to listen on: {error}"))
        };
        if let Some(host) = text.strip_prefix("udp://") {
            return inet(host).map(Listen::Datagrams);
        }
        match text.strip_prefix("unix:") {
            None => inet(text.strip_prefix("tcp://").unwrap_or(text)).map(Listen::from),
            Some("" | "@") => Err(format!("{text:?} has no name: unix:/path or unix:@name")),
            Some(name) => Ok(Listen::Stream(match name.strip_prefix('@') {
                Some(name) => Address::Abstract(name.into()),
                None => Address::Path(name.into()),
            })),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Stream(address) => address.fmt(f),
            Listen::Datagrams(address) => write!(f, "udp://{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "127.0.0.1:80",
            "[::1]:80",
            "udp://127.0.0.1:80",
            "unix:/run/echo",
            "unix:@echo",
        ] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in ["", "localhost:80", "udp://80", "unix:", "unix:@"] {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
