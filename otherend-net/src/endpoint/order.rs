//! The order in which the addresses of a name are tried (RFC 8305 section 4).

use std::net::SocketAddr;

/// Alternate between the address families, beginning with the family of the first address, so
/// that a family that leads nowhere costs one attempt and not all of them.
///
/// Within a family the resolver's order (RFC 6724) is kept; an address that comes twice is
/// tried once.
#[must_use]
pub fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut unique: Vec<SocketAddr> = Vec::with_capacity(addresses.len());
    for address in addresses {
        if !unique.contains(address) {
            unique.push(*address);
        }
    }
    let Some(first) = unique.first() else {
        return unique;
    };
    let leads_v6 = first.is_ipv6();
    let (leading, other): (Vec<SocketAddr>, Vec<SocketAddr>) =
        unique.iter().partition(|a| a.is_ipv6() == leads_v6);
    alternate(&leading, &other)
}

fn alternate(leading: &[SocketAddr], other: &[SocketAddr]) -> Vec<SocketAddr> {
    let rounds = leading.len().max(other.len());
    (0..rounds)
        .flat_map(|round| [leading.get(round), other.get(round)])
        .flatten()
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(given: &[&str]) -> Vec<String> {
        let given: Vec<SocketAddr> = given.iter().map(|a| a.parse().unwrap()).collect();
        interleave(&given)
            .into_iter()
            .map(|a| a.ip().to_string())
            .collect()
    }

    #[test]
    fn nothing_stays_nothing() {
        assert!(ordered(&[]).is_empty());
    }

    #[test]
    fn families_alternate_from_the_first_one_given() {
        assert_eq!(
            ordered(&["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.2:1"]),
            ["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]
        );
        assert_eq!(
            ordered(&["10.0.0.1:1", "[::1]:1", "[::2]:1"]),
            ["10.0.0.1", "::1", "::2"]
        );
    }

    #[test]
    fn one_family_keeps_its_order() {
        assert_eq!(
            ordered(&["10.0.0.2:1", "10.0.0.1:1"]),
            ["10.0.0.2", "10.0.0.1"]
        );
    }

    #[test]
    fn an_address_given_twice_is_tried_once() {
        assert_eq!(
            ordered(&["10.0.0.1:1", "10.0.0.1:1", "[::1]:1"]),
            ["10.0.0.1", "::1"]
        );
    }
}
