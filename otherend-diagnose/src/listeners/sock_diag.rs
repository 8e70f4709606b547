//! What only the kernel's socket diagnosis tells of listeners (sock_diag(7)): how long their
//! queue may grow, and whether an IPv6 one leaves IPv4 to others.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, SocketId, StateFlags};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;

use crate::netlink::{Ask, ask};

/// What there is to know about one listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) backlog: u32,
    pub(super) v6_only: Option<bool>,
}

/// Every TCP listener by its inode.
pub(super) fn tcp_listeners() -> io::Result<HashMap<u64, Detail>> {
    let mut found = HashMap::new();
    for family in [AF_INET, AF_INET6] {
        let question = SockDiagMessage::InetRequest(request(family, StateFlags::LISTEN));
        ask(NETLINK_SOCK_DIAG, Ask::Table, question, |answer| {
            let SockDiagMessage::InetResponse(response) = answer else {
                return;
            };
            let v6_only = response.nlas.iter().find_map(|nla| match nla {
                Nla::SkV6Only(only) => Some(*only),
                _ => None,
            });
            let backlog = response.header.send_queue;
            let detail = Detail { backlog, v6_only };
            found.insert(u64::from(response.header.inode), detail);
        })?;
    }
    Ok(found)
}

/// How many connections wait at the TCP listener at exactly this address. However many connections
/// there are, only listeners are looked at.
pub(super) fn waiting(at: SocketAddr) -> io::Result<u32> {
    let family = if at.is_ipv4() { AF_INET } else { AF_INET6 };
    let question = SockDiagMessage::InetRequest(request(family, StateFlags::LISTEN));
    let mut found = 0;
    ask(NETLINK_SOCK_DIAG, Ask::Table, question, |answer| {
        if let SockDiagMessage::InetResponse(response) = answer {
            let socket = &response.header.socket_id;
            if (socket.source_address, socket.source_port) == (at.ip(), at.port()) {
                found = response.header.recv_queue;
            }
        }
    })?;
    Ok(found)
}

/// Asks for the TCP sockets of a family that are in these states.
pub(crate) fn request(family: u8, states: StateFlags) -> InetRequest {
    InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states,
        socket_id: if family == AF_INET {
            SocketId::new_v4()
        } else {
            SocketId::new_v6()
        },
    }
}
