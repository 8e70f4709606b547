//! Slips of the finger: one character too many, too few, another one, or two swapped.

use std::net::IpAddr;

use ipnet::Ipv4Net;

use crate::interfaces::{Interface, Scope};

/// Whether one text becomes the other by one slip.
pub(crate) fn is_one(a: &str, b: &str) -> bool {
    // The "optimal string alignment" distance: unlike Levenshtein's, it counts a swap once.
    strsim::osa_distance(a, b) == 1
}

/// The ports that are one wrong digit or one swap away, the direct neighbours first. At most 50.
pub(crate) fn ports_near(port: u16) -> Vec<u16> {
    let digits = port.to_string().into_bytes();
    let mut near = vec![port.wrapping_add(1), port.wrapping_sub(1)];
    for place in 0..digits.len() {
        for digit in b'0'..=b'9' {
            let mut other = digits.clone();
            other[place] = digit;
            near.extend(number(&other));
        }
        if place > 0 {
            let mut other = digits.clone();
            other.swap(place - 1, place);
            near.extend(number(&other));
        }
    }
    let mut seen = Vec::new();
    near.retain(|other| {
        let new = *other != port && *other != 0 && !seen.contains(other);
        seen.push(*other);
        new
    });
    near
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// What was probably meant, when an IPv4 address is on no network of this machine and would be on
/// one if one slip were undone: the network, and the address on it, which is not this machine's.
pub(crate) fn near_own_network(
    address: IpAddr,
    interfaces: &[Interface],
) -> Option<(String, IpAddr)> {
    let IpAddr::V4(asked) = address else {
        return None;
    };
    let own = || interfaces.iter().flat_map(|interface| &interface.addresses);
    let networks = own().filter_map(|own| match own.ip {
        IpAddr::V4(ip) if own.scope > Scope::Host => Ipv4Net::new(ip, own.prefix).ok(),
        _ => None,
    });
    let mut best = None;
    for network in networks {
        if network.contains(&asked) {
            return None;
        }
        let meant = network.network() | (asked & network.hostmask());
        let is_own = own().any(|own| own.ip == meant);
        if !is_own && is_one(&meant.to_string(), &asked.to_string()) {
            best.get_or_insert((network.trunc().to_string(), meant.into()));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::Address;

    #[test]
    fn one_slip_is_a_swap_a_loss_an_addition_or_another_character() {
        for near in ["8081", "8800", "880", "80880", "808", "9080", "18080"] {
            assert!(is_one("8080", near), "{near}");
            assert!(is_one(near, "8080"), "{near}");
        }
        for far in ["8080", "8091", "0808", "80", "808080", "8888"] {
            assert!(!is_one("8080", far), "{far}");
        }
    }

    #[test]
    fn near_ports_are_valid_and_few() {
        for port in [1, 80, 8080, 65535, 60000] {
            let near = ports_near(port);
            assert!(near.len() <= 52 && !near.contains(&port) && !near.contains(&0));
        }
        assert_eq!(&ports_near(8080)[..2], [8081, 8079]);
        assert!(ports_near(8080).contains(&8008));
    }

    #[test]
    fn an_address_near_the_own_network_is_another_machines() {
        let interface = Interface {
            addresses: vec![Address {
                ip: [192, 168, 1, 20].into(),
                prefix: 24,
                scope: Scope::Private,
                caution: None,
            }],
            ..crate::interfaces::list().unwrap().remove(0)
        };
        let near =
            |asked: [u8; 4]| near_own_network(asked.into(), std::slice::from_ref(&interface));
        let meant = |ip: [u8; 4]| Some(("192.168.1.0/24".to_owned(), ip.into()));
        assert_eq!(near([192, 168, 2, 65]), meant([192, 168, 1, 65]));
        assert_eq!(near([192, 168, 2, 20]), None, "that would be this machine");
        assert_eq!(near([192, 168, 1, 65]), None, "that is on the network");
        assert_eq!(near([10, 9, 8, 7]), None);
    }
}
