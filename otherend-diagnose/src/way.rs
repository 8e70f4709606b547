//! Steps 1 and 3, the address and the way: what looks wrong with the address, and how this machine
//! would send to it.

use std::net::{IpAddr, SocketAddr};

use crate::evidence::{Oddity, Route, Way};
use crate::interfaces::{Address, Interface, Scope, State};
use crate::slip;
use crate::system;

/// What looks wrong with an address, from the address alone and this machine's networks.
pub(crate) fn oddities(address: SocketAddr, interfaces: &[Interface]) -> Vec<Oddity> {
    let ip = address.ip();
    let mut found = Vec::new();
    if ip.is_unspecified() {
        found.push(Oddity::Unspecified);
    }
    if ip.is_multicast() {
        found.push(Oddity::Multicast);
    }
    if let Some((network, meant)) = slip::near_own_network(ip, interfaces) {
        found.push(Oddity::NearOwnNetwork { network, meant });
    }
    found
}

/// How this machine would send to an address.
pub(crate) fn way_to(address: SocketAddr, interfaces: &[Interface]) -> Way {
    let scoped = on_named_link(address, interfaces);
    let address = address.ip();
    let route = match address {
        // What means "any" to a listener is this machine to a client.
        any if any.is_unspecified() => Route::Local,
        _ => scoped.unwrap_or_else(|| system::route_to(address, interfaces)),
    };
    let mut way = Way {
        route,
        ..Way::default()
    };
    see_links(&mut way, address, interfaces);
    way
}

/// Whether the interface that leads there is up. It may have changed since the way was chosen.
pub(crate) fn see_links(way: &mut Way, address: IpAddr, interfaces: &[Interface]) {
    let down = match way.route {
        Route::Local | Route::Broadcast => None,
        _ => interface_down(address, interfaces),
    };
    way.down = down.map(|interface| interface.name.clone());
    way.no_link = down.is_some_and(|interface| interface.state == State::NoLink);
}

/// A link-local address with its zone needs no route (RFC 4007 §6).
fn on_named_link(address: SocketAddr, interfaces: &[Interface]) -> Option<Route> {
    let SocketAddr::V6(v6) = address else {
        return None;
    };
    // fe80::1 is on every link, and the kernel would answer for the one that it likes best: with
    // fe80::1%eth0 the user has chosen.
    let zone = interfaces.iter().find(|i| i.index == v6.scope_id())?;
    if zone.addresses.iter().any(|own| own.ip == address.ip()) {
        return Some(Route::Local);
    }
    let on_link = |own: &&Address| own.scope == Scope::Link && own.ip.is_ipv6();
    Some(Route::Direct {
        interface: zone.name.clone(),
        source: zone.addresses.iter().find(on_link).map(|own| own.ip),
    })
}

/// An interface that has a network with this address, and carries nothing.
fn interface_down(address: IpAddr, interfaces: &[Interface]) -> Option<&Interface> {
    let leads_to = |interface: &&Interface| {
        let mut addresses = interface.addresses.iter();
        addresses.any(|own| {
            let network = ipnet::IpNet::new(own.ip, own.prefix);
            network.is_ok_and(|network| network.contains(&address))
        })
    };
    let mut down = interfaces
        .iter()
        .filter(|i| i.state != State::Up)
        .filter(leads_to);
    // The same network may be on two interfaces, cable and radio: it is reached by the one that is up.
    let up = interfaces
        .iter()
        .filter(|i| i.state == State::Up)
        .any(|i| leads_to(&i));
    down.next().filter(|_| !up)
}

/// "directly over eth0, from 192.168.1.20": the way in words.
pub(crate) fn describe(route: &Route) -> String {
    let from = |source: &Option<IpAddr>| source.map_or(String::new(), |ip| format!(", from {ip}"));
    match route {
        Route::Unknown => "not known: the system did not tell".to_owned(),
        Route::Local => "an address of this machine; nothing leaves it".to_owned(),
        Route::Broadcast => "a broadcast address: all machines of that network".to_owned(),
        Route::Direct { interface, source } => format!("directly over {interface}{}", from(source)),
        Route::Via {
            gateway,
            interface,
            source,
        } => {
            format!(
                "over {interface} through the router {gateway}{}",
                from(source)
            )
        }
        Route::None => "no route: this machine does not know where to send it".to_owned(),
        Route::Forbidden(kind) => format!("a route of the kind {kind} forbids it"),
    }
}
