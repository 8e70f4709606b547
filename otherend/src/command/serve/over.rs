//! The server over TCP or over UDP, behind what both can do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use otherend_core::Handler;
use otherend_net::{BindError, Handle, Peer, Report, Server, ServerConfig, UdpServer, Watcher};

/// A server that is bound.
pub(super) enum Over {
    Tcp(Box<Server>),
    Udp(Box<UdpServer>),
}

impl Over {
    /// Listen on `addresses`; over UDP if `udp`.
    pub(super) fn bind(
        udp: bool,
        addresses: &[SocketAddr],
        config: ServerConfig,
        make_handler: impl Fn(&Peer) -> Handler + Send + Sync + 'static,
    ) -> Result<Over, BindError> {
        if udp {
            let server = UdpServer::bind(addresses, config, make_handler)?;
            return Ok(Over::Udp(Box::new(server)));
        }
        let server = Server::bind(addresses, config, make_handler)?;
        Ok(Over::Tcp(Box::new(server)))
    }

    pub(super) fn watched_by(self, watcher: Arc<dyn Watcher>) -> Over {
        match self {
            Over::Tcp(server) => Over::Tcp(Box::new(server.watched_by(watcher))),
            Over::Udp(server) => Over::Udp(Box::new(server.watched_by(watcher))),
        }
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        match self {
            Over::Tcp(server) => server.addresses(),
            Over::Udp(server) => server.addresses(),
        }
    }

    pub(super) fn zero(&self) -> Instant {
        match self {
            Over::Tcp(server) => server.zero(),
            Over::Udp(server) => server.zero(),
        }
    }

    pub(super) fn handle(&self) -> Handle {
        match self {
            Over::Tcp(server) => server.handle(),
            Over::Udp(server) => server.handle(),
        }
    }

    pub(super) fn serve(self) -> Result<Report, BindError> {
        match self {
            Over::Tcp(server) => server.serve(),
            Over::Udp(server) => Ok(server.serve()),
        }
    }
}
