//! What listens for streams, whatever carries them.

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};

use otherend_core::Address;

use super::unix::{self, NamedListener};
use super::{Stream, tcp, udp};
use crate::error::BindError;

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

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
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
        let wanted = match (address, free_port) {
            (Address::Inet(any), Some(port)) if any.port() == 0 => {
                SocketAddr::new(any.ip(), port).into()
            }
            _ => address.clone(),
        };
        let socket = match bind(&wanted) {
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
