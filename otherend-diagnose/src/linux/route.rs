//! The kernel's own answer to "how would you send to this address", and what its neighbour table
//! says about who answered on the link (rtnetlink(7)).

use std::io;
use std::net::IpAddr;

use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::{RouteAddress, RouteAttribute, RouteMessage, RouteType};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::protocols::NETLINK_ROUTE;
use rustix::io::Errno;

use crate::evidence::{Link, Route};
use crate::interfaces::Interface;
use crate::netlink::{Ask, ask};

/// The kernel's choice for an address.
pub(crate) fn route_to(address: IpAddr, interfaces: &[Interface]) -> Route {
    let mut found = None;
    let question = RouteNetlinkMessage::GetRoute(route_question(address));
    let asked = ask(NETLINK_ROUTE, Ask::One, question, |answer| {
        if let RouteNetlinkMessage::NewRoute(route) = answer {
            found = Some(route);
        }
    });
    match (asked, found) {
        (Err(error), _) => no_route(&error),
        (Ok(()), Some(answer)) => route(&answer, interfaces),
        (Ok(()), None) => Route::Unknown,
    }
}

fn route_question(address: IpAddr) -> RouteMessage {
    let mut question = RouteMessage::default();
    question.header.address_family = family(address);
    question.header.destination_prefix_length = if address.is_ipv4() { 32 } else { 128 };
    let destination = RouteAttribute::Destination(RouteAddress::from(address));
    question.attributes.push(destination);
    question
}

fn family(address: IpAddr) -> AddressFamily {
    match address {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn route(answer: &RouteMessage, interfaces: &[Interface]) -> Route {
    let (mut gateway, mut source, mut index) = (None, None, None);
    for attribute in &answer.attributes {
        match attribute {
            RouteAttribute::Gateway(address) => gateway = ip(address),
            RouteAttribute::PrefSource(address) => source = ip(address),
            RouteAttribute::Oif(oif) => index = Some(*oif),
            _ => {}
        }
    }
    let interface = interfaces.iter().find(|i| Some(i.index) == index);
    let interface = interface.map_or_else(|| "?".to_owned(), |i| i.name.clone());
    match (answer.header.kind, gateway) {
        (RouteType::Local, _) => Route::Local,
        (RouteType::Broadcast, _) => Route::Broadcast,
        (RouteType::Prohibit, _) => Route::Forbidden("prohibit"),
        (RouteType::Unreachable, _) => Route::Forbidden("unreachable"),
        (RouteType::BlackHole, _) => Route::Forbidden("blackhole"),
        (_, Some(gateway)) => Route::Via {
            gateway,
            interface,
            source,
        },
        (_, None) => Route::Direct { interface, source },
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some(IpAddr::V4(*v4)),
        RouteAddress::Inet6(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    }
}

/// The kernel refuses the question as it would refuse to connect.
fn no_route(error: &io::Error) -> Route {
    // `ip route add prohibit 10.9.0.0/16` is no entry that is answered with: the question itself fails,
    // with the error that connect(2) would give. "blackhole" has no error of its own and is EINVAL.
    match Errno::from_io_error(error) {
        Some(Errno::NETUNREACH) => Route::None,
        Some(Errno::HOSTUNREACH) => Route::Forbidden("unreachable"),
        Some(Errno::ACCESS) => Route::Forbidden("prohibit"),
        Some(Errno::INVAL) => Route::Forbidden("blackhole"),
        _ => Route::Unknown,
    }
}

/// Whether the address answered on the link, by ARP or neighbour discovery. `None`: the kernel
/// has not asked for it, or does not tell.
pub(crate) fn link_of(address: IpAddr) -> Option<Link> {
    let mut question = NeighbourMessage::default();
    question.header.family = family(address);
    let mut state = None;
    let question = RouteNetlinkMessage::GetNeighbour(question);
    ask(NETLINK_ROUTE, Ask::Table, question, |answer| {
        if let RouteNetlinkMessage::NewNeighbour(entry) = answer
            && is_about(&entry, address)
        {
            state = Some(entry.header.state);
        }
    })
    .ok()?;
    // An entry outlives its machine: "stale" after half a minute, it is still used, and asked about
    // anew 5 s after the next packet. An attempt is over before, so that all of these count as answers.
    // What an administrator entered ("permanent", "noarp") says nothing about who is there.
    match state? {
        NeighbourState::Incomplete | NeighbourState::Failed => Some(Link::Silent),
        NeighbourState::Reachable
        | NeighbourState::Stale
        | NeighbourState::Delay
        | NeighbourState::Probe => Some(Link::Answers),
        _ => None,
    }
}

fn is_about(entry: &NeighbourMessage, address: IpAddr) -> bool {
    entry.attributes.iter().any(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => IpAddr::V4(*v4) == address,
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => IpAddr::V6(*v6) == address,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_local() {
        let interfaces = crate::interfaces::list().unwrap();
        assert_eq!(route_to([127, 0, 0, 1].into(), &interfaces), Route::Local);
    }

    #[test]
    fn nobody_is_asked_for_on_the_link_about_loopback() {
        assert_eq!(link_of([127, 0, 0, 1].into()), None);
    }
}
