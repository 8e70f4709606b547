//! The ICMP error that ended an attempt to connect, with its code and its sender (IP_RECVERR in
//! ip(7)). For TCP the kernel keeps them since Linux 5.8; an older one has only the error number.

use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use socket2::Socket;

use crate::evidence::Icmp;

/// Where an entry of the error queue comes from: SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6.
const ORIGINS: [u8; 2] = [2, 3];

/// Ask the kernel to keep the ICMP errors that this socket causes. Without it, only the error
/// number is known; that is no reason not to try.
pub(crate) fn keep_errors(socket: &Socket, ipv4: bool) {
    let _ = match ipv4 {
        true => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
        false => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
    };
}

/// The first ICMP error in the socket's queue.
pub(crate) fn take_error(socket: &Socket) -> Option<Icmp> {
    // What comes as data is the packet that caused the error; who said what about it stands in the
    // control messages. It may be there several times: a router says it again for each repetition.
    let mut data = [0; 256];
    let mut parts = [IoSliceMut::new(&mut data)];
    let mut space = vec![0; 512];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let received =
        recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut space), flags);
    received.ok()?.cmsgs().ok()?.find_map(icmp)
}

fn icmp(message: ControlMessageOwned) -> Option<Icmp> {
    let (error, from) = match message {
        ControlMessageOwned::Ipv4RecvErr(error, from) => {
            let octets = from?.sin_addr.s_addr.to_ne_bytes();
            (error, IpAddr::V4(Ipv4Addr::from(octets)))
        }
        ControlMessageOwned::Ipv6RecvErr(error, from) => {
            (error, IpAddr::V6(Ipv6Addr::from(from?.sin6_addr.s6_addr)))
        }
        _ => return None,
    };
    // The queue has what this machine found out by itself, too (SO_EE_ORIGIN_LOCAL), which is no ICMP.
    ORIGINS.contains(&error.ee_origin).then_some(Icmp {
        kind: error.ee_type,
        code: error.ee_code,
        from,
    })
}
