//! From where a listener can be reached: the addresses behind the one it was given.

use std::cmp::Reverse;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use super::{Interface, Scope, State, list};

/// One address at which a listener can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reach {
    /// Address and port.
    pub address: SocketAddr,
    /// From how far away.
    pub scope: Scope,
    /// The adapter that has the address; none when it is not one of this machine's.
    pub interface: Option<String>,
}

/// The addresses at which a listener on `listen` can be reached, those for other machines first.
///
/// `0.0.0.0` stands for every IPv4 address and `[::]` for every IPv6 address, of the adapters
/// that are switched on; any other address stands for itself.
///
/// # Errors
///
/// As [`list`](super::list).
pub fn reachable_at(listen: SocketAddr) -> io::Result<Vec<Reach>> {
    Ok(reachable_among(&list()?, listen))
}

fn reachable_among(interfaces: &[Interface], listen: SocketAddr) -> Vec<Reach> {
    let mut found: Vec<(Reach, &Interface)> = Vec::new();
    for interface in interfaces.iter().filter(|i| i.state != State::Down) {
        for address in &interface.addresses {
            if stands_for(listen.ip(), address.ip) {
                let reach = Reach::on(interface, address.ip, listen.port());
                found.push((reach, interface));
            }
        }
    }
    found.sort_by_key(|(reach, interface)| {
        let near = reach.scope < Scope::Private;
        let distance = Reverse(reach.scope.min(Scope::Private));
        (
            near,
            !interface.is_default,
            distance,
            interface.index,
            reach.address,
        )
    });
    if found.is_empty() && !listen.ip().is_unspecified() {
        return vec![Reach::unowned(listen)];
    }
    found.into_iter().map(|(reach, _)| reach).collect()
}

impl Reach {
    fn on(interface: &Interface, ip: IpAddr, port: u16) -> Reach {
        let mut address = SocketAddr::new(ip, port);
        let scope = Scope::of(ip);
        if let (SocketAddr::V6(v6), Scope::Link) = (&mut address, scope) {
            v6.set_scope_id(interface.index);
        }
        let interface = Some(interface.name.clone());
        Reach {
            address,
            scope,
            interface,
        }
    }

    /// An address that no adapter has: all of 127.0.0.0/8 but its first, or one not of this machine.
    fn unowned(address: SocketAddr) -> Reach {
        let scope = Scope::of(address.ip());
        Reach {
            address,
            scope,
            interface: None,
        }
    }
}

fn stands_for(listen: IpAddr, address: IpAddr) -> bool {
    listen == address || (listen.is_unspecified() && listen.is_ipv4() == address.is_ipv4())
}

impl fmt::Display for Reach {
    /// As users write it, with the adapter's name where the address needs it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, &self.interface) {
            (SocketAddr::V6(v6), Some(name)) if v6.scope_id() != 0 => {
                write!(f, "[{}%{name}]:{}", v6.ip(), v6.port())
            }
            (address, _) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Address, Kind};
    use super::*;

    fn interface(index: u32, name: &str, addresses: &[&str]) -> Interface {
        let address = |ip: &&str| {
            let ip = ip.parse().unwrap();
            let scope = Scope::of(ip);
            Address {
                ip,
                prefix: 24,
                scope,
                caution: None,
            }
        };
        Interface {
            index,
            name: name.to_owned(),
            description: None,
            kind: Kind::Ethernet,
            state: State::Up,
            mac: None,
            mtu: None,
            addresses: addresses.iter().map(address).collect(),
            gateways: Vec::new(),
            is_default: name == "wlan0",
        }
    }

    fn machine() -> Vec<Interface> {
        let mut off = interface(9, "eth9", &["10.9.9.9"]);
        off.state = State::Down;
        vec![
            interface(1, "lo", &["127.0.0.1", "::1"]),
            interface(2, "eth0", &["10.0.0.2", "2001:db8::2", "fe80::2"]),
            interface(3, "wlan0", &["192.168.1.65"]),
            off,
        ]
    }

    fn shown(listen: &str) -> Vec<String> {
        let found = reachable_among(&machine(), listen.parse().unwrap());
        found.iter().map(Reach::to_string).collect()
    }

    #[test]
    fn any_is_every_address_of_its_family_on_adapters_that_are_on() {
        assert_eq!(
            shown("0.0.0.0:80"),
            ["192.168.1.65:80", "10.0.0.2:80", "127.0.0.1:80"]
        );
        assert_eq!(
            shown("[::]:80"),
            ["[2001:db8::2]:80", "[fe80::2%eth0]:80", "[::1]:80"]
        );
    }

    #[test]
    fn an_address_stands_for_itself() {
        assert_eq!(shown("10.0.0.2:80"), ["10.0.0.2:80"]);
        assert_eq!(shown("127.0.0.1:80"), ["127.0.0.1:80"]);
    }

    #[test]
    fn an_address_that_no_adapter_has_still_stands_for_itself() {
        let found = reachable_among(&machine(), "127.0.0.2:80".parse().unwrap());
        assert_eq!((found[0].scope, &found[0].interface), (Scope::Host, &None));
    }
}
