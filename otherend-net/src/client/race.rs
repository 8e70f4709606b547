//! Connecting to a name with several addresses: RFC 8305 §5 (usually: happy eyeballs).
//!
//! The first address gets a quarter of a second alone, then the next is tried beside it; one that
//! fails makes room at once. The first that answers wins, the others are closed.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::plain;
use crate::system::errors::is_under_way;
use crate::system::poll::{self, Interest};

/// RFC 8305 §8: the recommended "Connection Attempt Delay".
const HEAD_START: Duration = Duration::from_millis(250);

/// One address that did not answer.
#[derive(Debug)]
pub struct Attempt {
    /// The address tried.
    pub address: SocketAddr,
    /// What the system said.
    pub error: io::Error,
    /// How long it took.
    pub after: Duration,
}

struct Runner {
    address: SocketAddr,
    socket: Socket,
    since: Instant,
}

/// The race over all addresses.
pub(super) struct Race<'a> {
    waiting: std::slice::Iter<'a, SocketAddr>,
    running: Vec<Runner>,
    failed: Vec<Attempt>,
    source: Option<IpAddr>,
    deadline: Option<Instant>,
    next_start: Instant,
}

impl<'a> Race<'a> {
    pub(super) fn new(
        addresses: &'a [SocketAddr],
        source: Option<IpAddr>,
        limit: Option<Duration>,
    ) -> Self {
        let now = Instant::now();
        let deadline = limit.and_then(|limit| now.checked_add(limit));
        let waiting = addresses.iter();
        Race {
            waiting,
            running: Vec::new(),
            failed: Vec::new(),
            source,
            deadline,
            next_start: now,
        }
    }

    /// The first stream that stands, in non-blocking mode, or every attempt that failed.
    pub(super) fn run(mut self) -> Result<TcpStream, Vec<Attempt>> {
        // RFC 8305 §5, of two addresses of which the first leads nowhere:
        //
        //       0 ms   [2001:db8::1]:80 is tried
        //     250 ms   no answer yet: 192.0.2.1:80 is tried beside it
        //     270 ms   192.0.2.1 answers and is taken; the other attempt is closed
        //
        // Were the first refused after 3 ms, the second would be tried after 3 ms: a failure sets
        // `next_start` to now. And the first is not given up for being slow, for the second may be
        // worse.
        loop {
            let now = Instant::now();
            if self.deadline.is_some_and(|deadline| now >= deadline) {
                return Err(self.out_of_time());
            }
            if now >= self.next_start || self.running.is_empty() {
                if let Some(stream) = self.start_next() {
                    return Ok(stream);
                }
                if self.running.is_empty() && self.waiting.len() == 0 {
                    return Err(self.failed);
                }
            }
            if let Some(stream) = self.wait() {
                return Ok(stream);
            }
        }
    }

    /// Start the next address. A stream comes back when it stands at once.
    fn start_next(&mut self) -> Option<TcpStream> {
        let &address = self.waiting.next()?;
        self.next_start = Instant::now() + HEAD_START;
        let since = Instant::now();
        match start(address, self.source) {
            Ok((socket, true)) => self.judge(Runner {
                address,
                socket,
                since,
            }),
            Ok((socket, false)) => {
                self.running.push(Runner {
                    address,
                    socket,
                    since,
                });
                None
            }
            Err(error) => {
                self.fail(address, since, error);
                None
            }
        }
    }

    /// Wait until an attempt is decided, the next may start, or the time is up.
    fn wait(&mut self) -> Option<TcpStream> {
        let now = Instant::now();
        let next = (self.waiting.len() > 0).then_some(self.next_start);
        let until = [next, self.deadline].into_iter().flatten().min();
        let timeout = until.map(|until| until.saturating_duration_since(now));
        let runners = self.running.iter();
        let mut all: Vec<_> = runners
            .map(|runner| poll::awaited(&runner.socket, Interest::WRITE))
            .collect();
        if all.is_empty() || !poll::wait(&mut all, timeout) {
            return None;
        }
        let mut all = all.iter();
        // Of several that are decided at once the one that began first is taken, as it would be had
        // it answered a moment earlier. The others are found by the next wait, if it failed.
        let decided = all.position(|awaited| poll::readiness(awaited).is_any())?;
        let runner = self.running.remove(decided);
        self.judge(runner)
    }

    /// An attempt is decided: a stream, or one failure more.
    fn judge(&mut self, runner: Runner) -> Option<TcpStream> {
        match outcome(&runner) {
            Ok(()) => Some(runner.socket.into()),
            Err(error) => {
                self.fail(runner.address, runner.since, error);
                None
            }
        }
    }

    fn fail(&mut self, address: SocketAddr, since: Instant, error: io::Error) {
        self.failed.push(Attempt {
            address,
            error,
            after: since.elapsed(),
        });
        self.next_start = Instant::now();
    }

    fn out_of_time(mut self) -> Vec<Attempt> {
        for runner in std::mem::take(&mut self.running) {
            let error = io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
            self.fail(runner.address, runner.since, error);
        }
        for &address in self.waiting {
            let error = io::Error::new(io::ErrorKind::TimedOut, "not tried, the time was up");
            self.failed.push(Attempt {
                address,
                error,
                after: Duration::ZERO,
            });
        }
        self.failed
    }
}

/// Begin to connect; `true`: the connection stands already.
fn start(address: SocketAddr, source: Option<IpAddr>) -> io::Result<(Socket, bool)> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    if let Some(source) = source {
        bind(&socket, source, address)?;
    }
    match socket.connect(&address.into()) {
        Ok(()) => Ok((socket, true)),
        Err(error) if is_under_way(&error) => Ok((socket, false)),
        Err(error) => Err(error),
    }
}

/// Connect from `source`; where that is impossible, the error says that it is the source's fault.
fn bind(socket: &Socket, source: IpAddr, to: SocketAddr) -> io::Result<()> {
    let from = match (source, to) {
        (IpAddr::V6(ip), SocketAddr::V6(to)) => SocketAddrV6::new(ip, 0, 0, to.scope_id()).into(),
        (IpAddr::V4(ip), SocketAddr::V4(_)) => SocketAddr::from((ip, 0)),
        _ => {
            let text = format!("{source} cannot be its source, they are of different families");
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, text));
        }
    };
    socket.bind(&from.into()).map_err(|error| {
        let text = match error.kind() {
            io::ErrorKind::AddrNotAvailable => "it is no address of this machine".to_owned(),
            _ => plain(&error),
        };
        let text = format!("{source} cannot be its source, {text}");
        io::Error::new(io::ErrorKind::AddrNotAvailable, text)
    })
}

fn outcome(runner: &Runner) -> io::Result<()> {
    if let Some(error) = runner.socket.take_error()? {
        return Err(error);
    }
    // With nobody listening, a port among the ephemeral ones can be reached from itself.
    let local = runner.socket.local_addr()?.as_socket();
    if local == Some(runner.address) {
        return Err(io::Error::new(
            io::ErrorKind::ConnectionRefused,
            "the connection reached itself: nobody listens there",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a retry to a closed ephemeral port comes upon by chance.
    #[test]
    fn a_connection_to_itself_is_refused() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&any.into()).unwrap();
        let own = socket.local_addr().unwrap();
        socket.connect(&own).unwrap();
        let address = own.as_socket().unwrap();
        let since = Instant::now();
        let mut race = Race::new(&[], None, None);
        let stream = race.judge(Runner {
            address,
            socket,
            since,
        });
        assert!(stream.is_none());
        assert_eq!(race.failed[0].address, address);
        let kind = race.failed[0].error.kind();
        assert_eq!(kind, io::ErrorKind::ConnectionRefused);
    }
}
