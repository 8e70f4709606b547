//! Where the server listens.

use std::net::SocketAddr;

use otherend_net::Endpoint;
use otherend_net::endpoint::EndpointError;

use crate::args::family::FamilyArgs;
use crate::args::listening;
use crate::exit::Failure;
use crate::output::ask;

/// Where to listen.
#[derive(Debug, clap::Args)]
pub(super) struct ListenArgs {
    /// HOST:PORT, :PORT or PORT; several are allowed [default: 127.0.0.1:8080].
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,

    /// Listen on all interfaces, IPv4 and IPv6: others can connect.
    #[arg(long)]
    any: bool,

    /// Ask for the address first.
    #[arg(long, conflicts_with = "addresses")]
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
        listening::addresses(&endpoints, self.any, self.family.family())
    }
}
