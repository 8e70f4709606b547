//! Puts together what /proc/net, the socket diagnosis and /proc/PID say of the same socket.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use super::proc_net::{Row, TcpState};
use super::{Listener, Protocol, owner, proc_net, sock_diag};

/// The listeners on `port`, or on every port.
pub(super) fn find(port: Option<u16>) -> io::Result<Vec<Listener>> {
    let mut rows: Vec<(Protocol, Row)> = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        let listening = proc_net::rows(protocol)?
            .into_iter()
            .filter(|row| is_listening(protocol, row))
            .filter(|row| port.is_none_or(|port| row.local.port() == port));
        rows.extend(listening.map(|row| (protocol, row)));
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // A kernel without the diagnosis, or a sandbox in the way: the rest is still worth telling.
    let details = sock_diag::tcp_listeners().unwrap_or_default();
    let mut owners = owner::of_sockets(rows.iter().map(|(_, row)| row.inode).collect());
    let mut found: Vec<Listener> = rows
        .into_iter()
        .map(|(protocol, row)| {
            let process = owners.remove(&row.inode);
            listener(protocol, &row, &details, process)
        })
        .collect();
    found.sort_by_key(|l| (l.address.port(), l.protocol, l.address));
    Ok(found)
}

/// How many connections wait at the TCP listener at this address.
pub(super) fn queued(at: SocketAddr) -> io::Result<u32> {
    // A kernel without the diagnosis, or a sandbox in the way: there is the table of everything.
    sock_diag::waiting(at).or_else(|_| queued_in_table(at))
}

fn queued_in_table(at: SocketAddr) -> io::Result<u32> {
    let rows = proc_net::rows(Protocol::Tcp)?;
    let listens = |row: &&Row| is_listening(Protocol::Tcp, row) && row.local == at;
    Ok(rows.iter().find(listens).map_or(0, |row| row.recv_q))
}

fn listener(
    protocol: Protocol,
    row: &Row,
    details: &HashMap<u64, sock_diag::Detail>,
    process: Option<super::Process>,
) -> Listener {
    let detail = details.get(&row.inode);
    Listener {
        address: row.local,
        protocol,
        v6_only: detail.and_then(|detail| detail.v6_only),
        recv_q: row.recv_q,
        backlog: detail.map(|detail| detail.backlog),
        uid: row.uid,
        process,
    }
}

/// A UDP socket that is not connected takes datagrams from anyone, which is its way to listen.
fn is_listening(protocol: Protocol, row: &Row) -> bool {
    match protocol {
        Protocol::Tcp => row.state == TcpState::LISTEN,
        Protocol::Udp => row.remote.ip().is_unspecified() && row.remote.port() == 0,
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
