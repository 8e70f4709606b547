//! The load: the flags, and the plan made of them.

use std::net::{IpAddr, TcpStream};
use std::time::Duration;

use anyhow::Context;
use otherend_core::Echo;
use otherend_net::endpoint::{EndpointError, Family};
use otherend_net::{ConnectOptions, Endpoint, connect};
use rustix::process::{Resource, getrlimit};

use crate::args::{duration, size};
use crate::bench::sheet::Wording;
use crate::bench::{Pace, Plan, Times};
use crate::exit::Failure;
use crate::output::human;
use crate::output::why;

/// What to send where.
#[derive(Debug, clap::Args)]
pub(super) struct LoadArgs {
    /// HOST:PORT, HOST PORT, :PORT or PORT [default: 127.0.0.1:8080].
    #[arg(value_name = "ADDRESS", num_args = 0..=2, env = "OTHEREND_ADDRESS")]
    address: Vec<String>,

    /// Connections at a time.
    #[arg(long, value_name = "N", default_value_t = 100, env = "OTHEREND_CLIENTS",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    clients: u32,

    /// Unanswered lines of each client [default: 1, with --rate no limit].
    #[arg(long, value_name = "N", env = "OTHEREND_IN_FLIGHT",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    in_flight: Option<u32>,

    /// Open loop: lines a second in all, due whatever was answered.
    #[arg(long, value_name = "LINES", env = "OTHEREND_RATE",
          value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rate: Option<u64>,

    /// Bytes of a line, its end included.
    #[arg(long, value_name = "SIZE", default_value = "32", value_parser = size::parse,
          env = "OTHEREND_SIZE")]
    size: usize,

    /// How long to say lines.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse,
          env = "OTHEREND_SECONDS")]
    seconds: Duration,

    /// How much of that does not count [default: a fifth].
    #[arg(long, value_name = "TIME", value_parser = duration::parse, env = "OTHEREND_WARM_UP")]
    warm_up: Option<Duration>,

    /// How long to wait for the last replies.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse,
          env = "OTHEREND_GRACE")]
    grace: Duration,

    /// What stands before an echoed line; empty makes it a plain echo.
    #[arg(long, value_name = "TEXT", default_value = Echo::PREFIX, env = "OTHEREND_PREFIX")]
    prefix: String,

    /// End lines with CR LF, and expect replies to.
    #[arg(long, short = 'C', env = "OTHEREND_CRLF")]
    crlf: bool,

    /// Expect replies to end with CR LF, whatever the lines end with.
    #[arg(long, env = "OTHEREND_REPLY_CRLF")]
    reply_crlf: bool,

    /// Threads of the load, each with its share of the clients.
    #[arg(long, value_name = "N", default_value_t = 1, env = "OTHEREND_THREADS",
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,

    /// Spread the clients over all addresses of the name.
    #[arg(long, env = "OTHEREND_EVERY_ADDRESS")]
    every_address: bool,

    /// IPv4 only.
    #[arg(short = '4', long, env = "OTHEREND_IPV4", conflicts_with = "ipv6")]
    ipv4: bool,

    /// IPv6 only.
    #[arg(short = '6', long, env = "OTHEREND_IPV6")]
    ipv6: bool,

    /// Do not look up names.
    #[arg(short = 'n', long, env = "OTHEREND_NO_DNS")]
    no_dns: bool,

    /// Connect from this address of this machine.
    #[arg(short = 's', long, value_name = "IP", env = "OTHEREND_SOURCE")]
    source: Option<IpAddr>,

    /// How long connecting may take while nothing comes of it.
    #[arg(long, value_name = "TIME", default_value = "10s",
          value_parser = duration::parse, env = "OTHEREND_CONNECT_TIMEOUT")]
    connect_timeout: Duration,
}

impl LoadArgs {
    /// Where the server is.
    pub(super) fn endpoint(&self) -> Result<Endpoint, Failure> {
        let usage = |error: EndpointError| Failure::Usage(error.to_string());
        Endpoint::from_words(&self.address).map_err(usage)
    }

    /// The plan, and the first client's connection where one was needed to find the address that
    /// answers.
    pub(super) fn plan(&self, endpoint: &Endpoint) -> anyhow::Result<(Plan, Option<TcpStream>)> {
        let mut plan = Plan {
            targets: Vec::new(),
            source: self.source,
            connect_timeout: self.connect_timeout,
            clients: self.clients,
            threads: self.threads.min(self.clients),
            pace: self.pace(),
            said: self.said()?,
            heard: self.heard()?,
            times: self.times()?,
        };
        check_descriptors(&plan)?;
        if self.every_address {
            plan.targets = endpoint.resolve(self.family(), self.no_dns)?;
            return Ok((plan, None));
        }
        let stream = self.connect(endpoint)?;
        let target = stream.peer_addr();
        let gone = || format!("{endpoint} closed the first connection at once");
        plan.targets = vec![target.with_context(gone)?];
        Ok((plan, Some(stream)))
    }

    fn connect(&self, endpoint: &Endpoint) -> anyhow::Result<TcpStream> {
        let mut options = ConnectOptions::default();
        options.family = self.family();
        options.no_dns = self.no_dns;
        options.source = self.source;
        options.timeout = Some(self.connect_timeout);
        connect(endpoint, &options).map_err(|error| why::not_connected(&error, endpoint, &options))
    }

    fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Any,
        }
    }

    fn pace(&self) -> Pace {
        match self.rate {
            Some(rate) => Pace::Open {
                rate,
                at_most: self.in_flight,
            },
            None => Pace::Closed {
                in_flight: self.in_flight.unwrap_or(1),
            },
        }
    }

    fn said(&self) -> Result<Wording, Failure> {
        let end = line_end(self.crlf);
        let smallest = end.len();
        let text = self.size.checked_sub(smallest).ok_or_else(|| {
            Failure::Usage(format!(
                "--size {}: a line has at least {smallest} bytes",
                self.size
            ))
        })?;
        if self.size > LONGEST {
            let most = human::size(LONGEST as u64);
            return Err(Failure::Usage(format!("--size: a line has at most {most}")));
        }
        Ok(Wording {
            prefix: Vec::new(),
            text,
            end,
        })
    }

    fn heard(&self) -> Result<Wording, Failure> {
        Ok(Wording {
            prefix: self.prefix.as_bytes().to_vec(),
            end: line_end(self.crlf || self.reply_crlf),
            ..self.said()?
        })
    }

    fn times(&self) -> Result<Times, Failure> {
        let warm_up = self.warm_up.unwrap_or(self.seconds / 5);
        if warm_up >= self.seconds {
            let text = "--warm-up must be shorter than --seconds: nothing would be measured";
            return Err(Failure::Usage(text.to_owned()));
        }
        Ok(Times::new(self.seconds, warm_up, self.grace))
    }
}

/// The longest line in bytes.
const LONGEST: usize = 16 << 20;

fn line_end(crlf: bool) -> &'static [u8] {
    if crlf { b"\r\n" } else { b"\n" }
}

/// Every client needs a descriptor: better to say so now than to stop in the middle.
fn check_descriptors(plan: &Plan) -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if plan.descriptors() <= limit {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "{} clients need {} descriptors and the limit is {}: allow more (ulimit -n) or use fewer \
         clients",
        human::count(plan.clients.into()),
        human::count(plan.descriptors()),
        human::count(limit)
    )))
}
