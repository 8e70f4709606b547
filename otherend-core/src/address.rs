//! Where an end of a conversation is: data, with no way to get there.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use crate::escaped;

/// Where an end of a conversation is.
///
/// ```
/// use otherend_core::Address;
///
/// let address = Address::from(std::net::SocketAddr::from(([192, 0, 2, 1], 7)));
/// assert_eq!(address.to_string(), "192.0.2.1:7");
/// assert_eq!(address.port(), Some(7));
/// assert_eq!(Address::Path("/run/echo".into()).to_string(), "unix:/run/echo");
/// assert_eq!(Address::Path("/run/echo".into()).source(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Address {
    /// A host and a port of TCP or UDP.
    Inet(SocketAddr),
    /// A Unix socket in the file system.
    Path(PathBuf),
    /// A Unix socket in Linux's abstract name space, without its leading zero byte.
    Abstract(Vec<u8>),
    /// A Unix socket without a name, as every client's that has not asked for one.
    Unnamed,
}

impl Address {
    /// What limits per source and lists of who may connect work on; `None`: this machine, where the
    /// permissions of a socket's file say who may connect.
    #[must_use]
    pub fn source(&self) -> Option<IpAddr> {
        self.ip()
    }

    /// The IP address, where there is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.inet().map(|address| address.ip())
    }

    /// The port, where there is one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.inet().map(|address| address.port())
    }

    /// Host and port, where that is what it is.
    #[must_use]
    pub fn inet(&self) -> Option<SocketAddr> {
        match self {
            Address::Inet(address) => Some(*address),
            Address::Path(_) | Address::Abstract(_) | Address::Unnamed => None,
        }
    }

    /// Only this machine can have this address or reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.ip().is_none_or(|ip| ip.is_loopback())
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Address::Inet(address)
    }
}

/// So that whatever connects to a [`SocketAddr`] connects to an [`Address::Inet`] too; the others
/// are errors.
impl ToSocketAddrs for Address {
    type Iter = std::option::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        match self.inet() {
            Some(address) => Ok(Some(address).into_iter()),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{self} is no host and port"),
            )),
        }
    }
}

/// As users write it: `127.0.0.1:80`, `unix:/run/echo`, `unix:@name`. What drives a terminal is
/// escaped: a peer chooses the name of its own socket.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, name) = match self {
            Address::Inet(address) => return address.fmt(f),
            Address::Unnamed => return f.write_str("unix:"),
            Address::Path(path) => ("unix:", Cow::from(path.as_os_str().as_encoded_bytes())),
            Address::Abstract(name) => ("unix:@", Cow::from(&name[..])),
        };
        write!(f, "{mark}{}", escaped(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_it_is_written() {
        let inet = |text: &str| Address::Inet(text.parse().unwrap());
        for (address, shown) in [
            (inet("127.0.0.1:80"), "127.0.0.1:80"),
            (inet("[::1]:80"), "[::1]:80"),
            (Address::Path("/run/a b".into()), "unix:/run/a b"),
            (Address::Abstract(b"na\x1bme".to_vec()), "unix:@na\\x1bme"),
            (Address::Unnamed, "unix:"),
        ] {
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn only_hosts_are_a_source() {
        let host = Address::Inet("192.0.2.1:80".parse().unwrap());
        assert_eq!(host.source(), Some(IpAddr::from([192, 0, 2, 1])));
        assert!(!host.is_local());
        assert!(Address::Inet("[::1]:80".parse().unwrap()).is_local());
        assert!(Address::Unnamed.is_local());
        let nowhere = Address::Unnamed.to_socket_addrs().unwrap_err();
        assert_eq!(nowhere.to_string(), "unix: is no host and port");
    }
}
