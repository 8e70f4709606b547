//! Where the server listens.

use std::net::SocketAddr;

use otherend_net::Endpoint;

use crate::args::family::FamilyArgs;
use crate::args::{address, listening};
use crate::output::ask;
use crate::output::stdio;

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
    /// Somebody is there who can be asked again.
    pub(super) fn asks(&self) -> bool {
        self.ask && stdio::stdin().is_terminal()
    }

    /// Where to listen, as it was written; or ask.
    pub(super) fn endpoints(&self) -> anyhow::Result<Vec<Endpoint>> {
        if self.ask {
            return Ok(vec![ask::endpoint("listen on which address")?]);
        }
        let mut endpoints = Endpoint::list_from_words(&self.addresses)
            .map_err(|error| address::usage(&error, address::Transports::TcpOrUdp))?;
        if endpoints.is_empty() {
            endpoints.push(Endpoint::DEFAULT);
        }
        Ok(endpoints)
    }

    /// The addresses to listen on.
    pub(super) fn addresses(&self, endpoints: &[Endpoint]) -> anyhow::Result<Vec<SocketAddr>> {
        listening::addresses(endpoints, self.any, self.family.family())
    }
}
