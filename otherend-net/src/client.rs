//! The client: connects to a name, says lines, hears lines, and is told when the other end goes.

#[cfg(feature = "tokio")]
mod asynchronous;
mod options;
mod race;

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use otherend_core::{
    AnyBehaviour, Behaviour, Conversation, EndReason, Flow, Observer, Replies, Settings,
};

use crate::endpoint::Endpoint;
use crate::engine::Buffers;
use crate::engine::blocking::Driver;
use crate::engine::carrier::Carrier;
use crate::hub::mailbox::{Mailbox, Order};
use crate::stream;
use crate::system::clock::Clock;

#[cfg(feature = "tokio")]
pub use asynchronous::AsyncClient;
pub use options::{ConnectError, ConnectOptions};
pub use race::Attempt;

/// What [`Client::receive_within`] came back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A line, without its terminator.
    Line(Vec<u8>),
    /// The conversation is over.
    Ended(EndReason),
    /// Neither came in time.
    TimedOut,
}

/// A connected client.
///
/// ```
/// use otherend_net::{Client, ConnectOptions, Received, Server, ServerConfig};
/// use otherend_net::core::{AnyBehaviour, Echo};
///
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?.start()?;
/// let mut client = Client::connect(&server.addresses()[0].into(), &ConnectOptions::default())?;
/// client.say(b"hello")?;
/// assert_eq!(client.receive(), Received::Line(b"From server -> hello".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client {
    driver: Driver,
    buffers: Buffers,
    mailbox: Arc<Mailbox>,
    lines: mpsc::Receiver<Vec<u8>>,
    over: bool,
}

/// Connect to `endpoint` and give the bare stream, in non-blocking mode.
///
/// Every address of a name is tried in the order of RFC 8305; the first that answers is taken.
///
/// # Errors
///
/// When the name has no address, or none of its addresses answered.
pub fn connect(endpoint: &Endpoint, options: &ConnectOptions) -> Result<TcpStream, ConnectError> {
    let addresses = resolve(endpoint, options)?;
    connect_to_any(endpoint, &addresses, options)
}

/// The addresses of `endpoint`, in the order in which to try them.
pub(crate) fn resolve(
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let addresses = match options.timeout {
        Some(limit) => endpoint.resolve_within(options.family, options.no_dns, limit),
        None => endpoint.resolve(options.family, options.no_dns),
    };
    addresses.map_err(ConnectError::Resolve)
}

/// Connect to whichever of `addresses` answers first.
pub(crate) fn connect_to_any(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
    options: &ConnectOptions,
) -> Result<TcpStream, ConnectError> {
    let stream = race::Race::new(addresses, options.source, options.timeout)
        .run()
        .map_err(|attempts| ConnectError::Failed {
            endpoint: endpoint.clone(),
            attempts,
        })?;
    // What cannot be set now shows itself at the first read.
    let _ = stream::prepare(&stream, options.keepalive.as_ref());
    Ok(stream)
}

impl Client {
    /// Connect to `endpoint`, as [`connect`] does.
    ///
    /// # Errors
    ///
    /// As [`connect`], and when no descriptor is left.
    pub fn connect(endpoint: &Endpoint, options: &ConnectOptions) -> Result<Client, ConnectError> {
        let stream = connect(endpoint, options)?;
        Client::over(stream, options.settings.clone()).map_err(ConnectError::Local)
    }

    /// A client over a stream that stands already.
    ///
    /// # Errors
    ///
    /// When the stream cannot be prepared or no descriptor is left.
    pub fn over(stream: TcpStream, settings: Settings) -> io::Result<Client> {
        Client::watched_over(stream, settings, None)
    }

    /// As [`over`](Self::over), with everything shown to `observer`.
    ///
    /// # Errors
    ///
    /// As [`over`](Self::over).
    pub fn watched_over(
        stream: TcpStream,
        settings: Settings,
        observer: Option<Box<dyn Observer>>,
    ) -> io::Result<Client> {
        stream.set_nonblocking(true)?;
        let clock = Clock::new();
        let mailbox = Arc::new(Mailbox::for_thread()?);
        let (mut conversation, lines) = listening(settings, clock, observer);
        conversation.open(clock.now());
        let carrier = Carrier::in_client(conversation, clock, Arc::clone(&mailbox));
        let driver = Driver { stream, carrier };
        Ok(Client {
            driver,
            buffers: Buffers::new(),
            mailbox,
            lines,
            over: false,
        })
    }

    /// The address that answered.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn peer_address(&self) -> io::Result<SocketAddr> {
        self.driver.stream.peer_addr()
    }

    /// Our own address.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.driver.stream.local_addr()
    }

    /// Say a line; its terminator is added. Waits while too much is unsent already; what the peer
    /// says meanwhile is kept for [`receive`](Self::receive).
    ///
    /// # Errors
    ///
    /// When the conversation is over; the error says why.
    pub fn say(&mut self, line: &[u8]) -> Result<(), Gone> {
        self.mailbox.post(Order::Say(line.to_vec()));
        self.turn(Some(Duration::ZERO));
        while !self.over && self.driver.carrier.conversation.waiting_bytes() > UNSENT {
            self.turn(None);
        }
        if self.over {
            Err(Gone(self.reason()))
        } else {
            Ok(())
        }
    }

    /// Say nothing more: half-close. The peer is still heard.
    pub fn finish_saying(&mut self) {
        self.mailbox.post(Order::FinishSaying);
        self.turn(Some(Duration::ZERO));
    }

    /// The next line, however long it takes, or why there is none any more.
    pub fn receive(&mut self) -> Received {
        self.receive_until(None)
    }

    /// The next line if it comes within `limit`.
    pub fn receive_within(&mut self, limit: Duration) -> Received {
        self.receive_until(Instant::now().checked_add(limit))
    }

    /// Speaks for this client from other threads, also while it waits in [`receive`](Self::receive).
    #[must_use]
    pub fn voice(&self) -> Voice {
        Voice {
            mailbox: Arc::clone(&self.mailbox),
        }
    }

    fn receive_until(&mut self, deadline: Option<Instant>) -> Received {
        let turn = |limit| self.driver.turn(&mut self.buffers, limit);
        let received = next_line(&self.lines, deadline, &mut self.over, turn);
        received.unwrap_or_else(|| Received::Ended(self.reason()))
    }

    fn turn(&mut self, limit: Option<Duration>) {
        self.over = self.over || !self.driver.turn(&mut self.buffers, limit);
    }

    fn reason(&self) -> EndReason {
        self.driver
            .carrier
            .conversation
            .reason()
            .unwrap_or(EndReason::PeerFinished)
    }
}

/// More unsent bytes than this make [`Client::say`] wait.
const UNSENT: usize = 256 * 1024;

/// The conversation is over, for this reason; the line was not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody is at the other end: {0}")]
pub struct Gone(pub EndReason);

/// Speaks for a [`Client`] from other threads.
#[derive(Debug, Clone)]
pub struct Voice {
    mailbox: Arc<Mailbox>,
}

impl Voice {
    pub(crate) fn of(mailbox: Arc<Mailbox>) -> Self {
        Voice { mailbox }
    }

    /// Say a line, once the client's own thread gets to it.
    pub fn say(&self, line: &[u8]) {
        self.mailbox.post(Order::Say(line.to_vec()));
    }

    /// Say nothing more: half-close once all is said.
    pub fn finish_saying(&self) {
        self.mailbox.post(Order::FinishSaying);
    }

    /// Say what is queued and close.
    pub fn close(&self) {
        self.mailbox.post(Order::Close(EndReason::ClosedHere));
    }

    /// End it at once with a reset; what was not sent yet is lost.
    pub fn abort(&self) {
        self.mailbox.post(Order::Abort(EndReason::ClosedHere));
    }
}

/// A client's conversation, and where the lines it hears arrive.
pub(crate) fn listening(
    settings: Settings,
    clock: Clock,
    observer: Option<Box<dyn Observer>>,
) -> (Conversation, mpsc::Receiver<Vec<u8>>) {
    let (ear, lines) = mpsc::channel();
    let behaviour = AnyBehaviour::custom(Listening { ear });
    let mut conversation = Conversation::new(Arc::new(settings), behaviour, clock.now());
    if let Some(observer) = observer {
        conversation = conversation.observed(observer);
    }
    (conversation, lines)
}

/// The next of `lines`, if it comes before the `deadline`; `None`: the conversation is `over` and
/// there is none. `turn` moves what can be moved and waits, as [`Driver::turn`] does.
pub(crate) fn next_line(
    lines: &mpsc::Receiver<Vec<u8>>,
    deadline: Option<Instant>,
    over: &mut bool,
    mut turn: impl FnMut(Option<Duration>) -> bool,
) -> Option<Received> {
    let mut in_time = true;
    loop {
        if let Ok(line) = lines.try_recv() {
            return Some(Received::Line(line));
        }
        if *over {
            return None;
        }
        if !in_time {
            return Some(Received::TimedOut);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        in_time = left.is_none_or(|left| !left.is_zero());
        *over = !turn(left);
    }
}

/// Hands every line to whoever asks the client for it.
struct Listening {
    ear: mpsc::Sender<Vec<u8>>,
}

impl Behaviour for Listening {
    fn on_line(&mut self, line: &[u8], _replies: &mut Replies<'_>) -> Flow {
        match self.ear.send(line.to_vec()) {
            Ok(()) => Flow::Continue,
            Err(mpsc::SendError(_)) => Flow::FinishNow,
        }
    }
}
