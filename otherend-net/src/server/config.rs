//! What a server promises: engine, limits, deadlines. Every default is one of the promises.

use std::time::Duration;

use ipnet::IpNet;
use otherend_core::Settings;

use crate::accept::admission::Terms;
use crate::engine::Engine;
use crate::stream::Keepalive;

/// How a server behaves towards all of its peers. The defaults are safe.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerConfig {
    /// What moves the bytes.
    pub engine: Engine,
    /// Framing, limits and deadlines of each conversation.
    pub settings: Settings,
    /// How many conversations at once. `None`: as many as the engine likes (async 1,024, threads
    /// 512) and the descriptor limit allows. `Some`: exactly so many, or the server does not start.
    /// The `single` engine always has one; the others wait in the backlog.
    pub max_clients: Option<usize>,
    /// How many conversations at once for one source address. `None`: 64, where somebody other
    /// than this machine can connect.
    pub max_per_source: Option<usize>,
    /// How many bytes may wait for slow peers in all conversations together (256 MiB).
    pub max_output_in_all: usize,
    /// When a silent peer is asked whether it is still there. `None`: never.
    pub keepalive: Option<Keepalive>,
    /// How long conversations may take to finish at a stop (10 s).
    pub drain_timeout: Duration,
    /// Who may connect; empty: everybody.
    pub allow: Vec<IpNet>,
    /// Who may not connect, even if allowed.
    pub deny: Vec<IpNet>,
    /// Threads of the async engine. `None`: one a core.
    pub workers: Option<usize>,
    /// How many descriptors of its own the [`Watcher`](crate::Watcher)s keep open for each
    /// conversation (0): 1 where each is recorded into a file of its own. `max_clients` leaves room
    /// for them.
    pub watcher_descriptors: usize,
}

impl ServerConfig {
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            max_clients: self.max_clients,
            max_per_source: self.max_per_source,
            allow: &self.allow,
            deny: &self.deny,
            usual_clients: self.engine.usual_clients(),
            descriptors_per_client: self.engine.descriptors_per_client(),
            watcher_descriptors: self.watcher_descriptors,
        }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        ServerConfig {
            engine: Engine::default(),
            settings: Settings::server(),
            max_clients: None,
            max_per_source: None,
            max_output_in_all: 256 * 1024 * 1024,
            keepalive: Some(Keepalive::default()),
            drain_timeout: Duration::from_secs(10),
            allow: Vec::new(),
            deny: Vec::new(),
            workers: None,
            watcher_descriptors: 0,
        }
    }
}
