//! One question to the Linux kernel over netlink, and all its answers (netlink(7)). The protocols
//! that are asked here answer everyone; no privilege is needed.

use std::io;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};
use netlink_sys::{Socket, SocketAddr};

/// How much is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// One thing.
    One,
    /// A whole table.
    Table,
}

/// Hand each of the answers to `take`.
///
/// # Errors
///
/// What the kernel says, for instance ENETUNREACH to the question for a route that is not there.
pub(crate) fn ask<M>(
    protocol: isize,
    much: Ask,
    question: M,
    mut take: impl FnMut(M),
) -> io::Result<()>
where
    M: NetlinkSerializable + NetlinkDeserializable,
{
    let mut socket = Socket::new(protocol)?;
    // Port 0 is the kernel: once connected to it, no other process can put words into its mouth.
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    // The kernel answers while it is asked: there is never anything to wait for.
    socket.set_non_blocking(true)?;
    socket.send(&request(much, question), 0)?;
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        // A table comes in as many datagrams as it takes, and its end is a message of its own; one
        // thing comes in one datagram, without such an end.
        let more = each_message(&datagram, &mut take)?;
        if much == Ask::One || !more {
            return Ok(());
        }
    }
}

fn request<M: NetlinkSerializable>(much: Ask, question: M) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = match much {
        Ask::One => NLM_F_REQUEST,
        Ask::Table => NLM_F_REQUEST | NLM_F_DUMP,
    };
    let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(question));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Take the answers in one datagram. `false`: that was the last one.
fn each_message<M: NetlinkDeserializable>(
    datagram: &[u8],
    take: &mut impl FnMut(M),
) -> io::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let message = NetlinkMessage::<M>::deserialize(rest)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        // Messages begin at multiples of four bytes (netlink(7)).
        let length = usize::try_from(message.header.length).unwrap_or(rest.len());
        match message.payload {
            NetlinkPayload::InnerMessage(answer) => take(answer),
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
