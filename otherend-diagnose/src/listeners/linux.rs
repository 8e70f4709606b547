//! Puts together what /proc/net, the socket diagnosis and /proc/PID say of the same socket.

use std::io;
use std::net::SocketAddr;

use procfs::ProcResult;
use procfs::net::{self, TcpNetEntry, TcpState, UdpNetEntry};

use super::{Listener, Protocol, owner, sock_diag};

/// The listeners on `port`, or on every port.
pub(super) fn find(port: Option<u16>) -> io::Result<Vec<Listener>> {
    // Three sources, each with what the others lack: the tables have every socket and its inode, the
    // diagnosis the backlog, /proc/PID/fd whose descriptor leads to that inode.
    let tcp = both(net::tcp, net::tcp6)?.into_iter().filter_map(tcp);
    let udp = both(net::udp, net::udp6)?.into_iter().filter_map(udp);
    let mut found: Vec<(u64, Listener)> = tcp
        .chain(udp)
        .filter(|(_, listener)| port.is_none_or(|port| listener.address.port() == port))
        .collect();
    if found.is_empty() {
        return Ok(Vec::new());
    }
    // A kernel without the diagnosis, or a sandbox in the way: the rest is still worth telling.
    let details = sock_diag::tcp_listeners().unwrap_or_default();
    let mut owners = owner::of_sockets(&found.iter().map(|(inode, _)| *inode).collect());
    for (inode, listener) in &mut found {
        let detail = details.get(inode);
        listener.v6_only = detail.and_then(|detail| detail.v6_only);
        listener.backlog = detail.map(|detail| detail.backlog);
        listener.process = owners.remove(inode);
    }
    let mut found: Vec<Listener> = found.into_iter().map(|(_, listener)| listener).collect();
    found.sort_by_key(|l| (l.address.port(), l.protocol, l.address));
    Ok(found)
}

/// How many connections wait at the TCP listener at this address.
pub(super) fn queued(at: SocketAddr) -> io::Result<u32> {
    // A kernel without the diagnosis, or a sandbox in the way: there is the table of everything.
    sock_diag::waiting(at).or_else(|_| queued_in_table(at))
}

fn queued_in_table(at: SocketAddr) -> io::Result<u32> {
    let mut listeners = both(net::tcp, net::tcp6)?.into_iter().filter_map(tcp);
    let found = listeners.find(|(_, listener)| listener.address == at);
    Ok(found.map_or(0, |(_, listener)| listener.recv_q))
}

/// The tables of both families; a kernel without IPv6 has none for it.
fn both<T>(
    v4: impl Fn() -> ProcResult<Vec<T>>,
    v6: impl Fn() -> ProcResult<Vec<T>>,
) -> io::Result<Vec<T>> {
    let mut entries = v4().map_err(io::Error::other)?;
    entries.extend(v6().unwrap_or_default());
    Ok(entries)
}

fn tcp(entry: TcpNetEntry) -> Option<(u64, Listener)> {
    let (at, waiting) = (entry.local_address, entry.rx_queue);
    let listener = listener(Protocol::Tcp, at, waiting, entry.uid);
    (entry.state == TcpState::Listen).then_some((entry.inode, listener))
}

/// A UDP socket that is not connected takes datagrams from anyone, which is its way to listen.
fn udp(entry: UdpNetEntry) -> Option<(u64, Listener)> {
    let (at, waiting) = (entry.local_address, entry.rx_queue);
    let listener = listener(Protocol::Udp, at, waiting, entry.uid);
    let peer = entry.remote_address;
    (peer.ip().is_unspecified() && peer.port() == 0).then_some((entry.inode, listener))
}

/// What the table says; the rest comes from elsewhere.
fn listener(protocol: Protocol, address: SocketAddr, recv_q: u32, uid: u32) -> Listener {
    Listener {
        address,
        protocol,
        v6_only: None,
        recv_q,
        backlog: None,
        uid,
        process: None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};

    use super::*;

    /// The listener at an address; another protocol may have the same port at the same time.
    fn at(address: SocketAddr, protocol: Protocol) -> Option<Listener> {
        let found = find(Some(address.port())).unwrap();
        let mut fitting = found.into_iter().filter(|l| l.protocol == protocol);
        fitting.find(|l| l.address == address)
    }

    #[test]
    fn a_listener_is_found_with_its_process_and_its_queue() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let _waiting = TcpStream::connect(address).unwrap();
        let found = at(address, Protocol::Tcp).unwrap();
        assert_eq!((found.recv_q, found.v6_only), (1, None));
        assert_eq!(queued(address).unwrap(), 1);
        assert_eq!(queued_in_table(address).unwrap(), 1);
        assert!(sock_diag::waiting(address).is_ok_and(|waiting| waiting == 1));
        assert!(found.backlog.is_none_or(|backlog| backlog > 0));
        let process = found.process.unwrap();
        assert_eq!(process.pid, std::process::id());
        assert!(process.since.unwrap() <= std::time::SystemTime::now());
        assert!(!process.name.is_empty() && !process.command.is_empty());
    }

    #[test]
    fn ipv6_and_udp_are_found_too() {
        let Ok(server) = TcpListener::bind("[::1]:0") else {
            eprintln!("skipped: no IPv6 here");
            return;
        };
        let address = server.local_addr().unwrap();
        assert!(at(address, Protocol::Tcp).is_some());
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        assert!(at(address, Protocol::Udp).is_some());
    }

    #[test]
    fn a_connection_is_no_listener() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        assert_eq!(at(client.local_addr().unwrap(), Protocol::Tcp), None);
    }
}
