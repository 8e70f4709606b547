//! The UDP client: says lines as datagrams, hears datagrams as lines, and is told when nothing
//! listens at the other end.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use otherend_core::{EndReason, Framing, Loss, Observer, Settings, Step};
use rustix::event::{PollFd, PollFlags};

use crate::client::{
    Attempt, ConnectError, ConnectOptions, Gone, Received, Voice, listening, next_line, resolve,
};
use crate::endpoint::Endpoint;
use crate::engine::carrier::Carrier;
use crate::hub::mailbox::{Mailbox, Order};
use crate::stream;
use crate::system::clock::Clock;
use crate::system::poll;

/// The largest datagram, and more.
const INPUT: usize = 64 * 1024;

/// A client that talks to one address in datagrams.
///
/// Nothing is connected: whether somebody listens shows itself after the first datagram, and only
/// where the other machine says so (ICMP port unreachable), as the end [`EndReason::Refused`].
///
/// ```
/// use otherend_net::core::EndReason;
/// use otherend_net::{ConnectOptions, Received, UdpClient};
///
/// let nobody = std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
/// let mut client = UdpClient::connect(&nobody.into(), &ConnectOptions::default())?;
/// client.say(b"is anybody there?")?;
/// assert_eq!(client.receive(), Received::Ended(EndReason::Refused));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UdpClient {
    courier: Courier,
    mailbox: Arc<Mailbox>,
    lines: mpsc::Receiver<Vec<u8>>,
    over: bool,
}

/// A conversation and its socket.
struct Courier {
    socket: UdpSocket,
    carrier: Carrier,
    input: Vec<u8>,
    /// Why a line did not leave.
    trouble: Option<io::Error>,
}

/// A bare socket that talks to `endpoint` only, in non-blocking mode. Nothing is sent.
///
/// # Errors
///
/// When the name has no address, or there is no way to any of its addresses.
pub fn connect_udp(
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<UdpSocket, ConnectError> {
    let began = Instant::now();
    let mut attempts = Vec::new();
    for address in resolve(endpoint, options)? {
        match talk_to(address, options) {
            Ok(socket) => return Ok(socket),
            Err(error) => attempts.push(Attempt {
                address,
                error,
                after: began.elapsed(),
            }),
        }
    }
    let endpoint = endpoint.clone();
    Err(ConnectError::Failed { endpoint, attempts })
}

fn talk_to(address: SocketAddr, options: &ConnectOptions) -> io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0; 16], 0).into(),
    };
    let from = options
        .source
        .map_or(any, |source| SocketAddr::new(source, 0));
    let socket = UdpSocket::bind(from)?;
    stream::make_room(&socket);
    socket.connect(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

impl UdpClient {
    /// Talk to `endpoint`, the first of its addresses that there is a way to.
    ///
    /// # Errors
    ///
    /// As [`connect_udp`], and when no descriptor is left.
    pub fn connect(
        endpoint: &Endpoint,
        options: &ConnectOptions,
    ) -> Result<UdpClient, ConnectError> {
        let socket = connect_udp(endpoint, options)?;
        UdpClient::watched_over(socket, options.settings.clone(), None).map_err(ConnectError::Local)
    }

    /// A client over a socket that is connected already, with everything shown to `observer`.
    ///
    /// # Errors
    ///
    /// When the socket cannot be prepared or no descriptor is left.
    pub fn watched_over(
        socket: UdpSocket,
        mut settings: Settings,
        observer: Option<Box<dyn Observer>>,
    ) -> io::Result<UdpClient> {
        socket.set_nonblocking(true)?;
        settings.framing = Framing::Datagram;
        let clock = Clock::new();
        let mailbox = Arc::new(Mailbox::for_thread()?);
        let (mut conversation, lines) = listening(settings, clock, observer);
        conversation.open(clock.now());
        let courier = Courier {
            socket,
            carrier: Carrier::in_client(conversation, clock, Arc::clone(&mailbox)),
            input: vec![0; INPUT],
            trouble: None,
        };
        Ok(UdpClient {
            courier,
            mailbox,
            lines,
            over: false,
        })
    }

    /// The address that it talks to.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn peer_address(&self) -> io::Result<SocketAddr> {
        self.courier.socket.peer_addr()
    }

    /// Our own address.
    ///
    /// # Errors
    ///
    /// When the system does not tell.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.courier.socket.local_addr()
    }

    /// Say a line, as one datagram; its terminator is added.
    ///
    /// # Errors
    ///
    /// When the system does not take it, as one that no datagram can hold (65,507 bytes with its
    /// LF, RFC 768); or when the conversation is over, with a [`Gone`] inside.
    pub fn say(&mut self, line: &[u8]) -> io::Result<()> {
        self.mailbox.post(Order::Say(line.to_vec()));
        self.over = self.over || !self.courier.turn(Some(Duration::ZERO));
        match self.trouble() {
            Some(error) => Err(error),
            None if self.over => Err(io::Error::other(Gone(self.reason()))),
            None => Ok(()),
        }
    }

    /// Why the last line that did not leave did not; told once. For lines of a [`Voice`].
    pub fn trouble(&mut self) -> Option<io::Error> {
        self.courier.trouble.take()
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
        Voice::of(Arc::clone(&self.mailbox))
    }

    fn receive_until(&mut self, deadline: Option<Instant>) -> Received {
        let turn = |limit| self.courier.turn(limit);
        let received = next_line(&self.lines, deadline, &mut self.over, turn);
        received.unwrap_or_else(|| Received::Ended(self.reason()))
    }

    fn reason(&self) -> EndReason {
        let reason = self.courier.carrier.conversation.reason();
        reason.unwrap_or(EndReason::ClosedHere)
    }
}

impl Courier {
    /// Move what can be moved, then wait for more, `limit` at most. `false`: it is over.
    fn turn(&mut self, limit: Option<Duration>) -> bool {
        let now = self.carrier.clock.now();
        self.carrier.follow_orders(now);
        self.send();
        match self.carrier.conversation.step() {
            Step::Wait { .. } => self.wait(limit),
            // A datagram cannot say that no other follows.
            Step::HalfClose => self.carrier.conversation.half_closed(now),
            Step::Close | Step::Reset => return false,
        }
        true
    }

    fn send(&mut self) {
        let conversation = &mut self.carrier.conversation;
        while let Some(length) = conversation.next_datagram() {
            let sent = self.socket.send(&conversation.unsent()[..length]);
            let now = self.carrier.clock.now();
            match sent {
                Ok(_) => conversation.sent(now, length),
                Err(error) => match loss(&error) {
                    Some(loss) => conversation.peer_lost(now, loss),
                    None => {
                        conversation.withheld(now, length);
                        self.trouble = Some(error);
                    }
                },
            }
        }
    }

    /// Wait for a datagram, orders or a deadline, and hear it.
    fn wait(&mut self, limit: Option<Duration>) {
        let clock = self.carrier.clock;
        let deadline = self.carrier.deadline().map(|at| clock.until(at));
        let timeout = [deadline, limit].into_iter().flatten().min();
        let mut fds = vec![PollFd::new(&self.socket, PollFlags::IN)];
        if let Some(bell) = self.carrier.mailbox().bell() {
            fds.push(PollFd::from_borrowed_fd(bell.as_fd(), PollFlags::IN));
        }
        if !poll::wait(&mut fds, timeout) {
            return self.carrier.tick(clock.now());
        }
        if fds[0].revents().is_empty() {
            return;
        }
        let received = self.socket.recv(&mut self.input);
        let (now, conversation) = (clock.now(), &mut self.carrier.conversation);
        match received {
            Ok(length) => conversation.receive(now, &self.input[..length]),
            Err(error) => {
                if let Some(loss) = loss(&error) {
                    conversation.peer_lost(now, loss);
                }
            }
        }
    }
}

/// What the network has said about earlier datagrams; `None`: nothing.
fn loss(error: &io::Error) -> Option<Loss> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Loss::Refused),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Some(Loss::Unreachable)
        }
        _ => None,
    }
}
