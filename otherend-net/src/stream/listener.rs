//! What listens for streams, whatever carries them.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};

use otherend_core::Address;

use super::unix::{self, NamedListener};
use super::{Stream, tcp, udp};
use crate::error::BindError;
use crate::system::socket::{AsSocket, BorrowedSocket};

/// A listening socket; dropping it stops listening.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(NamedListener),
}

impl Listener {
    /// Listen at `address`, without blocking.
    pub(crate) fn at(address: &Address, backlog: i32) -> io::Result<Listener> {
        match address {
            Address::Inet(address) => tcp::listen(*address, backlog).map(Listener::Tcp),
            Address::Path(path) => unix::listen_at(path, backlog).map(Listener::Unix),
            Address::Abstract(name) => unix::listen_as(name, backlog).map(Listener::Unix),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "nobody could find a socket without a name",
            )),
        }
    }

    /// The next who comes, and from where.
    pub(crate) fn accept(&self) -> io::Result<(Stream, Address)> {
        match self {
            Listener::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                Ok((Stream::Tcp(stream), address.into()))
            }
            Listener::Unix(listener) => {
                let (stream, name) = listener.socket.accept()?;
                Ok((Stream::Unix(stream), unix::address(&name)))
            }
        }
    }

    /// From now on nobody new comes to wait here. Those who wait already can still be accepted.
    pub(crate) fn turn_newcomers_away(&self) {
        match self {
            Listener::Tcp(listener) => tcp::turn_newcomers_away(listener),
            Listener::Unix(listener) => unix::turn_newcomers_away(&listener.socket),
        }
    }

    /// Where it really listens.
    pub(crate) fn address(&self) -> io::Result<Address> {
        match self {
            Listener::Tcp(listener) => listener.local_addr().map(Address::from),
            Listener::Unix(listener) => {
                let name = listener.socket.local_addr();
                name.map(|name| unix::address(&name))
            }
        }
    }
}

impl AsSocket for Listener {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        match self {
            Listener::Tcp(listener) => listener.as_fd(),
            Listener::Unix(listener) => listener.socket.as_fd(),
        }
    }
}

/// A listener for each of `addresses`.
pub(crate) fn listen_on_all(
    addresses: &[Address],
    backlog: i32,
) -> Result<Vec<Listener>, BindError> {
    let listen = |address: &Address| Listener::at(address, backlog);
    bind_all(addresses, listen, Listener::address)
}

/// A socket for datagrams on each of `addresses`.
pub(crate) fn take_datagrams_on_all(addresses: &[Address]) -> Result<Vec<UdpSocket>, BindError> {
    let take = |address: &Address| match address.inet() {
        Some(address) => udp::take_datagrams(address),
        None => Err(io::ErrorKind::Unsupported.into()),
    };
    bind_all(addresses, take, |socket| {
        socket.local_addr().map(Address::from)
    })
}

/// A socket for each of `addresses`. Port 0 takes a free port, the same for all where it is free
/// on all of them.
fn bind_all<S>(
    addresses: &[Address],
    bind: impl Fn(&Address) -> io::Result<S>,
    bound_to: impl Fn(&S) -> io::Result<Address>,
) -> Result<Vec<S>, BindError> {
    let mut sockets = Vec::with_capacity(addresses.len());
    let mut free_port = None;
    for address in addresses {
        // `localhost:0` is 127.0.0.1:0 and [::1]:0, and whoever reads "port 40001" may try either.
        // So the port that the first is given is asked for on the next.
        let wanted = match (address, free_port) {
            (Address::Inet(any), Some(port)) if any.port() == 0 => {
                SocketAddr::new(any.ip(), port).into()
            }
            _ => address.clone(),
        };
        // Somebody else may have that port of this address, as the address itself has if it stands
        // there twice.
        let bound = bind(&wanted).or_else(|cause| match cause.kind() {
            io::ErrorKind::AddrInUse if wanted != *address => bind(address),
            _ => Err(cause),
        });
        let socket = match bound {
            Ok(socket) => socket,
            Err(cause) => {
                return Err(BindError::Listen {
                    address: wanted,
                    cause,
                });
            }
        };
        if address.port() == Some(0) {
            free_port = bound_to(&socket).ok().and_then(|bound| bound.port());
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_the_same_for_all_addresses_where_that_is_possible() {
        let listen = |addresses: [&str; 3]| {
            let addresses: Vec<Address> = addresses
                .iter()
                .map(|address| address.parse::<SocketAddr>().unwrap().into())
                .collect();
            let ports = |bound: Vec<Address>| bound.iter().filter_map(Address::port).collect();
            let streams = listen_on_all(&addresses, 1).unwrap();
            let datagrams = take_datagrams_on_all(&addresses).unwrap();
            let streams = streams.iter().map(|listener| listener.address().unwrap());
            let datagrams = datagrams
                .iter()
                .map(|socket| socket.local_addr().unwrap().into());
            let both: [Vec<u16>; 2] = [ports(streams.collect()), ports(datagrams.collect())];
            both
        };
        // Nearly always; somebody else may have the port of the other address.
        let same = |ports: &Vec<u16>| ports[0] == ports[1];
        let shared = (0..10).map(|_| listen(["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"]));
        assert!(shared.flatten().any(|ports| same(&ports)));
        for ports in listen(["127.0.0.1:0", "127.0.0.1:0", "127.0.0.2:0"]) {
            assert!(!same(&ports) && !ports.contains(&0), "{ports:?}");
        }
    }
}
