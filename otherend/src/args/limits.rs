//! The promises of a server as flags: limits, deadlines, and who may connect.

use std::time::Duration;

use ipnet::IpNet;
use otherend_net::core::{Framing, Settings};
use otherend_net::{Keepalive, ServerConfig};

use super::duration::{self, Timeout};
use super::size;

/// Limits and deadlines; the defaults are safe.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Conversations at once [default: async 1024, threads 512].
    #[arg(long, value_name = "N", env = "OTHEREND_MAX_CLIENTS")]
    max_clients: Option<usize>,

    /// Conversations of one source address [default: 64 beyond loopback].
    #[arg(long, value_name = "N", env = "OTHEREND_MAX_PER_SOURCE")]
    max_per_source: Option<usize>,

    /// The longest line in bytes, terminator not counted.
    #[arg(long, value_name = "SIZE", default_value = "64k", value_parser = size::parse, env = "OTHEREND_MAX_LINE")]
    max_line: usize,

    /// From a line's first byte to its end.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        env = "OTHEREND_LINE_TIMEOUT"
    )]
    line_timeout: Timeout,

    /// Without a byte in either direction.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10m",
        env = "OTHEREND_IDLE_TIMEOUT"
    )]
    idle_timeout: Timeout,

    /// Bytes that may wait for a slow peer before it is no longer read from.
    #[arg(long, value_name = "SIZE", default_value = "1m", value_parser = size::parse, env = "OTHEREND_MAX_OUTPUT")]
    max_output: usize,

    /// Bytes that may wait for all slow peers together.
    #[arg(long, value_name = "SIZE", default_value = "256m", value_parser = size::parse, env = "OTHEREND_MAX_OUTPUT_IN_ALL")]
    max_output_in_all: usize,

    /// How long a peer may take none of what is sent to it.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "10s",
        env = "OTHEREND_WRITE_TIMEOUT"
    )]
    write_timeout: Timeout,

    /// After our last byte: how long to wait for the peer to close.
    ///
    /// A peer that goes on sending is cut off after five times as long.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse, env = "OTHEREND_LINGER")]
    linger: Duration,

    /// How long conversations may take to finish when the server stops.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse, env = "OTHEREND_DRAIN_TIMEOUT")]
    drain_timeout: Duration,

    /// Silence after which a peer is asked whether it is still there.
    #[arg(
        long,
        value_name = "TIME",
        default_value = "60s",
        env = "OTHEREND_KEEPALIVE"
    )]
    keepalive: Timeout,

    /// Only these networks may connect, as in 192.168.1.0/24; repeatable.
    #[arg(long, value_name = "NETWORK", value_parser = network, value_delimiter = ',', env = "OTHEREND_ALLOW")]
    allow: Vec<IpNet>,

    /// These networks may not connect, even if allowed; repeatable.
    #[arg(long, value_name = "NETWORK", value_parser = network, value_delimiter = ',', env = "OTHEREND_DENY")]
    deny: Vec<IpNet>,
}

impl LimitArgs {
    /// Put the limits into `config`.
    pub(crate) fn apply(&self, config: &mut ServerConfig, framing: Framing) {
        config.settings = Settings {
            framing,
            max_line: self.max_line,
            line_timeout: self.line_timeout.0,
            idle_timeout: self.idle_timeout.0,
            max_output: self.max_output,
            write_timeout: self.write_timeout.0,
            linger_idle: self.linger,
            linger_total: self.linger * 5,
            ..Settings::server()
        };
        config.max_clients = self.max_clients;
        config.max_per_source = self.max_per_source;
        config.max_output_in_all = self.max_output_in_all;
        config.keepalive = self.keepalive.0.map(|idle| Keepalive {
            idle,
            ..Keepalive::default()
        });
        config.drain_timeout = self.drain_timeout;
        config.allow.clone_from(&self.allow);
        config.deny.clone_from(&self.deny);
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || {
        text.parse()
            .map(|address: std::net::IpAddr| IpNet::from(address))
    };
    text.parse().or_else(|_| address()).map_err(|_| {
        format!("{text:?} is no network: write an address, or one with a prefix as in 10.0.0.0/8")
    })
}
