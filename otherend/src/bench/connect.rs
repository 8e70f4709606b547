//! Many connections at once, some in progress at a time, and why those are missing that are.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream as StdStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use super::plan::Plan;
use super::poller::Poller;
use crate::system::errors;

/// Connections in progress at a time: no more than any server's backlog takes.
const AT_ONCE: usize = 64;
/// How often the time limit and Ctrl-C are looked at.
const PATIENCE: Duration = Duration::from_millis(100);

/// The clients' connections.
#[derive(Debug)]
pub(crate) struct Connected {
    /// One a client, in the clients' order; `None` where it did not come about.
    pub(crate) streams: Vec<Option<TcpStream>>,
    /// Why those are missing that are, each cause once.
    pub(crate) missing: Vec<Missing>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Connections that did not come about, for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) cause: Cause,
    pub(crate) clients: u32,
    /// Where the first of them was to go.
    pub(crate) target: SocketAddr,
}

/// Why a connection did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Refused,
    Reset,
    TimedOut,
    Unreachable,
    /// This process has no descriptor left.
    NoDescriptor,
    /// This machine has no port left towards that address.
    NoPort,
    /// Ctrl-C came first.
    Stopped,
    Other(ErrorKind),
}

impl Cause {
    fn of(error: &io::Error) -> Cause {
        match error.kind() {
            _ if errors::is_out_of_descriptors(error) => Cause::NoDescriptor,
            ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse => Cause::NoPort,
            ErrorKind::ConnectionRefused => Cause::Refused,
            ErrorKind::ConnectionReset => Cause::Reset,
            ErrorKind::TimedOut => Cause::TimedOut,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Cause::Unreachable,
            kind => Cause::Other(kind),
        }
    }

    /// The cause is this machine's: trying again at once is useless.
    fn is_ours(self) -> bool {
        matches!(self, Cause::NoDescriptor | Cause::NoPort)
    }

    /// A stable word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Cause::Refused => "refused",
            Cause::Reset => "reset",
            Cause::TimedOut => "timed-out",
            Cause::Unreachable => "unreachable",
            Cause::NoDescriptor => "no-descriptor",
            Cause::NoPort => "no-port",
            Cause::Stopped => "stopped",
            Cause::Other(_) => "other",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cause::Refused => "connection refused",
            Cause::Reset => "connection reset",
            Cause::TimedOut => "no answer in time: its queue of new connections may be full",
            Cause::Unreachable => "unreachable",
            Cause::NoDescriptor => "this process has no descriptor left: allow more (ulimit -n)",
            Cause::NoPort => {
                "this machine has no port left towards that address: \
                 see net.ipv4.ip_local_port_range, or use fewer clients"
            }
            Cause::Stopped => "stopped before it was tried",
            Cause::Other(kind) => return kind.fmt(f),
        })
    }
}

/// Connect every client of `plan`; `first` is client 0's connection if that stands already.
/// `progress` is told from time to time how many stand.
///
/// # Errors
///
/// When there is no poller to be had.
pub(crate) fn connect(
    plan: &Plan,
    first: Option<StdStream>,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(u32),
) -> io::Result<Connected> {
    let mut opening = Opening::new(plan, first)?;
    let mut events = Poller::events();
    while opening.goes_on() {
        opening.start_some();
        opening.poller.wait(&mut events, PATIENCE)?;
        for event in events.iter() {
            opening.look_at(event.token().0);
        }
        progress(opening.standing);
        opening.give_up_if_hopeless(stop.load(Ordering::Relaxed));
    }
    Ok(Connected {
        streams: opening.standing_streams,
        missing: opening.missing,
        took: opening.since.elapsed(),
    })
}

struct Opening<'a> {
    plan: &'a Plan,
    poller: Poller,
    /// The next client to connect.
    next: u32,
    standing: u32,
    standing_streams: Vec<Option<TcpStream>>,
    in_progress: usize,
    started: Vec<Option<TcpStream>>,
    missing: Vec<Missing>,
    since: Instant,
    last_success: Instant,
}

impl<'a> Opening<'a> {
    fn new(plan: &'a Plan, first: Option<StdStream>) -> io::Result<Opening<'a>> {
        let count = plan.clients as usize;
        let none = || std::iter::repeat_with(|| None).take(count).collect();
        let mut opening = Opening {
            plan,
            poller: Poller::new(false)?,
            next: 0,
            standing: 0,
            standing_streams: none(),
            in_progress: 0,
            started: none(),
            missing: Vec::new(),
            since: Instant::now(),
            last_success: Instant::now(),
        };
        if let Some(first) = first {
            // As all others have: with Nagle's algorithm this one client would wait for
            // acknowledgements, and be the p99 of a hundred.
            let _ = first.set_nodelay(true);
            opening.standing_streams[0] = Some(TcpStream::from_std(first));
            opening.standing = 1;
            opening.next = 1;
        }
        Ok(opening)
    }

    fn goes_on(&self) -> bool {
        self.in_progress > 0 || self.next < self.plan.clients
    }

    fn start_some(&mut self) {
        while self.in_progress < AT_ONCE && self.next < self.plan.clients {
            let client = self.next;
            self.next += 1;
            if let Err(error) = self.start(client) {
                let cause = Cause::of(&error);
                self.miss(client, cause);
                // The remaining 9,000 would fail in the same way, each after a system call.
                if cause.is_ours() {
                    self.miss_the_rest(cause);
                }
            }
        }
    }

    fn start(&mut self, client: u32) -> io::Result<()> {
        let target = self.plan.target(client);
        let socket = Socket::new(
            Domain::for_address(target),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = self.plan.source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        match socket.connect(&target.into()) {
            Err(error) if !errors::is_under_way(&error) => return Err(error),
            _ => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        let position = client as usize;
        self.poller.register(&mut stream, Token(position))?;
        self.started[position] = Some(stream);
        self.in_progress += 1;
        Ok(())
    }

    /// Something happened to a connection in progress.
    fn look_at(&mut self, position: usize) {
        let Some(mut stream) = self.started.get_mut(position).and_then(Option::take) else {
            return;
        };
        let outcome = match stream.take_error() {
            Ok(None) => stream.peer_addr().map(|_| ()),
            Ok(Some(error)) | Err(error) => Err(error),
        };
        match outcome {
            // A wake-up for nothing: no error and no peer means that it is still under way.
            Err(error) if error.kind() == ErrorKind::NotConnected => {
                self.started[position] = Some(stream);
                return;
            }
            Err(error) => self.miss(position as u32, Cause::of(&error)),
            Ok(()) => {
                // A worker's poller takes it from here.
                let _ = self.poller.poll.registry().deregister(&mut stream);
                self.standing_streams[position] = Some(stream);
                self.standing += 1;
                self.last_success = Instant::now();
            }
        }
        self.in_progress -= 1;
    }

    fn give_up_if_hopeless(&mut self, stopped: bool) {
        // Counted from the last one that stood and not from the start: 10,000 clients may take a
        // minute to connect, as long as some of them get through.
        let waited = self.last_success.elapsed();
        let in_vain = self
            .plan
            .connect_timeout
            .is_some_and(|limit| waited >= limit);
        let cause = match (stopped, in_vain) {
            (true, _) => Cause::Stopped,
            (false, true) => Cause::TimedOut,
            (false, false) => return,
        };
        for position in 0..self.started.len() {
            if self.started[position].take().is_some() {
                self.in_progress -= 1;
                self.miss(position as u32, cause);
            }
        }
        self.miss_the_rest(cause);
    }

    fn miss_the_rest(&mut self, cause: Cause) {
        for client in self.next..self.plan.clients {
            self.miss(client, cause);
        }
        self.next = self.plan.clients;
    }

    fn miss(&mut self, client: u32, cause: Cause) {
        match self.missing.iter_mut().find(|m| m.cause == cause) {
            Some(missing) => missing.clients += 1,
            None => self.missing.push(Missing {
                cause,
                clients: 1,
                target: self.plan.target(client),
            }),
        }
    }
}
