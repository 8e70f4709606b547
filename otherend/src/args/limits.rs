//! The promises of a server as flags: limits and deadlines.

use std::time::Duration;

use otherend_net::ServerConfig;
use otherend_net::core::{Framing, Settings};

use super::door::DoorArgs;
use super::duration::{self, Timeout};
use super::size;

/// Limits and deadlines; the defaults are safe.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    #[command(flatten)]
    door: DoorArgs,

    /// The longest line in bytes, terminator not counted.
    #[arg(long, value_name = "SIZE", default_value = "64k", value_parser = size::parse_limit)]
    max_line: usize,

    /// From a line's first byte to its end.
    #[arg(long, value_name = "TIME", default_value = "30s")]
    line_timeout: Timeout,

    /// Without a byte in either direction.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    idle_timeout: Timeout,

    /// Bytes that may wait for a slow peer before it is no longer read from.
    #[arg(long, value_name = "SIZE", default_value = "1m", value_parser = size::parse_limit)]
    max_output: usize,

    /// Bytes that may wait for all slow peers together.
    #[arg(long, value_name = "SIZE", default_value = "256m", value_parser = size::parse_limit)]
    max_output_in_all: usize,

    /// How long a peer may take none of what is sent to it.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    write_timeout: Timeout,

    /// After our last byte: how long to wait for the peer to close.
    ///
    /// A peer that goes on sending is cut off after five times as long.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    linger: Duration,
}

impl LimitArgs {
    /// Put the limits into `config`.
    pub(crate) fn apply(&self, config: &mut ServerConfig, framing: Framing) {
        config.settings = Settings {
            framing,
            max_message: self.max_line,
            message_timeout: self.line_timeout.0,
            idle_timeout: self.idle_timeout.0,
            max_output: self.max_output,
            write_timeout: self.write_timeout.0,
            linger_idle: self.linger,
            linger_total: self.linger * 5,
            ..Settings::server()
        };
        config.max_output_in_all = self.max_output_in_all;
        self.door.apply_to_server(config);
    }
}
