//! The server: listens, accepts, carries conversations on one of the engines, and stops in order.

mod config;
mod running;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant;

use otherend_core::Handler;

use crate::accept::acceptor::Acceptor;
use crate::accept::admission::Admission;
use crate::engine::conversations::Conversations;
use crate::engine::{self, Engine};
use crate::error::BindError;
use crate::hub::Hub;
use crate::hub::handle::Handle;
use crate::hub::stats::Report;
use crate::peer::Peer;
use crate::stream::listen_on_all;
use crate::system::bell::Bell;
use crate::watch::Watcher;

pub use config::ServerConfig;
pub use running::Running;

/// A server that listens and does not serve yet: connections already wait in the backlog.
///
/// ```
/// use otherend_core::{AnyBehaviour, Echo};
/// use otherend_net::{Server, ServerConfig};
///
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), |_peer| {
///     AnyBehaviour::Echo(Echo::default())
/// })?;
/// println!("listening on {}", server.addresses()[0]);
/// let running = server.start()?;
/// let report = running.drain();
/// assert_eq!(report.aborted, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    hub: Arc<Hub>,
    admission: Admission,
    conversations: Arc<Conversations>,
    config: ServerConfig,
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// Listen on every one of `addresses`; `make_handler` is asked for each peer that comes.
    ///
    /// Port 0 takes a free port, the same for all addresses given with port 0 where it is free
    /// on all of them; [`addresses`](Self::addresses) tells the real one.
    ///
    /// # Errors
    ///
    /// When one of the addresses cannot be listened on, or the limits asked for cannot be had.
    /// Nothing is listening then.
    pub fn bind<H: Into<Handler>>(
        addresses: &[SocketAddr],
        config: ServerConfig,
        make_handler: impl Fn(&Peer) -> H + Send + Sync + 'static,
    ) -> Result<Server, BindError> {
        if addresses.is_empty() {
            return Err(BindError::NoAddress);
        }
        let admission = Admission::new(&config.terms(), addresses)?;
        let listeners = listen_on_all(addresses, config.engine.backlog())?;
        let bound = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<Result<_, _>>();
        let addresses = bound.map_err(BindError::Engine)?;
        let door = Bell::new().map_err(BindError::Engine)?;
        let mut hub = Hub::new(door);
        hub.keepalive = config.keepalive;
        hub.max_output_in_all = config.max_output_in_all;
        hub.drain_timeout = config.drain_timeout;
        let conversations = Conversations {
            settings: Arc::new(config.settings.clone()),
            make_handler: Box::new(move |peer| make_handler(peer).into()),
        };
        Ok(Server {
            hub: Arc::new(hub),
            admission,
            conversations: Arc::new(conversations),
            config,
            listeners,
            addresses,
        })
    }

    /// Let `watcher`, beside those there are, see every conversation that begins from here on, and
    /// what happens at the door.
    #[must_use]
    pub fn watched_by(self, watcher: Arc<dyn Watcher>) -> Self {
        self.hub.watchers.add(watcher);
        self
    }

    /// The addresses it really listens on, in the order asked for.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The moment from which the times of all events are counted.
    #[must_use]
    pub fn zero(&self) -> Instant {
        self.hub.clock.zero()
    }

    /// How many conversations there can be at once.
    #[must_use]
    pub fn max_clients(&self) -> usize {
        self.admission.max_clients
    }

    /// Reaches the server from anywhere while it serves.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::of(&self.hub)
    }

    /// Serve in this thread until a [`Handle`] stops it and all conversations have ended.
    ///
    /// # Errors
    ///
    /// When the engine's threads cannot be started.
    pub fn serve(self) -> Result<Report, BindError> {
        let Server {
            hub,
            admission,
            conversations,
            config,
            listeners,
            ..
        } = self;
        let mut acceptor = Acceptor::new(
            Arc::clone(&hub),
            admission,
            config.engine.manner(),
            listeners,
        );
        match config.engine {
            Engine::Single => engine::single::serve(&mut acceptor, &conversations),
            Engine::Threads => engine::threads::serve(&mut acceptor, &conversations),
            #[cfg(feature = "tokio")]
            Engine::Async => {
                let runtime = engine::tokio::start(config.workers).map_err(BindError::Engine)?;
                engine::tokio::serve(&runtime, &mut acceptor, &conversations);
                hub.wait_for_the_last();
                runtime.shutdown_timeout(crate::hub::AFTER_CUT);
            }
        }
        hub.wait_for_the_last();
        Ok(hub.counters.report())
    }

    /// Serve in a thread of its own.
    ///
    /// # Errors
    ///
    /// When there is no thread left.
    pub fn start(self) -> Result<Running, BindError> {
        let (handle, addresses) = (self.handle(), self.addresses.clone());
        Running::start(handle, addresses, || self.serve())
    }
}
