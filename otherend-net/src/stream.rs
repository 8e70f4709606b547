//! What carries a conversation's bytes (usually: the transport): a socket of some kind, behind the
//! few things that drivers do with one.
//!
//! An enum and no trait object: a driver's read stays one call that can be inlined, and there are
//! only ever a few kinds. Options are set in the file of each kind, explicitly: nothing here depends
//! on a system's defaults.

mod keepalive;
pub(crate) mod layer;
mod listener;
mod tcp;
mod udp;
mod unix;

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};

use otherend_core::{Address, Loss};

use crate::system::errors::is_passing;
use crate::system::socket::{AsSocket, BorrowedSocket};

pub use keepalive::Keepalive;
pub(crate) use listener::{Listener, listen_on_all, take_datagrams_on_all};
pub(crate) use tcp::{prepare, reset_on_close};
pub(crate) use udp::make_room;
use unix::UnixStream;
pub(crate) use unix::connect as connect_unix;

/// A way to one other end that stands: both can be said to and heard until one finishes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    Unix(UnixStream),
    /// Datagrams to and from one address. What is read or written at once is one of them; neither
    /// end can say that no other follows.
    Udp(UdpSocket),
}

impl Stream {
    /// Where the other end is.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn peer_address(&self) -> io::Result<Address> {
        match self {
            Stream::Tcp(stream) => stream.peer_addr().map(Address::from),
            Stream::Unix(stream) => stream.peer_addr().map(|name| unix::address(&name)),
            Stream::Udp(socket) => socket.peer_addr().map(Address::from),
        }
    }

    /// Where this end is.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn local_address(&self) -> io::Result<Address> {
        match self {
            Stream::Tcp(stream) => stream.local_addr().map(Address::from),
            Stream::Unix(stream) => stream.local_addr().map(|name| unix::address(&name)),
            Stream::Udp(socket) => socket.local_addr().map(Address::from),
        }
    }

    #[inline]
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).read(buffer),
            Stream::Unix(stream) => (&mut &*stream).read(buffer),
            Stream::Udp(socket) => socket.recv(buffer),
        }
    }

    #[inline]
    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&mut &*stream).write(bytes),
            Stream::Unix(stream) => (&mut &*stream).write(bytes),
            Stream::Udp(socket) => socket.send(bytes),
        }
    }

    /// Say that nothing more is said; the other end is still heard.
    pub(crate) fn half_close(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
            Stream::Udp(_) => Ok(()),
        }
    }

    /// It carries datagrams: a read of no bytes is one that is empty, and not the end.
    #[inline]
    pub(crate) fn is_datagrams(&self) -> bool {
        matches!(self, Stream::Udp(_))
    }

    /// What a failed read or write says about the peer; `None`: nothing, the next may succeed.
    pub(crate) fn loss(&self, error: &io::Error) -> Option<Loss> {
        match self {
            Stream::Tcp(_) | Stream::Unix(_) => (!is_passing(error)).then(|| loss(error)),
            Stream::Udp(_) => udp::loss(error),
        }
    }

    /// Closing this stream will reset the connection. Over a Unix socket there is nothing to set:
    /// the other end is told of a reset exactly if something that it said was never read, and that
    /// a close of ours with unsent replies is none cannot be helped.
    pub(crate) fn reset_on_close(&self) {
        if let Stream::Tcp(stream) = self {
            reset_on_close(stream);
        }
    }

    /// What broke it, told once.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Stream::Tcp(stream) => stream.take_error(),
            Stream::Unix(stream) => stream.take_error(),
            Stream::Udp(socket) => socket.take_error(),
        }
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_nonblocking(true),
            Stream::Unix(stream) => stream.set_nonblocking(true),
            Stream::Udp(socket) => socket.set_nonblocking(true),
        }
    }

    /// Make it ready to be carried: it does not block, and over TCP small writes leave at once and
    /// a peer that died is noticed. (The peer of a Unix socket cannot die without closing it.)
    pub(crate) fn prepare(&self, keepalive: Option<&Keepalive>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => tcp::prepare(stream, keepalive),
            Stream::Unix(stream) => stream.set_nonblocking(true),
            Stream::Udp(socket) => socket.set_nonblocking(true),
        }
    }
}

impl AsSocket for Stream {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
            Stream::Udp(socket) => socket.as_fd(),
        }
    }
}

// What a runtime wants to know of what it watches.
#[cfg(feature = "tokio")]
impl crate::system::socket::AsRawSocket for Stream {
    fn as_raw_fd(&self) -> crate::system::socket::RawSocket {
        self.as_fd().as_raw_fd()
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Stream::Tcp(stream)
    }
}

impl From<UdpSocket> for Stream {
    fn from(socket: UdpSocket) -> Self {
        Stream::Udp(socket)
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Stream::Unix(stream)
    }
}

/// What a failed read or write says about the peer.
pub(crate) fn loss(error: &io::Error) -> Loss {
    match error.kind() {
        io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Loss::Unreachable,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::NotConnected => Loss::Reset,
        // No memory, no buffers, a bad descriptor: whatever it is, no peer can bring it about.
        _ => Loss::Here,
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn no_peer_is_blamed_for_what_failed_here() {
        let loss_of = |errno: Errno| loss(&errno.into());
        for errno in [
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::IO,
            Errno::BADF,
            Errno::PERM,
        ] {
            assert_eq!(loss_of(errno), Loss::Here, "{errno}");
        }
        for errno in [
            Errno::CONNRESET,
            Errno::PIPE,
            Errno::CONNABORTED,
            Errno::NOTCONN,
        ] {
            assert_eq!(loss_of(errno), Loss::Reset, "{errno}");
        }
        for errno in [
            Errno::TIMEDOUT,
            Errno::HOSTUNREACH,
            Errno::NETUNREACH,
            Errno::NETDOWN,
        ] {
            assert_eq!(loss_of(errno), Loss::Unreachable, "{errno}");
        }
    }
}
