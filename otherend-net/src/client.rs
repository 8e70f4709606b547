//! The client: connects to a name, says lines, hears lines, and is told when the other end goes.

#[cfg(feature = "tokio")]
mod asynchronous;
mod options;
mod race;
mod reach;
mod say_error;

use std::io;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use otherend_core::{
    Address, AnyBehaviour, Behaviour, Conversation, EndReason, Flow, Framing, Handler, Observer,
    Replies, Settings,
};

use crate::endpoint::Target;
use crate::engine::blocking::Driver;
use crate::engine::carrier::Carrier;
use crate::engine::desk::Desk;
use crate::hub::mailbox::{Mailbox, Order};
use crate::stream::Stream;
use crate::system::clock::Clock;

#[cfg(feature = "tokio")]
pub use asynchronous::AsyncClient;
pub use options::{ConnectError, ConnectOptions};
pub use race::Attempt;
pub use reach::{connect, connect_udp};
pub(crate) use reach::{connect_to_any, reach, resolve};
pub use say_error::{Gone, SayError};

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
/// let mut client = Client::connect(&server.addresses()[0], &ConnectOptions::default())?;
/// client.say(b"hello")?;
/// assert_eq!(client.receive(), Received::Line(b"From server -> hello".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Client {
    driver: Driver,
    desk: Desk,
    mailbox: Arc<Mailbox>,
    lines: mpsc::Receiver<Vec<u8>>,
    over: bool,
}

impl Client {
    /// Connect to `target`: over TCP as [`connect`] does, over UDP as [`connect_udp`], or over a
    /// Unix socket.
    ///
    /// Over UDP nothing is connected: whether somebody listens shows itself after the first
    /// datagram, and only where the other machine says so (ICMP port unreachable), as the end
    /// [`EndReason::Refused`].
    ///
    /// ```
    /// use otherend_net::core::EndReason;
    /// use otherend_net::endpoint::Target;
    /// use otherend_net::{Client, ConnectOptions, Received};
    ///
    /// let nobody = std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    /// let target = Target::Datagrams(nobody.into());
    /// let mut client = Client::connect(target, &ConnectOptions::default())?;
    /// client.say(b"is anybody there?")?;
    /// assert_eq!(client.receive(), Received::Ended(EndReason::Refused));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no way to it or nobody answered, and when no descriptor is left.
    pub fn connect(
        target: impl Into<Target>,
        options: &ConnectOptions,
    ) -> Result<Client, ConnectError> {
        let stream = reach(&target.into(), options)?;
        Client::over(stream, options.settings.clone()).map_err(ConnectError::Local)
    }

    /// A client over a stream that stands already.
    ///
    /// # Errors
    ///
    /// When the stream cannot be prepared or no descriptor is left.
    pub fn over(stream: impl Into<Stream>, settings: Settings) -> io::Result<Client> {
        Client::watched_over(stream, settings, None)
    }

    /// As [`over`](Self::over), with everything shown to `observer`.
    ///
    /// # Errors
    ///
    /// As [`over`](Self::over).
    pub fn watched_over(
        stream: impl Into<Stream>,
        settings: Settings,
        observer: Option<Box<dyn Observer>>,
    ) -> io::Result<Client> {
        let (behaviour, lines) = listening();
        let mut client = Client::handled_by(behaviour, stream.into(), settings, observer)?;
        client.lines = lines;
        Ok(client)
    }

    /// A client over a stream that stands already, in which `handler` decides what is said and what
    /// becomes of what is heard: it is only to be [carried](Self::carry).
    ///
    /// # Errors
    ///
    /// As [`over`](Self::over).
    pub fn handled_by(
        handler: impl Into<Handler>,
        stream: impl Into<Stream>,
        mut settings: Settings,
        observer: Option<Box<dyn Observer>>,
    ) -> io::Result<Client> {
        let stream = stream.into();
        if stream.is_datagrams() {
            // What is asked for is about streams: a datagram is whole by itself.
            settings.framing = Framing::Datagram;
        }
        stream.set_nonblocking()?;
        let clock = Clock::new();
        let mailbox = Arc::new(Mailbox::for_thread()?);
        let mut conversation = begin(handler, settings, clock, observer);
        conversation.open(clock.now());
        let carrier = Carrier::in_client(conversation, clock, Arc::clone(&mailbox));
        let driver = Driver::new(stream, carrier);
        Ok(Client {
            driver,
            desk: Desk::default(),
            mailbox,
            lines: mpsc::channel().1,
            over: false,
        })
    }

    /// The address that answered.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn peer_address(&self) -> io::Result<Address> {
        self.driver.stream.peer_address()
    }

    /// Our own address.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub fn local_address(&self) -> io::Result<Address> {
        self.driver.stream.local_address()
    }

    /// Say a line; its terminator is added. Waits while too much is unsent already; what the peer
    /// says meanwhile is kept for [`receive`](Self::receive).
    ///
    /// # Errors
    ///
    /// When the conversation is over; the error says why. Over UDP also when the system does not
    /// take the line.
    pub fn say(&mut self, line: &[u8]) -> Result<(), SayError> {
        // One turn that waits for nothing, in which the line mostly leaves. Only a peer that takes
        // nothing makes this wait, and is heard meanwhile: two ends that both only talked would
        // otherwise fill both sockets and wait for each other for ever.
        self.mailbox.post(Order::Say(line.to_vec()));
        self.turn(Some(Duration::ZERO));
        while !self.over && self.driver.carrier.conversation.waiting_bytes() > UNSENT {
            self.turn(None);
        }
        match self.trouble() {
            Some(error) => Err(SayError::NotSent(error)),
            None if self.over => Err(Gone(self.reason()).into()),
            None => Ok(()),
        }
    }

    /// Why the last datagram that did not leave did not; told once. For lines of a [`Voice`]: over
    /// a stream every line leaves or the conversation ends.
    pub fn trouble(&mut self) -> Option<io::Error> {
        self.driver.trouble.take()
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

    /// Carry it to its end, which is why it ended.
    ///
    /// # Errors
    ///
    /// When the system does not take a datagram; the conversation is not over, and can be carried on.
    pub fn carry(&mut self) -> io::Result<EndReason> {
        while !self.over {
            self.turn(None);
            if let Some(error) = self.trouble() {
                return Err(error);
            }
        }
        Ok(self.reason())
    }

    /// Speaks for this client from other threads, also while it waits in [`receive`](Self::receive).
    #[must_use]
    pub fn voice(&self) -> Voice {
        Voice {
            mailbox: Arc::clone(&self.mailbox),
        }
    }

    fn receive_until(&mut self, deadline: Option<Instant>) -> Received {
        let turn = |limit| self.driver.turn(&mut self.desk, limit);
        let received = next_line(&self.lines, deadline, &mut self.over, turn);
        received.unwrap_or_else(|| Received::Ended(self.reason()))
    }

    fn turn(&mut self, limit: Option<Duration>) {
        self.over = self.over || !self.driver.turn(&mut self.desk, limit);
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

/// Speaks for a [`Client`] from other threads.
#[derive(Debug, Clone)]
pub struct Voice {
    mailbox: Arc<Mailbox>,
}

impl Voice {
    /// Say a line, once the client's own thread gets to it.
    pub fn say(&self, line: &[u8]) {
        self.mailbox.post(Order::Say(line.to_vec()));
    }

    /// Say nothing more: half-close once all is said.
    pub fn finish_saying(&self) {
        self.mailbox.post(Order::FinishSaying);
    }

    /// What a behaviour or a pipe had no room for may come, or a pipe has more to say.
    pub fn go_on(&self) {
        self.mailbox.post(Order::GoOn);
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

/// What hears for a client, and where the lines it hears arrive.
pub(crate) fn listening() -> (AnyBehaviour, mpsc::Receiver<Vec<u8>>) {
    // Without a bound: lines wait here for `receive`, and one that waits for room would have to
    // stop the very thread that is to take them.
    let (ear, lines) = mpsc::channel();
    (AnyBehaviour::custom(Listening { ear }), lines)
}

/// A client's conversation.
pub(crate) fn begin(
    handler: impl Into<Handler>,
    settings: Settings,
    clock: Clock,
    observer: Option<Box<dyn Observer>>,
) -> Conversation {
    let conversation = Conversation::new(Arc::new(settings), handler, clock.now());
    match observer {
        Some(observer) => conversation.observed(observer),
        None => conversation,
    }
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
        // One more turn after the time is up: with a limit of zero, what is there already is still
        // heard.
        in_time = left.is_none_or(|left| !left.is_zero());
        *over = !turn(left);
    }
}

/// Hands every line to whoever asks the client for it.
struct Listening {
    ear: mpsc::Sender<Vec<u8>>,
}

impl Behaviour for Listening {
    fn on_message(&mut self, line: &[u8], _replies: &mut Replies<'_>) -> Flow {
        match self.ear.send(line.to_vec()) {
            Ok(()) => Flow::Continue,
            Err(mpsc::SendError(_)) => Flow::FinishNow,
        }
    }
}
