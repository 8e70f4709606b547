//! Endpoints to listen on, as addresses.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use otherend_net::Endpoint;
use otherend_net::endpoint::Family;

/// A socket address for each endpoint; with `any` its port on all interfaces of both families. No
/// address comes twice, but port 0, which is another port each time.
pub(crate) fn addresses(
    endpoints: &[Endpoint],
    any: bool,
    family: Family,
) -> anyhow::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    if any {
        addresses = everywhere(endpoints, family);
    } else {
        for endpoint in endpoints {
            addresses.extend(endpoint.resolve_to_listen(family, false)?);
        }
    }
    let mut seen = HashSet::new();
    // `localhost 127.0.0.1` with one port is one place to listen at; the second `bind` would fail
    // and say that somebody else has the port.
    addresses.retain(|address| address.port() == 0 || seen.insert(*address));
    Ok(addresses)
}

fn everywhere(endpoints: &[Endpoint], family: Family) -> Vec<SocketAddr> {
    let hosts = [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ];
    let wanted = hosts.into_iter().filter(|host| family.admits(*host));
    let both = |endpoint: &Endpoint| {
        let port = endpoint.port();
        wanted.clone().map(move |host| SocketAddr::new(host, port))
    };
    endpoints.iter().flat_map(both).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_comes_twice() {
        let endpoints = ["127.0.0.1:81", "[::1]:81", "127.0.0.1:0", "127.0.0.1:0"];
        let endpoints = endpoints.map(|text| text.parse::<Endpoint>().unwrap());
        let listened = |any| {
            let addresses = addresses(&endpoints, any, Family::Any).unwrap();
            addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        let all = [
            "0.0.0.0:81",
            "[::]:81",
            "0.0.0.0:0",
            "[::]:0",
            "0.0.0.0:0",
            "[::]:0",
        ];
        assert_eq!(listened(true), all);
        let own = ["127.0.0.1:81", "[::1]:81", "127.0.0.1:0", "127.0.0.1:0"];
        assert_eq!(listened(false), own);
    }
}
