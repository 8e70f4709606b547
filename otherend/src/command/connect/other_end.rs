//! Whoever is at the other end, over TCP or over UDP, as the prompt sees it.

use std::io;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use otherend_core::{Observer, Settings};
use otherend_net::{Client, Received, UdpClient, Voice};

/// What carries the conversation.
pub(super) enum Carrier {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

/// A client over it.
pub(super) enum OtherEnd {
    Tcp(Box<Client>),
    Udp(Box<UdpClient>),
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
    ) -> io::Result<OtherEnd> {
        Ok(match self {
            Carrier::Tcp(stream) => {
                let client = Client::watched_over(stream, settings, Some(observer))?;
                OtherEnd::Tcp(Box::new(client))
            }
            Carrier::Udp(socket) => {
                let client = UdpClient::watched_over(socket, settings, Some(observer))?;
                OtherEnd::Udp(Box::new(client))
            }
        })
    }
}

impl OtherEnd {
    pub(super) fn receive_within(&mut self, limit: Duration) -> Received {
        match self {
            OtherEnd::Tcp(client) => client.receive_within(limit),
            OtherEnd::Udp(client) => client.receive_within(limit),
        }
    }

    pub(super) fn voice(&self) -> Voice {
        match self {
            OtherEnd::Tcp(client) => client.voice(),
            OtherEnd::Udp(client) => client.voice(),
        }
    }

    /// Why the last line that did not leave did not; over TCP every line leaves.
    pub(super) fn trouble(&mut self) -> Option<io::Error> {
        match self {
            OtherEnd::Tcp(_) => None,
            OtherEnd::Udp(client) => client.trouble(),
        }
    }
}
