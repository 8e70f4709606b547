//! Whoever is at the other end, over TCP or over UDP, as the prompt sees it.

use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};

use otherend_core::{Observer, Settings};
use otherend_net::{Client, Stream};

/// What carries the conversation.
pub(super) enum Carrier {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Carrier {
    pub(super) fn peer_address(&self) -> io::Result<SocketAddr> {
        match self {
            Carrier::Tcp(stream) => stream.peer_addr(),
            Carrier::Udp(socket) => socket.peer_addr(),
        }
    }

    /// Begin the conversation, with everything shown to `observer`.
    pub(super) fn watched(
        self,
        settings: Settings,
        observer: Box<dyn Observer>,
    ) -> io::Result<Client> {
        let stream = match self {
            Carrier::Tcp(stream) => Stream::from(stream),
            Carrier::Udp(socket) => Stream::from(socket),
        };
        Client::watched_over(stream, settings, Some(observer))
    }
}
