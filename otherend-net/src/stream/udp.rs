//! UDP: how its sockets are set up.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use otherend_core::Loss;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::system::socket::AsSocket;

/// How many bytes of datagrams should be able to wait in a socket.
const DATAGRAM_ROOM: usize = 4 * 1024 * 1024;

/// A socket that takes datagrams from anyone and does not block; IPV6_V6ONLY as for TCP.
/// There is no SO_REUSEADDR: two processes could then have one port, and one of them its datagrams.
pub(super) fn take_datagrams(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    make_room(&socket);
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Let many datagrams wait in `socket`, for a crowd that speaks at once; the system may give less.
pub(crate) fn make_room(socket: &impl AsSocket) {
    let _ = SockRef::from(&socket.as_fd()).set_recv_buffer_size(DATAGRAM_ROOM);
}

/// What the network has said about earlier datagrams; `None`: nothing.
pub(super) fn loss(error: &io::Error) -> Option<Loss> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Loss::Refused),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Some(Loss::Unreachable)
        }
        _ => None,
    }
}
