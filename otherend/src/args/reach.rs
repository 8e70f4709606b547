//! How to reach a server: the flags of every command that connects.

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use otherend_net::{ConnectError, ConnectOptions, Endpoint};

use super::duration;
use super::route::RouteArgs;
use crate::output::stdio;
use crate::output::{human, why};

/// Between two attempts of `--retry`: short at first, for a server that is just starting.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How to connect.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ReachArgs {
    #[command(flatten)]
    route: RouteArgs,

    /// Try again for so long while nobody answers.
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = duration::parse)]
    retry: Duration,
}

impl ReachArgs {
    /// One attempt, as the library wants it.
    pub(crate) fn options(&self) -> ConnectOptions {
        self.route.options()
    }

    /// Connect, again and again for as long as `--retry` says.
    pub(crate) fn connect(&self, endpoint: &Endpoint) -> anyhow::Result<TcpStream> {
        let options = self.options();
        let give_up = Instant::now() + self.retry;
        let mut pause = FIRST_PAUSE;
        let mut told = false;
        loop {
            let error = match otherend_net::connect(endpoint, &options) {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            let left = give_up.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(why::not_connected(&error, endpoint, &options));
            }
            if !std::mem::replace(&mut told, true) {
                tell_of_trying(&error, self.retry);
            }
            // Never past the end: the last attempt is made when the time is up, as a server may
            // need just that long.
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Somebody who watches would take a silent wait for one without an end.
fn tell_of_trying(error: &ConnectError, retry: Duration) {
    if stdio::stderr().is_terminal() {
        let retry = human::duration(retry);
        // A stderr that is gone must not stop the trying.
        let _ = writeln!(stdio::stderr(), "* {error}; trying again for {retry}");
    }
}
