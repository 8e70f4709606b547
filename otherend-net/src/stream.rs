//! Socket options, each set explicitly: nothing here depends on a system's defaults.

mod keepalive;

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use otherend_core::Loss;
use rustix::event::{PollFd, PollFlags};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use crate::error::BindError;
use crate::system::poll;

pub use keepalive::Keepalive;

/// How many bytes of datagrams should be able to wait in a socket.
const DATAGRAM_ROOM: usize = 4 * 1024 * 1024;

/// A listening socket that does not block.
///
/// IPV6_V6ONLY is set, so that `::` and `0.0.0.0` are two sockets whatever the sysctl says;
/// SO_REUSEADDR lets a restarted server have its port back, SO_REUSEPORT stays off.
pub(crate) fn listen(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A socket that takes datagrams from anyone and does not block; IPV6_V6ONLY as in [`listen`].
/// There is no SO_REUSEADDR: two processes could then have one port, and one of them its datagrams.
pub(crate) fn take_datagrams(address: SocketAddr) -> io::Result<UdpSocket> {
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
pub(crate) fn make_room(socket: &impl std::os::fd::AsFd) {
    let _ = SockRef::from(socket).set_recv_buffer_size(DATAGRAM_ROOM);
}

/// A listener for each of `addresses`.
pub(crate) fn listen_on_all(
    addresses: &[SocketAddr],
    backlog: i32,
) -> Result<Vec<TcpListener>, BindError> {
    let listen = |address| listen(address, backlog);
    bind_all(addresses, listen, TcpListener::local_addr)
}

/// A socket for datagrams on each of `addresses`.
pub(crate) fn take_datagrams_on_all(addresses: &[SocketAddr]) -> Result<Vec<UdpSocket>, BindError> {
    bind_all(addresses, take_datagrams, UdpSocket::local_addr)
}

/// A socket for each of `addresses`. Port 0 takes a free port, the same for all where it is free
/// on all of them.
fn bind_all<S>(
    addresses: &[SocketAddr],
    bind: impl Fn(SocketAddr) -> io::Result<S>,
    bound_to: impl Fn(&S) -> io::Result<SocketAddr>,
) -> Result<Vec<S>, BindError> {
    let mut sockets = Vec::with_capacity(addresses.len());
    let mut free_port = None;
    for &address in addresses {
        let wanted = match (address.port(), free_port) {
            (0, Some(port)) => SocketAddr::new(address.ip(), port),
            _ => address,
        };
        let socket = bind(wanted).map_err(|cause| BindError::Listen {
            address: wanted,
            cause,
        })?;
        if address.port() == 0 {
            free_port = bound_to(&socket).ok().map(|bound| bound.port());
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

/// Make a new stream ready to be carried: it does not block, small writes leave at once, and a
/// peer that died is noticed.
pub(crate) fn prepare(stream: &TcpStream, keepalive: Option<&Keepalive>) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let Some(keepalive) = keepalive else {
        return Ok(());
    };
    let socket = SockRef::from(stream);
    let times = TcpKeepalive::new()
        .with_time(keepalive.idle)
        .with_interval(keepalive.interval);
    socket.set_tcp_keepalive(&times.with_retries(keepalive.retries))?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(keepalive.unacknowledged))?;
    Ok(())
}

/// Closing this stream will reset the connection.
pub(crate) fn reset_on_close(stream: &impl std::os::fd::AsFd) {
    // A socket that is already broken needs no reset.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// The call is to be made again, later or at once.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// A read would not block.
pub(crate) fn is_readable(stream: &impl std::os::fd::AsFd) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN)];
    poll::wait(&mut fds, Some(Duration::ZERO))
}

/// What a failed read or write says about the peer.
pub(crate) fn loss(error: &io::Error) -> Loss {
    match error.kind() {
        io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Loss::Unreachable,
        _ => Loss::Reset,
    }
}
