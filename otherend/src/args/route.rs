//! Which way to another machine: the flags of every command that connects.

use std::net::IpAddr;

use otherend_net::ConnectOptions;

use super::duration::Timeout;
use super::family::FamilyArgs;

/// How a connection is made.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct RouteArgs {
    #[command(flatten)]
    pub(crate) family: FamilyArgs,

    /// Do not look up names.
    #[arg(short, long)]
    no_dns: bool,

    /// Connect from this address of this machine.
    #[arg(short, long, value_name = "IP")]
    source: Option<IpAddr>,

    /// How long connecting may take, everything together.
    #[arg(short = 'w', long, value_name = "TIME", default_value = "10s")]
    wait: Timeout,
}

impl RouteArgs {
    /// The same as the library wants it.
    pub(crate) fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::default();
        options.family = self.family.family();
        options.no_dns = self.no_dns;
        options.source = self.source;
        options.timeout = self.wait.0;
        options
    }
}
