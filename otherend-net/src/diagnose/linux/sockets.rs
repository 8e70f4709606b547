//! Connections that no process has: those that were never finished, and those long ended
//! (sock_diag(7)).

use std::net::SocketAddr;

use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6};
use netlink_packet_sock_diag::inet::{InetResponse, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;

use crate::listeners::sock_diag::request;
use crate::netlink::{Ask, ask};

/// How many connections of a local port are in TIME_WAIT, which is no obstacle to listening.
pub(in crate::diagnose) fn time_wait(port: u16) -> usize {
    peers(port, StateFlags::TIME_WAIT).len()
}

/// Peers whose first packet arrived at a local port, and from whom nothing came after our answer:
/// the answer is lost on its way, or they have gone.
pub(in crate::diagnose) fn half_open(port: u16) -> Vec<SocketAddr> {
    peers(port, StateFlags::SYN_RECV)
}

fn peers(port: u16, states: StateFlags) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for family in [AF_INET, AF_INET6] {
        let question = SockDiagMessage::InetRequest(request(family, states.clone()));
        // A kernel without this diagnosis tells of none.
        let _ = ask(NETLINK_SOCK_DIAG, Ask::Table, question, |answer| {
            if let SockDiagMessage::InetResponse(response) = answer
                && response.header.socket_id.source_port == port
            {
                found.push(peer(&response));
            }
        });
    }
    found
}

fn peer(response: &InetResponse) -> SocketAddr {
    let id = &response.header.socket_id;
    SocketAddr::new(id.destination_address.to_canonical(), id.destination_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_the_server_ended_lingers() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = std::net::TcpStream::connect(address).unwrap();
        assert_eq!(time_wait(address.port()), 0);
        drop(listener.accept().unwrap());
        drop(client);
        assert_eq!(time_wait(address.port()), 1);
        assert_eq!(half_open(address.port()), []);
    }
}
