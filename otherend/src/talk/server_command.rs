//! A server that is started for the test and stopped after it.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use otherend_core::transcript::Transport;
use otherend_diagnose::listeners::{self, Protocol};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
#[cfg(target_os = "linux")]
use rustix::process::{WaitOptions, waitpgid};
use signal_hook::consts::SIGQUIT;
use signal_hook::iterator::Handle;

use crate::exit::Failure;
use crate::exit::caught::Caught;
use crate::exit::signals::asking_to_end;
use crate::output::stdio;

/// What becomes the port.
const PORT: &str = "{port}";

/// How long the server may take until it listens.
const START: Duration = Duration::from_secs(10);
/// How long it may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(2);
/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(10);
/// How many ports are tried for one that is free for TCP and for UDP.
const PORTS: usize = 16;

/// A running server; it and all that it started are stopped when this goes.
pub(crate) struct ServerCommand {
    child: Child,
    group: Pid,
    address: SocketAddr,
    /// What it has to listen on, as the transcripts are over it.
    protocols: BTreeSet<Protocol>,
    signals: Handle,
}

impl ServerCommand {
    /// Start `command` in a shell and wait until it listens to TCP, UDP or both, as `over` names them.
    pub(crate) fn start(command: &str, transport: &[Transport]) -> anyhow::Result<Self> {
        if !command.contains(PORT) {
            let text = format!("--server-command has no {PORT}: it becomes a free port");
            return Err(Failure::Usage(text).into());
        }
        let port = free_port()?;
        adopt_orphans();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &command.replace(PORT, &port.to_string())])
            .stdin(Stdio::null())
            .stdout(stdio::stderr())
            // A group of its own: all of it can be stopped, whatever the shell started.
            .process_group(0);
        // Before it is there: a signal between the two would leave it to itself.
        let signals = Caught::new([asking_to_end(), vec![SIGQUIT]].concat())?;
        let child = shell
            .spawn()
            .map_err(|error| Failure::Usage(format!("--server-command: {error}")))?;
        let group = Pid::from_child(&child);
        let mut server = ServerCommand {
            child,
            group,
            address: (Ipv4Addr::LOCALHOST, port).into(),
            protocols: transport
                .iter()
                .map(|transport| protocol(*transport))
                .collect(),
            signals: stop_on_signals(signals, group)?,
        };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn wait_until_it_listens(&mut self) -> anyhow::Result<()> {
        let give_up = Instant::now() + START;
        while let Some(missing) = self.missing() {
            // Looked at each time round: a server that has died of a wrong flag would else be
            // waited for as long as one that is slow.
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("the server ended before it listened: {}", ended(status));
            }
            if Instant::now() >= give_up {
                let (name, port) = (missing.label().to_uppercase(), self.address.port());
                let text = format!("the server does not listen on {name} port {port}");
                return Err(Failure::TimedOut(text).into());
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// What it does not listen on yet.
    fn missing(&self) -> Option<Protocol> {
        let mut protocols = self.protocols.iter().copied();
        protocols.find(|protocol| !listens(*protocol, self.address))
    }

    fn is_gone_within(&mut self, time: Duration) -> bool {
        let give_up = Instant::now() + time;
        while !self.is_gone() {
            if Instant::now() >= give_up {
                return false;
            }
            thread::sleep(PAUSE);
        }
        true
    }

    /// Nobody is left in the group. The shell alone tells nothing: it dies at once of the signal
    /// that its child, the server, takes as a request to finish.
    fn is_gone(&mut self) -> bool {
        // Whoever has ended stays in the group until somebody asked how.
        let _ = self.child.try_wait();
        #[cfg(target_os = "linux")]
        while let Ok(Some(_)) = waitpgid(self.group, WaitOptions::NOHANG) {}
        test_kill_process_group(self.group).is_err()
    }
}

impl Drop for ServerCommand {
    fn drop(&mut self) {
        // The whole group, since `sh -c` and what it started may be several processes; TERM first,
        // as a server under test may have files to close.
        for signal in [Signal::TERM, Signal::KILL] {
            // A group that is gone already needs no signal.
            let _ = kill_process_group(self.group, signal);
            if self.is_gone_within(STOP) {
                break;
            }
        }
        self.signals.close();
    }
}

/// What the shell leaves behind becomes ours to wait for: in a container there may be no init that
/// does.
fn adopt_orphans() {
    // Where it is refused, init has to do.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

fn protocol(transport: Transport) -> Protocol {
    match transport {
        Transport::Tcp => Protocol::Tcp,
        Transport::Udp => Protocol::Udp,
    }
}

/// A port that nobody has, for TCP and for UDP.
fn free_port() -> io::Result<u16> {
    let mut tried = 0;
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        tried += 1;
        // Free for both: the transcripts may be over TCP and over UDP, and the command has one
        // `{port}`.
        match UdpSocket::bind(address) {
            Ok(_) => return Ok(address.port()),
            Err(error) if tried == PORTS => return Err(error),
            Err(_) => {}
        }
    }
}

/// Somebody listens there. Asked of the system where it tells, so that a server for one connection
/// is not used up by the question.
fn listens(protocol: Protocol, address: SocketAddr) -> bool {
    match listeners::on_port(address.port()) {
        Ok(listeners) => listeners
            .iter()
            .any(|listener| listener.protocol == protocol),
        // Asked of the system where that tells, for a connection of ours would be the server's
        // first, and `1C:` in the transcript means another.
        Err(_) => answers(protocol, address),
    }
}

/// Nobody refuses what is sent there; over UDP that is a datagram without a byte.
fn answers(protocol: Protocol, address: SocketAddr) -> bool {
    match protocol {
        Protocol::Tcp => TcpStream::connect_timeout(&address, PAUSE).is_ok(),
        Protocol::Udp => takes_datagrams(address).unwrap_or(false),
    }
}

fn takes_datagrams(address: SocketAddr) -> io::Result<bool> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PAUSE))?;
    socket.send(&[])?;
    let answer = socket.recv(&mut [0]);
    // An empty datagram comes back as ICMP where nobody listens. Silence is taken for a listener:
    // UDP has no other sign of one.
    Ok(!answer.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

fn ended(status: ExitStatus) -> String {
    status.to_string()
}

/// Ctrl-C, Ctrl-\ and the end of a terminal do not reach another process group by themselves.
fn stop_on_signals(mut signals: Caught, group: Pid) -> anyhow::Result<Handle> {
    let handle = signals.handle();
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if let Some(signal) = signals.next() {
                let _ = kill_process_group(group, Signal::KILL);
                // Ends this process as the signal would have.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        })?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_found_in_both_ways() {
        let stream = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let there = [
            stream.local_addr().unwrap(),
            datagrams.local_addr().unwrap(),
        ];
        // Sockets that speak to one peer hold their ports, and listen to nobody else.
        let client = TcpStream::connect(there[0]).unwrap();
        let asking = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        asking.connect(there[1]).unwrap();
        let taken = [client.local_addr().unwrap(), asking.local_addr().unwrap()];
        for (index, protocol) in [Protocol::Tcp, Protocol::Udp].into_iter().enumerate() {
            for question in [listens, answers] {
                assert!(question(protocol, there[index]), "{protocol:?}");
                assert!(!question(protocol, taken[index]), "{protocol:?}");
            }
        }
    }
}
