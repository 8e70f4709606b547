//! Whoever watches a server: its conversations, and what happens at its door.

use otherend_core::{Observer, Time};

use super::Notice;
use crate::peer::Peer;

/// Watches a server. Called from its threads: whoever takes long here delays peers.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::mpsc::{Sender, channel};
/// use otherend_net::core::{AnyBehaviour, Echo, EndReason, Event, Observer, Time, Wants};
/// use otherend_net::{Client, ConnectOptions, Peer, Server, ServerConfig, Watcher};
///
/// /// Tells who left, and why.
/// struct Ends(Sender<(u64, EndReason)>);
/// struct EndsOfOne(u64, Sender<(u64, EndReason)>);
///
/// impl Watcher for Ends {
///     fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
///         Some(Box::new(EndsOfOne(peer.number, self.0.clone())))
///     }
/// }
///
/// impl Observer for EndsOfOne {
///     fn on_event(&mut self, _now: Time, event: &Event<'_>) {
///         if let Event::Ended { reason, .. } = event {
///             let _ = self.1.send((self.0, *reason));
///         }
///     }
///
///     fn wants(&self) -> Wants {
///         Wants::default()
///     }
/// }
///
/// let (tell, ends) = channel();
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?
///     .watched_by(Arc::new(Ends(tell)))
///     .start()?;
/// Client::connect(&server.addresses()[0], &ConnectOptions::default())?.say(b"exit")?;
/// assert_eq!(ends.recv()?, (1, EndReason::ExitWord));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Watcher: Send + Sync {
    /// Who watches the conversation with `peer`, which is about to begin; `None`: nobody, and no
    /// event is built for it.
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>>;

    /// Something happened at the door.
    fn notice(&self, now: Time, notice: &Notice<'_>) {
        let _ = (now, notice);
    }
}
