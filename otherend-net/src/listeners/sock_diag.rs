//! What only the kernel's socket diagnosis tells of listeners (sock_diag(7)): how long their
//! queue may grow, and whether an IPv6 one leaves IPv4 to others.

use std::collections::HashMap;
use std::io;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags,
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};

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
        ask(family, |response| {
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

fn ask(family: u8, mut take: impl FnMut(&InetResponse)) -> io::Result<()> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // The kernel answers while it is asked: there is never anything to wait for.
    socket.set_non_blocking(true)?;
    socket.send(&request(family), 0)?;
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        if !each_message(&datagram, &mut take)? {
            return Ok(());
        }
    }
}

fn request(family: u8) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let request = InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::LISTEN,
        socket_id: if family == AF_INET {
            SocketId::new_v4()
        } else {
            SocketId::new_v6()
        },
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Take the answers in one datagram. `false`: that was the last one.
fn each_message(datagram: &[u8], take: &mut impl FnMut(&InetResponse)) -> io::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(rest)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        // Messages begin at multiples of four bytes (netlink(7)).
        let length = usize::try_from(message.header.length).unwrap_or(rest.len());
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                take(&response);
            }
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            NetlinkPayload::Done(_) => return Ok(false),
            _ => {}
        }
        rest = rest
            .get(length.next_multiple_of(4).max(4)..)
            .unwrap_or_default();
    }
    Ok(true)
}
