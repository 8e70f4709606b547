//! Connecting to many addresses at once, without blocking, with the ICMP error behind a failure.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::evidence::{ConnectAttempt, ConnectOutcome};
use crate::system;

/// An attempt, and the socket when it was accepted.
pub(crate) struct Probe {
    pub(crate) address: SocketAddr,
    pub(crate) attempt: ConnectAttempt,
    pub(crate) socket: Option<Socket>,
    started: Instant,
    finished: bool,
}

/// Connect to all addresses at once and wait until each has its outcome, or `limit` is over.
/// `on_outcome` hears of each as soon as it is known.
pub(crate) fn connect_all(
    addresses: &[SocketAddr],
    limit: Duration,
    mut on_outcome: impl FnMut(&Probe),
) -> Vec<Probe> {
    let deadline = Instant::now() + limit;
    let mut probes: Vec<Probe> = addresses
        .iter()
        .map(|address| Probe::begin(*address))
        .collect();
    probes
        .iter()
        .filter(|probe| probe.finished)
        .for_each(&mut on_outcome);
    while probes.iter().any(|probe| !probe.finished) && wait(&probes, deadline) {
        for probe in probes.iter_mut().filter(|probe| !probe.finished) {
            probe.look();
            if probe.finished {
                on_outcome(probe);
            }
        }
    }
    // Asked now, while the sockets are open: the kernel forgets a connection with its socket.
    for probe in probes.iter_mut().filter(|probe| !probe.finished) {
        probe.attempt.refused_to_send = probe.refused_to_send();
        probe.finish(ConnectOutcome::TimedOut);
        on_outcome(probe);
    }
    probes
}

/// Wait until one of the unfinished probes has news; false when the time is over.
fn wait(probes: &[Probe], deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return false;
    }
    let unfinished = probes.iter().filter(|probe| !probe.finished);
    let mut watched: Vec<PollFd<'_>> = unfinished
        .filter_map(|probe| probe.socket.as_ref())
        .map(|socket| PollFd::new(socket, PollFlags::OUT))
        .collect();
    let timeout = Timespec::try_from(left).ok();
    // An interrupted wait is one more round.
    !matches!(poll(&mut watched, timeout.as_ref()), Ok(0))
}

impl Probe {
    fn begin(address: SocketAddr) -> Probe {
        let mut probe = Probe {
            address,
            attempt: ConnectAttempt::default(),
            socket: None,
            started: Instant::now(),
            finished: false,
        };
        match probe.start() {
            Ok(()) => probe.connected(),
            Err(error) if is_in_progress(&error) => {}
            Err(error) => probe.fail(&error),
        }
        probe
    }

    fn start(&mut self) -> io::Result<()> {
        let domain = Domain::for_address(self.address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        system::keep_errors(&socket, self.address.is_ipv4());
        let connecting = socket.connect(&self.address.into());
        self.socket = Some(socket);
        connecting
    }

    /// After the socket has news: connected, failed, or nothing yet.
    fn look(&mut self) {
        let Some(socket) = &self.socket else {
            return;
        };
        // Two sources for one failure: the socket's error is a number (EHOSTUNREACH), the queue has the
        // ICMP message behind it, with its code and who sent it. A router's "host unreachable" and a
        // firewall's "administratively prohibited" may be the same number.
        // In this order: taking the ICMP error out of its queue clears the socket's own.
        let error = socket.take_error();
        self.attempt.icmp = system::take_error(socket);
        match error {
            Ok(Some(error)) | Err(error) => self.fail(&error),
            Ok(None) if socket.peer_addr().is_ok() => self.connected(),
            Ok(None) if self.attempt.icmp.is_some() => self.finish(ConnectOutcome::HostUnreachable),
            Ok(None) => {}
        }
    }

    fn local(&self) -> Option<SocketAddr> {
        self.socket.as_ref()?.local_addr().ok()?.as_socket()
    }

    /// Whether this machine stops what it sends; the socket must still be open.
    fn refused_to_send(&self) -> Option<bool> {
        system::refused_to_send(self.local()?, self.address)
    }

    fn connected(&mut self) {
        let Some(local) = self.local() else {
            return self.finish(ConnectOutcome::Other(
                "the socket has no address".to_owned(),
            ));
        };
        // Both ends may send their first packet at once (RFC 9293 §3.5), and be the same socket: the
        // kernel chooses a source port, and may choose the one of this machine that was connected to.
        match local == self.address {
            true => self.finish(ConnectOutcome::SelfConnected),
            false => self.finish(ConnectOutcome::Accepted(local)),
        }
    }

    fn fail(&mut self, error: &io::Error) {
        self.socket = None;
        self.finish(outcome_of(error));
    }

    fn finish(&mut self, outcome: ConnectOutcome) {
        if !matches!(outcome, ConnectOutcome::Accepted(_)) {
            self.socket = None;
        }
        self.attempt.took = self.started.elapsed();
        self.attempt.outcome = outcome;
        self.finished = true;
    }
}

fn is_in_progress(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::INPROGRESS)
}

/// What an error of socket(2) or connect(2) means.
fn outcome_of(error: &io::Error) -> ConnectOutcome {
    match Errno::from_io_error(error) {
        Some(Errno::CONNREFUSED) => ConnectOutcome::Refused,
        Some(Errno::CONNRESET | Errno::PIPE) => ConnectOutcome::ResetAtOnce,
        Some(Errno::TIMEDOUT) => ConnectOutcome::TimedOut,
        Some(Errno::HOSTUNREACH | Errno::HOSTDOWN) => ConnectOutcome::HostUnreachable,
        Some(Errno::NETUNREACH | Errno::NETDOWN) => ConnectOutcome::NetworkUnreachable,
        Some(Errno::ACCESS | Errno::PERM) => ConnectOutcome::Forbidden,
        Some(Errno::ADDRNOTAVAIL) => ConnectOutcome::NoLocalPort,
        Some(Errno::MFILE | Errno::NFILE) => ConnectOutcome::NoDescriptors,
        Some(Errno::AFNOSUPPORT) => ConnectOutcome::FamilyMissing,
        _ => ConnectOutcome::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_accepts_and_a_closed_port_refuses() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let mut heard = 0;
        let probes = connect_all(&[open, closed], Duration::from_secs(10), |_| heard += 1);
        assert!(matches!(
            probes[0].attempt.outcome,
            ConnectOutcome::Accepted(_)
        ));
        assert!(probes[0].socket.is_some());
        assert_eq!(probes[1].attempt.outcome, ConnectOutcome::Refused);
        assert_eq!(heard, 2);
    }
}
