//! The UDP server: the same conversations as over TCP, carried by datagrams.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use otherend_core::{Framing, Handler};

use super::exchange::Exchange;
use crate::accept::admission::{Admission, Terms};
use crate::engine::conversations::Conversations;
use crate::error::BindError;
use crate::hub::Hub;
use crate::hub::handle::Handle;
use crate::hub::stats::Report;
use crate::peer::Peer;
use crate::server::{Running, ServerConfig};
use crate::stream::take_datagrams_on_all;
use crate::system::bell::Bell;
use crate::watch::Watcher;

/// How many peers are remembered at once unless asked otherwise.
const PEERS: usize = 1024;

/// A server for datagrams that is bound and does not serve yet.
///
/// Each address that sends a datagram is a peer with a conversation of its own; one datagram is one
/// line, and each line of an answer is one datagram. A peer is forgotten when it was silent for the
/// idle timeout, or for ten seconds and its place is needed.
///
/// Nobody can turn it against others, and everything it refuses is counted:
///
/// - a peer under port 1024 is not answered, and one that [`allow`](ServerConfig::allow) and
///   [`deny`](ServerConfig::deny) keep out or that finds no place hears nothing either;
/// - beyond loopback a peer never gets more bytes than it has sent ([`Handle::say`] apart);
/// - nothing says why a conversation ends, and nothing is sent to a peer that is idle;
/// - a peer that only says back what it is told is answered eight times, then no more.
///
/// Of the [`ServerConfig`] the engine, the workers, the keepalive, the line timeout and everything
/// about unsent output do not apply. While it is suspended datagrams wait unread, or are lost. With
/// an address of all interfaces the system chooses which of them an answer comes from.
///
/// ```
/// use otherend_net::core::{AnyBehaviour, Echo};
/// use otherend_net::{ConnectOptions, Received, ServerConfig, UdpClient, UdpServer};
///
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
/// let config = ServerConfig::default();
/// let server = UdpServer::bind(&["127.0.0.1:0".parse()?], config, echo)?.start()?;
///
/// let mut client = UdpClient::connect(&server.addresses()[0].into(), &ConnectOptions::default())?;
/// client.say(b"hello")?;
/// assert_eq!(client.receive(), Received::Line(b"From server -> hello".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UdpServer {
    hub: Arc<Hub>,
    admission: Admission,
    conversations: Conversations,
    sockets: Vec<UdpSocket>,
    addresses: Vec<SocketAddr>,
}

impl UdpServer {
    /// Take datagrams on every one of `addresses`; `make_handler` is asked for each new peer.
    ///
    /// Port 0 takes a free port, as for [`Server::bind`](crate::Server::bind).
    ///
    /// # Errors
    ///
    /// When one of the addresses cannot be had. None is then.
    pub fn bind<H: Into<Handler>>(
        addresses: &[SocketAddr],
        config: ServerConfig,
        make_handler: impl Fn(&Peer) -> H + Send + Sync + 'static,
    ) -> Result<UdpServer, BindError> {
        if addresses.is_empty() {
            return Err(BindError::NoAddress);
        }
        let terms = Terms {
            usual_clients: Some(PEERS),
            descriptors_per_client: 0,
            ..config.terms()
        };
        let admission = Admission::new(&terms, addresses)?;
        let sockets = take_datagrams_on_all(addresses)?;
        let bound = sockets.iter().map(UdpSocket::local_addr);
        let addresses = bound.collect::<Result<_, _>>().map_err(BindError::Engine)?;
        let mut hub = Hub::new(Bell::new().map_err(BindError::Engine)?);
        hub.drain_timeout = config.drain_timeout;
        let mut settings = config.settings;
        settings.framing = Framing::Datagram;
        settings.line_timeout = None;
        Ok(UdpServer {
            hub: Arc::new(hub),
            admission,
            conversations: Conversations {
                settings: Arc::new(settings),
                make_handler: Box::new(move |peer| make_handler(peer).into()),
            },
            sockets,
            addresses,
        })
    }

    /// Let `watcher`, beside those there are, see every conversation that begins from here on, and
    /// what is refused, of each kind once a second.
    #[must_use]
    pub fn watched_by(self, watcher: Arc<dyn Watcher>) -> Self {
        self.hub.watchers.add(watcher);
        self
    }

    /// The addresses it really has, in the order asked for.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The moment from which the times of all events are counted.
    #[must_use]
    pub fn zero(&self) -> Instant {
        self.hub.clock.zero()
    }

    /// Reaches the server from anywhere while it serves.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::of(&self.hub)
    }

    /// Serve in this thread until a [`Handle`] stops it. What has arrived by then is answered.
    pub fn serve(self) -> Report {
        let hub = Arc::clone(&self.hub);
        Exchange::new(self.hub, self.admission, self.conversations, self.sockets).run();
        hub.counters.report()
    }

    /// Serve in a thread of its own.
    ///
    /// # Errors
    ///
    /// When there is no thread left.
    pub fn start(self) -> Result<Running, BindError> {
        let (handle, addresses) = (self.handle(), self.addresses.clone());
        Running::start(handle, addresses, || Ok(self.serve()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The exchange of a server on loopback for so many peers.
    pub(in crate::udp) fn exchange<H: Into<Handler> + 'static>(
        peers: usize,
        make_handler: impl Fn(&Peer) -> H + Send + Sync + 'static,
    ) -> Exchange {
        let config = ServerConfig {
            max_clients: Some(peers),
            ..ServerConfig::default()
        };
        let address = "127.0.0.1:0".parse().unwrap();
        let server = UdpServer::bind(&[address], config, make_handler).unwrap();
        Exchange::new(
            server.hub,
            server.admission,
            server.conversations,
            server.sockets,
        )
    }
}
