//! Whoever is at the other end, over TCP or over UDP, as the prompt sees it.

use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};

use otherend_core::{Observer, Pipe, Settings};
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
        Client::watched_over(self.into_stream(), settings, Some(observer))
    }

    /// The same, of which nothing is made: its bytes go through `pipe`.
    pub(super) fn handled_by(
        self,
        pipe: Box<dyn Pipe>,
        settings: Settings,
        observer: Box<dyn Observer>,
    ) -> io::Result<Client> {
        Client::handled_by(pipe, self.into_stream(), settings, Some(observer))
    }

    fn into_stream(self) -> Stream {
        match self {
            Carrier::Tcp(stream) => stream.into(),
            Carrier::Udp(socket) => socket.into(),
        }
    }
}
