//! What the kernel knows of connections beyond their sockets: those that were never finished, those
//! long ended, and whether what they sent has left this machine (sock_diag(7)).

use std::net::SocketAddr;

use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6};
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetResponse, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;

use crate::listeners::sock_diag::request;
use crate::netlink::{Ask, ask};

/// How many connections of a local port are in TIME_WAIT, which is no obstacle to listening.
pub(crate) fn time_wait(port: u16) -> usize {
    peers(port, StateFlags::TIME_WAIT).len()
}

/// Peers whose first packet arrived at a local port, and from whom nothing came after our answer:
/// the answer is lost on its way, or they have gone.
pub(crate) fn half_open(port: u16) -> Vec<SocketAddr> {
    peers(port, StateFlags::SYN_RECV)
}

/// Whether this machine itself stops what a connection sends that was not answered yet: the kernel
/// has repeated its first packet, and that repetition is not on its way. `None` before the first
/// repetition, after about a second.
pub(crate) fn refused_to_send(local: SocketAddr, peer: SocketAddr) -> Option<bool> {
    // A rule that drops outgoing packets is not told to a TCP socket: connect(2) waits as if the packet
    // were under way. The counters of the repetition tell them apart:
    //
    //                              made    under way
    //   0 s  first packet             0            0    nothing to be seen yet
    //   1 s  repeated, sent           1            1    the silence is elsewhere
    //   1 s  repeated, dropped here   1            0    it has not left this machine
    let family = if peer.is_ipv4() { AF_INET } else { AF_INET6 };
    let mut question = request(family, StateFlags::SYN_SENT);
    question.extensions = ExtensionFlags::INFO;
    let mut refused = None;
    let question = SockDiagMessage::InetRequest(question);
    ask(NETLINK_SOCK_DIAG, Ask::Table, question, |answer| {
        if let SockDiagMessage::InetResponse(response) = answer
            && is_from(&response, local, peer)
        {
            refused = response.nlas.iter().find_map(repetition_failed);
        }
    })
    .ok()?;
    refused
}

fn is_from(response: &InetResponse, local: SocketAddr, peer: SocketAddr) -> bool {
    let id = &response.header.socket_id;
    (id.source_port, id.source_address) == (local.port(), local.ip())
        && (id.destination_port, id.destination_address) == (peer.port(), peer.ip())
}

/// Of `struct tcp_info` in linux/tcp.h, 32-bit numbers: `tcpi_retrans` at 36, the repetitions that were
/// sent and may still be answered; `tcpi_total_retrans` at 100, those that were made. While the first
/// packet still waits here, for its neighbour's link address, none is made.
fn repetition_failed(attribute: &Nla) -> Option<bool> {
    let Nla::TcpInfo(info) = attribute else {
        return None;
    };
    let (under_way, made) = (info.get(36..40)?, info.get(100..104)?);
    (made != [0; 4]).then_some(under_way == [0; 4])
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
    fn a_repetition_that_is_not_under_way_has_failed() {
        let info = |made, under_way| {
            let mut info = vec![0; 104];
            (info[100], info[36]) = (made, under_way);
            repetition_failed(&Nla::TcpInfo(info))
        };
        assert_eq!(info(0, 0), None);
        assert_eq!(info(2, 1), Some(false));
        assert_eq!(info(2, 0), Some(true));
        assert_eq!(repetition_failed(&Nla::TcpInfo(vec![0; 8])), None);
    }

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
