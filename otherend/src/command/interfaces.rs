//! `otherend interfaces`: the adapters of this machine, and who listens on a port.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use otherend_diagnose::interfaces::{self, Reach, Scope};
use otherend_diagnose::listeners::{self, Listener};

use crate::output::interfaces::{self as output, PortUse};
use crate::output::stdio;
use crate::output::style::Palette;

/// The flags of `otherend interfaces`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  otherend interfaces
  otherend interfaces --port 8080
  otherend interfaces --json | jq 'select(.default).addresses[].address'")]
pub(crate) struct Args {
    /// Also say who listens on this port and where it can be reached.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Print JSON Lines for programs instead of text for people.
    #[arg(long)]
    json: bool,
}

/// List everything, once.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let adapters = interfaces::list()?;
    let port_use = args.port.map(port_use).transpose()?;
    let mut out = Vec::new();
    if args.json {
        output::json::write(&mut out, &adapters, port_use.as_ref())?;
    } else {
        let palette = Palette::of_stdout();
        output::text::write(&mut out, palette, &adapters, port_use.as_ref())?;
    }
    stdio::stdout().write_all(&out)?;
    Ok(())
}

fn port_use(port: u16) -> io::Result<PortUse> {
    let listeners = listeners::on_port(port);
    let mut reachable: Vec<Reach> = Vec::new();
    for address in addresses_of(port, listeners.as_deref().unwrap_or_default()) {
        for reach in interfaces::reachable_at(address)? {
            if !reachable.contains(&reach) {
                reachable.push(reach);
            }
        }
    }
    // Those that other machines can use stand before those of this machine, in both families.
    reachable.sort_by_key(|reach| reach.scope < Scope::Private);
    Ok(PortUse {
        port,
        listeners,
        reachable,
    })
}

/// What to ask the reach of: the addresses that are listened on, or every address if none is.
fn addresses_of(port: u16, listeners: &[Listener]) -> Vec<SocketAddr> {
    let any = [
        IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    ];
    if listeners.is_empty() {
        return any.map(|ip| SocketAddr::new(ip, port)).to_vec();
    }
    let mut addresses: Vec<SocketAddr> = listeners.iter().map(|l| l.address).collect();
    // An IPv6 listener on every address takes IPv4 too, unless it says that it does not.
    if listeners.iter().any(takes_ipv4_too) {
        addresses.push(SocketAddr::new(any[0], port));
    }
    addresses
}

fn takes_ipv4_too(listener: &Listener) -> bool {
    let wildcard = listener.address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    wildcard && listener.v6_only == Some(false)
}
