//! What a tap promises: who may come, how many, and how it reaches the target.

use std::time::Duration;

use ipnet::IpNet;
use otherend_core::Drawing;

use crate::accept::admission::Terms;
use crate::client::ConnectOptions;
use crate::stream::Keepalive;

/// How many connections at once unless told otherwise: a thread each.
const USUAL_CLIENTS: usize = 512;
/// The client, the target, and the bell of the thread between them.
const DESCRIPTORS_PER_CLIENT: usize = 3;

/// How a tap behaves. The defaults are those of a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TapConfig {
    /// How the target is reached. Its `settings` are not used: a tap has no lines in its way.
    pub connect: ConnectOptions,
    /// How many connections at once. `None`: 512, or as many as the descriptor limit allows.
    /// `Some`: exactly so many, or the tap does not start.
    pub max_clients: Option<usize>,
    /// How many connections at once for one source address. `None`: 64, where somebody other than
    /// this machine can connect.
    pub max_per_source: Option<usize>,
    /// When a silent client is asked whether it is still there. `None`: never.
    pub keepalive: Option<Keepalive>,
    /// The byte with which a message ends (LF): what [`Handle::say_as`](crate::Handle::say_as) says
    /// goes between two of them. `None`: nothing ends one, and it goes behind whatever has passed.
    pub message_end: Option<u8>,
    /// What messages stand in: faults are of those, and what a fault changes goes out in a right
    /// frame again. `None`: they are lines. What passes without a fault is never changed.
    pub framing: Option<Drawing>,
    /// How long connections may go on at a stop (10 s).
    pub drain_timeout: Duration,
    /// Who may connect; empty: everybody.
    pub allow: Vec<IpNet>,
    /// Who may not connect, even if allowed.
    pub deny: Vec<IpNet>,
    /// How many descriptors of its own the watchers keep open for each connection (0): 1 where
    /// each is recorded into a file of its own. `max_clients` leaves room for them.
    pub watcher_descriptors: usize,
}

impl Default for TapConfig {
    fn default() -> Self {
        TapConfig {
            connect: ConnectOptions::default(),
            max_clients: None,
            max_per_source: None,
            keepalive: Some(Keepalive::default()),
            message_end: Some(b'\n'),
            framing: None,
            drain_timeout: Duration::from_secs(10),
            allow: Vec::new(),
            deny: Vec::new(),
            watcher_descriptors: 0,
        }
    }
}

impl TapConfig {
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            max_clients: self.max_clients,
            max_per_source: self.max_per_source,
            allow: &self.allow,
            deny: &self.deny,
            usual_clients: Some(USUAL_CLIENTS),
            descriptors_per_client: DESCRIPTORS_PER_CLIENT,
            watcher_descriptors: self.watcher_descriptors,
        }
    }
}
