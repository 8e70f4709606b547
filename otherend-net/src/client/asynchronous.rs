//! The same client for async programs. Dropping a future loses nothing: what was heard is kept.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use otherend_core::{EndReason, Settings};
use tokio::time::timeout;

use super::reach::reach;
use super::{ConnectError, ConnectOptions, Gone, Received, UNSENT, Voice, begin, listening};
use crate::endpoint::Target;
use crate::engine::carrier::Carrier;
use crate::engine::tokio::{Driver, Source};
use crate::hub::mailbox::{Mailbox, Order};
use crate::stream::Stream;
use crate::system::clock::Clock;

/// A connected client in an async program. It moves bytes while one of its futures is awaited.
///
/// ```
/// use otherend_net::core::{AnyBehaviour, Echo};
/// use otherend_net::{AsyncClient, ConnectOptions, Received, Server, ServerConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::new(b""));
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?.start()?;
/// let options = ConnectOptions::default();
/// let mut client = AsyncClient::connect(&server.addresses()[0], &options).await?;
/// client.say(b"hello").await?;
/// assert_eq!(client.receive().await, Received::Line(b"hello".to_vec()));
/// # Ok(())
/// # }
/// ```
pub struct AsyncClient {
    driver: Driver,
    mailbox: Arc<Mailbox>,
    lines: mpsc::Receiver<Vec<u8>>,
    over: bool,
}

impl AsyncClient {
    /// Connect to `target`, over TCP or a Unix socket.
    ///
    /// # Errors
    ///
    /// As [`Client::connect`](super::Client::connect).
    pub async fn connect(
        target: impl Into<Target>,
        options: &ConnectOptions,
    ) -> Result<AsyncClient, ConnectError> {
        let settings = options.settings.clone();
        let (target, options) = (target.into(), options.clone());
        // Looking up a name blocks and needs a thread anyway; there the race of the addresses runs as
        // it does for everybody else.
        let connecting = tokio::task::spawn_blocking(move || reach(&target, &options));
        let stream = connecting
            .await
            .map_err(|error| ConnectError::Local(error.into()))??;
        AsyncClient::over(stream, settings).map_err(ConnectError::Local)
    }

    /// A client over a stream that stands already.
    ///
    /// # Errors
    ///
    /// When the runtime cannot take the stream.
    pub fn over(stream: impl Into<Stream>, settings: Settings) -> io::Result<AsyncClient> {
        let stream = stream.into();
        stream.set_nonblocking()?;
        let stream = Source::new(stream)?;
        let clock = Clock::new();
        let mailbox = Arc::new(Mailbox::for_task());
        let (behaviour, lines) = listening();
        let conversation = begin(behaviour, settings, clock, None);
        let carrier = Carrier::in_client(conversation, clock, Arc::clone(&mailbox));
        let driver = Driver::new(stream, carrier);
        Ok(AsyncClient {
            driver,
            mailbox,
            lines,
            over: false,
        })
    }

    /// Say a line; its terminator is added. Waits while too much is unsent already.
    ///
    /// # Errors
    ///
    /// When the conversation is over; the error says why.
    pub async fn say(&mut self, line: &[u8]) -> Result<(), Gone> {
        self.mailbox.post(Order::Say(line.to_vec()));
        poll_fn(|cx| {
            self.over = self.over || Pin::new(&mut self.driver).poll(cx).is_ready();
            let unsent = self.driver.carrier.conversation.waiting_bytes();
            if self.over || unsent <= UNSENT {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        if self.over {
            Err(Gone(self.reason()))
        } else {
            Ok(())
        }
    }

    /// Say nothing more: half-close, at the latest with the next [`receive`](Self::receive). The
    /// peer is still heard.
    pub fn finish_saying(&mut self) {
        self.mailbox.post(Order::FinishSaying);
    }

    /// The next line, however long it takes, or why there is none any more.
    pub async fn receive(&mut self) -> Received {
        poll_fn(|cx| {
            if let Ok(line) = self.lines.try_recv() {
                return Poll::Ready(Received::Line(line));
            }
            self.over = self.over || Pin::new(&mut self.driver).poll(cx).is_ready();
            match self.lines.try_recv() {
                Ok(line) => Poll::Ready(Received::Line(line)),
                Err(_) if self.over => Poll::Ready(Received::Ended(self.reason())),
                Err(_) => Poll::Pending,
            }
        })
        .await
    }

    /// The next line if it comes within `limit`.
    pub async fn receive_within(&mut self, limit: Duration) -> Received {
        timeout(limit, self.receive())
            .await
            .unwrap_or(Received::TimedOut)
    }

    /// Speaks for this client from other threads and tasks.
    #[must_use]
    pub fn voice(&self) -> Voice {
        Voice {
            mailbox: Arc::clone(&self.mailbox),
        }
    }

    fn reason(&self) -> EndReason {
        self.driver
            .carrier
            .conversation
            .reason()
            .unwrap_or(EndReason::PeerFinished)
    }
}
