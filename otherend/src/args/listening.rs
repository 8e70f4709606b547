//! Endpoints to listen on, as addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use otherend_net::Endpoint;
use otherend_net::endpoint::Family;

/// A socket address for each endpoint; with `any` its port on all interfaces of both families.
pub(crate) fn addresses(
    endpoints: &[Endpoint],
    any: bool,
    family: Family,
) -> anyhow::Result<Vec<SocketAddr>> {
    if any {
        return Ok(everywhere(endpoints, family));
    }
    let mut addresses = Vec::new();
    for endpoint in endpoints {
        addresses.extend(endpoint.resolve_to_listen(family, false)?);
    }
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
