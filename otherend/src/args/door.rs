//! Who may come in, how many, and how long a stop may take: the flags of every command that listens.

use std::num::NonZeroUsize;
use std::time::Duration;

use ipnet::IpNet;
use otherend_net::tap::TapConfig;
use otherend_net::{Keepalive, ServerConfig};

use super::duration::{self, Timeout};
use super::network;

/// Silence that a system can count: whole seconds, and not too many of them.
fn keepalive(text: &str) -> Result<Timeout, String> {
    let range = Duration::from_secs(1)..=Keepalive::LONGEST;
    match text.parse()? {
        Timeout(Some(idle)) if !range.contains(&idle) => {
            Err("write 1s to 9h, or `none`".to_owned())
        }
        timeout => Ok(timeout),
    }
}

/// How many of something; of none a server would be no server.
fn count(text: &str) -> Result<NonZeroUsize, String> {
    // The standard library's own words for it are those of its types.
    let text = text.trim().parse();
    text.map_err(|_| "write a number, at least 1".to_owned())
}

/// The door; the defaults are safe.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct DoorArgs {
    /// Conversations at once [default: async 1024, threads and tap 512].
    #[arg(long, value_name = "N", value_parser = count)]
    max_clients: Option<NonZeroUsize>,

    /// Conversations of one source address [default: 64 beyond loopback].
    #[arg(long, value_name = "N", value_parser = count)]
    max_per_source: Option<NonZeroUsize>,

    /// How long conversations may take to finish when the server stops.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    drain_timeout: Duration,

    /// Silence after which a peer is asked whether it is still there.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = keepalive)]
    keepalive: Timeout,

    /// Only these networks may connect, as in 192.168.1.0/24; repeatable.
    #[arg(long, value_name = "NETWORK", value_parser = network::parse, value_delimiter = ',')]
    allow: Vec<IpNet>,

    /// These networks may not connect, even if allowed; repeatable.
    #[arg(long, value_name = "NETWORK", value_parser = network::parse, value_delimiter = ',')]
    deny: Vec<IpNet>,
}

impl DoorArgs {
    /// Put the rules into a server's `config`.
    pub(crate) fn apply_to_server(&self, config: &mut ServerConfig) {
        config.max_clients = self.max_clients.map(usize::from);
        config.max_per_source = self.max_per_source.map(usize::from);
        config.keepalive = self.keepalive();
        config.drain_timeout = self.drain_timeout;
        config.allow.clone_from(&self.allow);
        config.deny.clone_from(&self.deny);
    }

    /// Put the rules into a tap's `config`.
    pub(crate) fn apply_to_tap(&self, config: &mut TapConfig) {
        config.max_clients = self.max_clients.map(usize::from);
        config.max_per_source = self.max_per_source.map(usize::from);
        config.keepalive = self.keepalive();
        config.connect.keepalive = self.keepalive();
        config.drain_timeout = self.drain_timeout;
        config.allow.clone_from(&self.allow);
        config.deny.clone_from(&self.deny);
    }

    fn keepalive(&self) -> Option<Keepalive> {
        self.keepalive.0.map(|idle| Keepalive {
            idle,
            ..Keepalive::default()
        })
    }
}
