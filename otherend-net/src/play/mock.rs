//! A transcript as the server of one test.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use otherend_core::transcript::{Mismatch, Options, Plan, Player};

use super::curtain::{Call, Curtain};
use super::stage::Stage;

/// Plays the server's end of a transcript once, on a free port of 127.0.0.1.
///
/// Its connections are those of the file, in the order in which clients come. A connection ends at
/// the first line that nothing in the file fits, so that no test waits for ever. See
/// [`play`](super::play) for an example. Dropping it ends it.
#[derive(Debug)]
pub struct Mock {
    address: SocketAddr,
    curtain: Arc<Curtain>,
    thread: Option<JoinHandle<Vec<Mismatch>>>,
}

impl Mock {
    /// Listen and wait for the client.
    ///
    /// # Errors
    ///
    /// When there is no free port, thread or descriptor.
    pub fn start(plan: Arc<Plan>) -> io::Result<Mock> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let curtain = Arc::new(Curtain::new()?);
        let watched = Arc::clone(&curtain);
        let patience = plan.timeout();
        let player = Player::server(plan);
        let strict = Options {
            strict: true,
            ..player.options()
        };
        let stage = Stage::new(player.with(strict));
        let thread = thread::Builder::new().name("mock".into());
        let thread = thread.spawn(move || stage.host(&listener, &watched, patience))?;
        Ok(Mock {
            address,
            curtain,
            thread: Some(thread),
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
        self.end(Call::Finish)
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

    fn end(&mut self, call: Call) -> Vec<Mismatch> {
        self.curtain.ask(call);
        let thread = self.thread.take();
        // A panic of that thread has already told the test.
        thread
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.end(Call::Stop);
    }
}
