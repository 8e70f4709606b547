//! The server: listens, carries conversations on one of the engines or over datagrams, and stops in
//! order.

pub(crate) mod bound;
mod config;
mod running;

use std::sync::Arc;
use std::time::Instant;

use otherend_core::{Address, Framing, Handler};

use crate::accept::acceptor::Acceptor;
use crate::accept::admission::Terms;
use crate::endpoint::Listen;
use crate::engine::conversations::Conversations;
use crate::engine::datagrams::Exchange;
#[cfg(feature = "tokio")]
use crate::engine::tokio::Workers;
use crate::engine::{self, Engine};
use crate::error::BindError;
use crate::hub::handle::Handle;
use crate::hub::stats::Report;
use crate::peer::Peer;
use crate::watch::Watcher;

use bound::{Bound, Sockets};
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
///
/// # Datagrams
///
/// Bound to [`Listen::Datagrams`], it takes datagrams. Each address that sends one is a peer with a
/// conversation of its own; one datagram is one line, and each line of an answer is one datagram. A
/// peer is forgotten when it was silent for the idle timeout, or for ten seconds and its place is
/// needed.
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
/// about unsent output do not apply: one thread serves. Of what is refused, a watcher is told each
/// kind once a second. While it is suspended datagrams wait unread, or are lost. With an address of
/// all interfaces the system chooses which of them an answer comes from.
///
/// ```
/// use otherend_net::core::{AnyBehaviour, Echo};
/// use otherend_net::endpoint::{Listen, Target};
/// use otherend_net::{Client, ConnectOptions, Received, Server, ServerConfig};
///
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
/// let listen: Listen = "udp://127.0.0.1:0".parse()?;
/// let server = Server::bind(&[listen], ServerConfig::default(), echo)?.start()?;
///
/// let address = server.addresses()[0].inet().expect("datagrams come over IP");
/// let target = Target::Datagrams(address.into());
/// let mut client = Client::connect(target, &ConnectOptions::default())?;
/// client.say(b"hello")?;
/// assert_eq!(client.receive(), Received::Line(b"From server -> hello".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it listens, and serves nobody yet"]
pub struct Server {
    bound: Bound,
    conversations: Arc<Conversations>,
    config: ServerConfig,
}

/// How many peers that send datagrams are remembered at once unless asked otherwise.
const DATAGRAM_PEERS: usize = 1024;

impl Server {
    /// Listen on every one of `places`, all for streams or all for datagrams; `make_handler` is asked
    /// for each peer that comes.
    ///
    /// Port 0 takes a free port, the same for all addresses given with port 0 where it is free
    /// on all of them; [`addresses`](Self::addresses) tells the real one.
    ///
    /// A Unix socket in the file system belongs to its owner alone (mode 0600), replaces one at
    /// which nobody listens any more, and is removed when the server stops.
    ///
    /// # Errors
    ///
    /// When one of the addresses cannot be listened on, or the limits asked for cannot be had.
    /// Nothing is listening then.
    pub fn bind<H: Into<Handler>>(
        places: &[Listen],
        mut config: ServerConfig,
        make_handler: impl Fn(&Peer) -> H + Send + Sync + 'static,
    ) -> Result<Server, BindError> {
        let mut terms = config.terms();
        if bound::take_datagrams(places)? {
            terms = Terms {
                usual_clients: Some(DATAGRAM_PEERS),
                descriptors_per_client: 0,
                ..terms
            };
        }
        let bound = Bound::new(places, &terms, config.engine.backlog(), |hub| {
            hub.keepalive = config.keepalive;
            hub.max_output_in_all = config.max_output_in_all;
            hub.drain_timeout = config.drain_timeout;
        })?;
        if matches!(bound.sockets, Sockets::Datagrams(_)) {
            config.settings.framing = Framing::Datagram;
            // A datagram is whole when it comes: none is ever half said.
            config.settings.message_timeout = None;
        }
        let conversations = Conversations {
            settings: Arc::new(config.settings.clone()),
            make_handler: Box::new(move |peer| make_handler(peer).into()),
        };
        Ok(Server {
            bound,
            conversations: Arc::new(conversations),
            config,
        })
    }

    /// Let `watcher`, beside those there are, see every conversation that begins from here on, and
    /// what happens at the door.
    pub fn watched_by(self, watcher: Arc<dyn Watcher>) -> Self {
        self.bound.hub.watchers.add(watcher);
        self
    }

    /// The addresses it really listens on, in the order asked for.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.bound.addresses
    }

    /// The moment from which the times of all events are counted.
    #[must_use]
    pub fn zero(&self) -> Instant {
        self.bound.hub.clock.zero()
    }

    /// How many conversations there can be at once.
    #[must_use]
    pub fn max_clients(&self) -> usize {
        self.bound.admission.max_clients
    }

    /// Reaches the server from anywhere while it serves.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::of(&self.bound.hub)
    }

    /// Serve in this thread until a [`Handle`] stops it and all conversations have ended. Of
    /// datagrams, what has arrived by then is answered.
    ///
    /// # Errors
    ///
    /// When the engine's threads cannot be started.
    pub fn serve(self) -> Result<Report, BindError> {
        let Server {
            bound,
            conversations,
            config,
        } = self;
        let hub = Arc::clone(&bound.hub);
        let listeners = match bound.sockets {
            Sockets::Streams(listeners) => listeners,
            Sockets::Datagrams(sockets) => {
                Exchange::new(bound.hub, bound.admission, conversations, sockets).run();
                return Ok(hub.counters.report());
            }
        };
        let manner = config.engine.manner();
        let mut acceptor = Acceptor::new(bound.hub, bound.admission, manner, listeners);
        match config.engine {
            Engine::Single => engine::single::serve(&mut acceptor, &conversations),
            Engine::Threads => engine::threads::serve(&mut acceptor, &conversations),
            #[cfg(feature = "tokio")]
            Engine::Async => {
                let workers = Workers::start(config.workers).map_err(BindError::Engine)?;
                workers.serve(&mut acceptor, &conversations);
                hub.wait_for_the_last();
                // Behind the wait: a runtime that shuts down drops its tasks where they stand, last
                // replies and all.
                workers.shut_down(crate::hub::AFTER_CUT);
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
        let (handle, addresses) = (self.handle(), self.bound.addresses.clone());
        Running::start(handle, addresses, || self.serve())
    }
}
