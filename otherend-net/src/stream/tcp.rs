//! TCP: how its sockets are set up.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::Keepalive;
use crate::system::socket::{self, AsSocket};

/// A listening socket that does not block.
///
/// IPV6_V6ONLY is set, so that `::` and `0.0.0.0` are two sockets whatever the sysctl says;
/// SO_REUSEADDR lets a restarted server have its port back, SO_REUSEPORT stays off.
pub(super) fn listen(address: SocketAddr, backlog: i32) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket::take_over_port(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Answer nobody who asks to connect. It asks again after a second, finds nobody listening, and is
/// refused, which tells it more than a connection that is reset.
pub(super) fn turn_newcomers_away(listener: &TcpListener) {
    // Where the system has no such thing they wait, and are reset by the close.
    let _ = socket::hear_nothing(listener);
}

/// Make a new stream ready to be carried: it does not block, small writes leave at once, urgent
/// data stays in its place (RFC 6093 §6; telnet's `IAC DM` is half urgent, and without its DM the IAC
/// would take the next byte for a command), and a peer that died is noticed.
pub(crate) fn prepare(stream: &TcpStream, keepalive: Option<&Keepalive>) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_out_of_band_inline(true)?;
    let Some(keepalive) = keepalive else {
        return Ok(());
    };
    let keepalive = keepalive.in_range();
    let times = TcpKeepalive::new()
        .with_time(keepalive.idle)
        .with_interval(keepalive.interval);
    SockRef::from(stream).set_tcp_keepalive(&times.with_retries(keepalive.retries))?;
    // A keepalive probe is only sent where nothing else is on its way. What was said to a peer that
    // is gone is sent again and again instead, on Linux for a quarter of an hour: that has a limit
    // of its own.
    socket::limit_unacknowledged(stream, keepalive.unacknowledged)
}

/// Closing this stream will reset the connection.
pub(crate) fn reset_on_close(stream: &impl AsSocket) {
    // A socket that is already broken needs no reset.
    let _ = SockRef::from(&stream.as_fd()).set_linger(Some(Duration::ZERO));
}
