//! A transcript as the server of one test (usually: a mock server).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use otherend_core::transcript::{Mismatch, Options, Plan};
use otherend_core::{Event, Observer, Time};

use super::Performances;
use crate::engine::Engine;
use crate::error::BindError;
use crate::lock::lock;
use crate::peer::Peer;
use crate::server::{Running, Server, ServerConfig};
use crate::watch::Watcher;

/// After the mock's last word: how long a client may take to close.
const LINGER: Duration = Duration::from_millis(250);

/// Plays the server's end of a transcript on a free port of 127.0.0.1, for one test.
///
/// It is a [`Server`] of [`Performances`] in threads. A connection ends at the first line that
/// nothing in the file fits, so that no test waits for ever. See [`play`](super::play) for an
/// example. Dropping it ends it.
#[must_use = "dropping it ends it"]
pub struct Mock {
    running: Option<Running>,
    address: SocketAddr,
    misfits: Arc<Misfits>,
    /// How long the transcript waits for a line.
    patience: Duration,
}

impl Mock {
    /// Listen and wait for the client.
    ///
    /// # Errors
    ///
    /// When there is no free port, thread or descriptor.
    pub fn start(plan: Arc<Plan>) -> Result<Mock, BindError> {
        let patience = plan.timeout();
        let strict = |options| Options {
            strict: true,
            ..options
        };
        let performances = Performances::new(plan).with(strict);
        let mut config = ServerConfig {
            engine: Engine::Threads,
            ..ServerConfig::default()
        };
        config.settings.linger_idle = LINGER;
        let misfits = Arc::new(Misfits::default());
        let free_port = [SocketAddr::from(([127, 0, 0, 1], 0)).into()];
        let server = Server::bind(&free_port, config, move |peer| performances.join(peer))?;
        let server = server.watched_by(Arc::clone(&misfits) as Arc<dyn Watcher>);
        let address = server.addresses()[0].inet().ok_or(BindError::NoAddress)?;
        Ok(Mock {
            running: Some(server.start()?),
            address,
            misfits,
            patience,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Wait until the clients that came have left, as long as the transcript waits for a line at
    /// most; gives what they said that did not fit.
    ///
    /// Lines that nobody reached are [`Plan::unreached`].
    #[must_use]
    pub fn finish(mut self) -> Vec<Mismatch> {
        if let Some(running) = self.running.take() {
            // A test calls this with its client still on the way out. Whoever is here ends by
            // itself mostly; as long as a line may take is as long as it is waited for.
            running.handle().wait_until_empty(self.patience);
            // Who waits at the door is let in by the drain, and may speak as long.
            running.handle().drain_within(self.patience);
            running.drain();
        }
        std::mem::take(&mut lock(&self.misfits.all))
    }

    /// [`finish`](Self::finish) for async programs, on a thread for blocking work.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[cfg(feature = "tokio")]
    pub async fn finish_async(self) -> Vec<Mismatch> {
        let finishing = tokio::task::spawn_blocking(move || self.finish());
        // A panic of that thread has already told the test.
        finishing.await.unwrap_or_default()
    }
}

/// Gathers what clients said that did not fit.
#[derive(Default)]
struct Misfits {
    all: Arc<Mutex<Vec<Mismatch>>>,
}

/// Gathers it for one client.
struct MisfitsOfOne(Arc<Mutex<Vec<Mismatch>>>);

impl Watcher for Misfits {
    fn observer(&self, _peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(MisfitsOfOne(Arc::clone(&self.all))))
    }
}

impl Observer for MisfitsOfOne {
    fn on_event(&mut self, _now: Time, event: &Event<'_>) {
        if let Event::Unexpected(mismatch) = event {
            lock(&self.0).push((*mismatch).clone());
        }
    }
}
