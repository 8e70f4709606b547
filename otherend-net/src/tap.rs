//! The tap (usually: a logging proxy): between clients and a server, shows what both say and passes
//! it on untouched.
//!
//! ```text
//! client ──▶ accept ──▶ thread: poll, read, write ──▶ connect ──▶ target
//!                            └─▶ Event: bytes with time and speaker, connects, closes, resets
//! ```
//!
//! A connection costs a thread. Measured on loopback, a thread with `poll` passes more than an
//! event loop on all cores, in streams as well as in ping-pong, and the observer of one connection
//! cannot delay another.

mod both;
mod carry;
mod config;
mod detour;
mod direction;
mod farewell;
mod fault;
mod referee;
mod splice;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;

use otherend_core::Address;

use crate::accept::acceptor::Acceptor;
use crate::client::{self, ConnectError};
use crate::endpoint::{Endpoint, Host, Listen};
use crate::engine::{Engine, threads};
use crate::error::BindError;
use crate::hub::handle::Handle;
use crate::hub::stats::Report;
use crate::server::Running;
use crate::server::bound::{Bound, Sockets};
use crate::stream::Stream;
use crate::watch::{Refusal, Watcher};

pub use config::TapConfig;
pub use fault::{Fault, FaultError};
pub use referee::{Judge, Referee, Verdict};

/// A tap that listens and does not pass anything on yet.
///
/// ```
/// use otherend_net::core::{AnyBehaviour, Echo};
/// use otherend_net::tap::{Tap, TapConfig};
/// use otherend_net::{Client, ConnectOptions, Received, Server, ServerConfig};
///
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::new(b""));
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?.start()?;
/// let target = server.addresses()[0].inet().expect("it listens on TCP").into();
/// let tap = Tap::bind(&["127.0.0.1:0".parse()?], target, TapConfig::default())?.start()?;
///
/// let mut client = Client::connect(&tap.addresses()[0], &ConnectOptions::default())?;
/// client.say(b"through the tap")?;
/// assert_eq!(client.receive(), Received::Line(b"through the tap".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it listens, and passes nothing on yet"]
pub struct Tap {
    bound: Bound,
    tapping: Tapping,
}

/// What the threads of all connections share.
struct Tapping {
    target: Endpoint,
    config: TapConfig,
    /// Where the tap listens.
    addresses: Vec<Address>,
    faults: Vec<Arc<Fault>>,
}

/// A connection to the target.
struct Reached {
    stream: Stream,
    address: Address,
    local: Address,
}

impl Tap {
    /// Listen on every one of `places`, for streams; each client that comes is passed on to
    /// `target`, whose name is looked up anew each time.
    ///
    /// # Errors
    ///
    /// When one of them cannot be listened on, or the limits asked for cannot be had.
    pub fn bind(places: &[Listen], target: Endpoint, config: TapConfig) -> Result<Tap, BindError> {
        let backlog = Engine::Threads.backlog();
        let bound = Bound::new(places, &config.terms(), backlog, |hub| {
            hub.keepalive = config.keepalive;
            hub.drain_timeout = config.drain_timeout;
            hub.is_between = true;
            hub.full = Refusal::TapFull;
        })?;
        if matches!(bound.sockets, Sockets::Datagrams(_)) {
            return Err(BindError::Protocol("a tap takes streams, no datagrams"));
        }
        let tapping = Tapping {
            target,
            config,
            addresses: bound.addresses.clone(),
            faults: Vec::new(),
        };
        Ok(Tap { bound, tapping })
    }

    /// Let `watcher` see every connection and what happens at the door; any number of them can.
    pub fn watched_by(self, watcher: Arc<dyn Watcher>) -> Self {
        self.bound.hub.watchers.add(watcher);
        self
    }

    /// Let these faults happen on every connection; those for the same line in this order.
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = impl Into<Arc<Fault>>>) -> Self {
        self.tapping.faults = faults.into_iter().map(Into::into).collect();
        self
    }

    /// The target, if that is an address on which the tap itself listens: nothing else is reached.
    #[must_use]
    pub fn own_target(&self) -> Option<SocketAddr> {
        let host = match self.tapping.target.host() {
            Host::V4(address) => IpAddr::V4(*address),
            Host::V6 { address, .. } => IpAddr::V6(*address),
            Host::Name(_) => return None,
        };
        let target = SocketAddr::new(host, self.tapping.target.port());
        self.tapping.is_own(target).then_some(target)
    }

    /// The addresses it really listens on, in the order asked for.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.tapping.addresses
    }

    /// The moment from which the times of all events are counted.
    #[must_use]
    pub fn zero(&self) -> Instant {
        self.bound.hub.clock.zero()
    }

    /// Reaches the tap from anywhere while it works.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::of(&self.bound.hub)
    }

    /// Pass on in this thread and one for each client, until a [`Handle`] stops it and all
    /// connections have ended.
    ///
    /// In the report `bytes_heard` is what the clients said and `bytes_said` what the target said.
    pub fn serve(self) -> Report {
        let (bound, tapping) = (self.bound, Arc::new(self.tapping));
        let hub = Arc::clone(&bound.hub);
        let Sockets::Streams(listeners) = bound.sockets else {
            return hub.counters.report();
        };
        let manner = Engine::Threads.manner();
        let mut acceptor = Acceptor::new(bound.hub, bound.admission, manner, listeners);
        acceptor.run(&mut |client, admitted| {
            let tapping = Arc::clone(&tapping);
            threads::start(client, admitted, move |client, admitted| {
                carry::carry(&client, &admitted, &tapping);
            });
        });
        hub.wait_for_the_last();
        hub.counters.report()
    }

    /// Pass on in threads of their own.
    ///
    /// # Errors
    ///
    /// When there is no thread left.
    pub fn start(self) -> Result<Running, BindError> {
        let (handle, addresses) = (self.handle(), self.addresses().to_vec());
        Running::start(handle, addresses, || Ok(self.serve()))
    }
}

impl Tapping {
    fn connect(&self) -> Result<Reached, ConnectError> {
        let options = &self.config.connect;
        let addresses = client::resolve(&self.target, options)?;
        // `localhost` may be both: 127.0.0.1, where this tap listens, and ::1, where the server
        // does.
        let (own, others): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|address| self.is_own(*address));
        if let ([own, ..], []) = (&own[..], &others[..]) {
            return Err(ConnectError::Itself(*own));
        }
        let stream = client::connect_to_any(&self.target, &others, options)?;
        let (address, local) = (stream.peer_addr(), stream.local_addr());
        Ok(Reached {
            address: address.map_err(ConnectError::Local)?.into(),
            local: local.map_err(ConnectError::Local)?.into(),
            stream: stream.into(),
        })
    }

    /// The tap itself listens on `address`.
    fn is_own(&self, address: SocketAddr) -> bool {
        let mut all = self.addresses.iter().filter_map(Address::inet);
        all.any(|own| {
            let everywhere = own.ip().is_unspecified() && own.is_ipv4() == address.is_ipv4();
            own.port() == address.port()
                && (own.ip() == address.ip() || (everywhere && is_of_this_machine(address)))
        })
    }
}

/// A socket can only be bound to an address of this machine.
fn is_of_this_machine(address: SocketAddr) -> bool {
    UdpSocket::bind(SocketAddr::new(address.ip(), 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connects(listen: &str, target: impl Fn(u16) -> String) -> Result<Reached, ConnectError> {
        let target_later = Endpoint::DEFAULT;
        let config = TapConfig::default();
        let mut tap = Tap::bind(&[listen.parse().unwrap()], target_later, config).unwrap();
        tap.tapping.target = target(tap.addresses()[0].port().unwrap()).parse().unwrap();
        tap.tapping.connect()
    }

    #[test]
    fn a_target_that_is_the_tap_is_known_at_the_start() {
        let own = |listen: &str, host: &str| {
            let config = TapConfig::default();
            let listen = [listen.parse().unwrap()];
            let mut tap = Tap::bind(&listen, Endpoint::DEFAULT, config).unwrap();
            let target = format!("{host}:{}", tap.addresses()[0].port().unwrap());
            tap.tapping.target = target.parse().unwrap();
            tap.own_target().is_some()
        };
        assert!(own("127.0.0.1:0", "127.0.0.1"));
        assert!(own("0.0.0.0:0", "127.0.0.1"));
        assert!(!own("127.0.0.1:0", "127.0.0.2"));
        assert!(
            !own("127.0.0.1:0", "localhost"),
            "a name may lead elsewhere"
        );
    }

    #[track_caller]
    fn is_refused(listen: &str, target: impl Fn(u16) -> String) {
        let refused = connects(listen, target);
        assert!(matches!(refused, Err(ConnectError::Itself(_))));
    }

    #[test]
    fn a_tap_into_itself_is_refused() {
        is_refused("127.0.0.1:0", |port| format!("127.0.0.1:{port}"));
        is_refused("0.0.0.0:0", |port| format!("127.0.0.1:{port}"));
        // Nobody else is at this name and port either: `::1` is left to be tried, and refuses.
        let other = connects("127.0.0.1:0", |port| format!("localhost:{port}"));
        assert!(!matches!(other, Err(ConnectError::Itself(_))));
    }
}
