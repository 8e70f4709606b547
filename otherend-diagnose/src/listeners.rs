//! Who listens on a port of this machine.
//!
//! Linux tells: the sockets from /proc/net, the backlog from the kernel's socket diagnosis, the
//! process from /proc/PID/fd. On other systems nothing here is known, and that is what is said.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod owner;
#[cfg(target_os = "linux")]
pub(crate) mod sock_diag;

use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

/// A TCP socket that listens, or a UDP socket that takes datagrams from anyone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listener {
    /// Where it listens; an unspecified address is every address of its family.
    pub address: SocketAddr,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// For IPv6: whether IPv4 is left to others, where the system tells.
    pub v6_only: Option<bool>,
    /// TCP: connections that wait to be accepted. UDP: bytes that wait to be read.
    pub recv_q: u32,
    /// TCP: how many connections may wait, where the system tells.
    pub backlog: Option<u32>,
    /// The user that made it.
    pub uid: u32,
    /// The process that has it: unknown when it is another user's and we are not root.
    pub process: Option<Process>,
}

/// A process of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name, as the process chose it: any bytes, so escape it before showing it.
    pub name: String,
    /// Its command line, words joined by blanks; to be escaped as well. Empty when unknown.
    pub command: String,
    /// When it was started.
    pub since: Option<SystemTime>,
}

/// What a port belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// A stable word.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// Everyone who listens on `port`, TCP before UDP and IPv4 before IPv6.
///
/// # Errors
///
/// When /proc cannot be read; [`io::ErrorKind::Unsupported`] on systems other than Linux.
pub fn on_port(port: u16) -> io::Result<Vec<Listener>> {
    find(Some(port))
}

/// Everyone who listens on any port, in the order of the ports.
///
/// # Errors
///
/// As [`on_port`].
pub fn all() -> io::Result<Vec<Listener>> {
    find(None)
}

/// How many connections wait to be accepted by the TCP listener at exactly this address; 0 where
/// the system does not tell.
#[must_use]
pub fn waiting(at: SocketAddr) -> u32 {
    queued(at).unwrap_or(0)
}

#[cfg(target_os = "linux")]
use linux::{find, queued};

#[cfg(not(target_os = "linux"))]
fn queued(_at: SocketAddr) -> io::Result<u32> {
    Ok(0)
}

#[cfg(not(target_os = "linux"))]
fn find(_port: Option<u16>) -> io::Result<Vec<Listener>> {
    let text = "this system does not tell who listens on a port";
    Err(io::Error::new(io::ErrorKind::Unsupported, text))
}
