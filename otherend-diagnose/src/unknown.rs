//! Where the system is not Linux: what cannot be known is unknown.

use std::net::{IpAddr, SocketAddr};

use socket2::Socket;

use crate::evidence::{Icmp, Link, Route};
use crate::interfaces::Interface;

pub(crate) fn refused_to_send(_local: SocketAddr, _peer: SocketAddr) -> Option<bool> {
    None
}

pub(crate) fn first_unprivileged_port() -> Option<u16> {
    None
}

pub(crate) fn keep_errors(_socket: &Socket, _ipv4: bool) {}

pub(crate) fn take_error(_socket: &Socket) -> Option<Icmp> {
    None
}

pub(crate) fn state_of(_pid: u32) -> Option<char> {
    None
}

pub(crate) fn descriptors_of(_pid: u32) -> Option<(u64, u64)> {
    None
}

pub(crate) fn time_wait(_port: u16) -> usize {
    0
}

pub(crate) fn half_open(_port: u16) -> Vec<SocketAddr> {
    Vec::new()
}

/// Only what needs no question to the kernel: whether the address is one of this machine's.
pub(crate) fn route_to(address: IpAddr, interfaces: &[Interface]) -> Route {
    let own = |interface: &Interface| interface.addresses.iter().any(|own| own.ip == address);
    match address.is_loopback() || interfaces.iter().any(own) {
        true => Route::Local,
        false => Route::Unknown,
    }
}

pub(crate) fn link_of(_address: IpAddr) -> Option<Link> {
    None
}
