//! Where the server listens, and from where it can be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use otherend_core::Time;
use otherend_net::endpoint::EndpointError;
use otherend_net::interfaces;
use otherend_net::{Endpoint, Server};

use crate::args::family::FamilyArgs;
use crate::exit::Failure;
use crate::output::ask;
use crate::output::screen::{Remark, Screen};

/// Where to listen.
#[derive(Debug, clap::Args)]
pub(super) struct ListenArgs {
    /// HOST:PORT, :PORT or PORT; several are allowed [default: 127.0.0.1:8080].
    #[arg(value_name = "ADDRESS", env = "OTHEREND_LISTEN")]
    addresses: Vec<String>,

    /// Listen on all interfaces, IPv4 and IPv6: others can connect.
    #[arg(long, env = "OTHEREND_ANY")]
    any: bool,

    /// Ask for the address first.
    #[arg(long, env = "OTHEREND_ASK", conflicts_with = "addresses")]
    ask: bool,

    #[command(flatten)]
    family: FamilyArgs,
}

impl ListenArgs {
    /// The addresses to listen on.
    pub(super) fn addresses(&self) -> anyhow::Result<Vec<SocketAddr>> {
        let mut endpoints = if self.ask {
            vec![ask::endpoint("listen on which address")?]
        } else {
            let usage = |error: EndpointError| Failure::Usage(error.to_string());
            Endpoint::list_from_words(&self.addresses).map_err(usage)?
        };
        if endpoints.is_empty() {
            endpoints.push(Endpoint::DEFAULT);
        }
        if self.any {
            return Ok(self.everywhere(&endpoints));
        }
        let mut addresses = Vec::new();
        for endpoint in endpoints {
            addresses.extend(endpoint.resolve_to_listen(self.family.family(), false)?);
        }
        Ok(addresses)
    }

    /// The ports of the endpoints on all interfaces of both families, a socket for each.
    fn everywhere(&self, endpoints: &[Endpoint]) -> Vec<SocketAddr> {
        let hosts = [
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        ];
        let wanted = hosts
            .into_iter()
            .filter(|host| self.family.family().admits(*host));
        let both = |endpoint: &Endpoint| {
            let port = endpoint.port();
            wanted.clone().map(move |host| SocketAddr::new(host, port))
        };
        endpoints.iter().flat_map(both).collect()
    }
}

/// Say where it listens and from where it can be reached.
pub(super) fn announce(screen: &Screen, server: &Server, quiet: bool) {
    for &address in server.addresses() {
        screen.remark(Time::ZERO, 0, &Remark::Listening(address));
        if quiet {
            continue;
        }
        // What the system does not tell is not worth an error: it listens all the same.
        let reached = interfaces::reachable_at(address).unwrap_or_default();
        for reach in reached.iter().filter(|_| !address.ip().is_loopback()) {
            screen.remark(Time::ZERO, 0, &Remark::Reachable(reach));
        }
    }
    if !quiet
        && server
            .addresses()
            .iter()
            .all(|address| address.ip().is_loopback())
    {
        let text = "only this machine can connect; --any lets others in";
        screen.remark(Time::ZERO, 0, &Remark::Note("loopback-only", text));
    }
}
