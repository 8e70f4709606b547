//! The load: the flags, and the plan made of them.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use otherend_core::Echo;
use otherend_net::{ConnectOptions, Endpoint};

use crate::args::reach::ReachArgs;
use crate::args::{address, duration, size};
use crate::bench::payload::LineFormat;
use crate::bench::{Pace, Plan, Times};
use crate::exit::Failure;
use crate::output::human;
use crate::system::process::descriptor_limit;

/// What to send where.
#[derive(Debug, clap::Args)]
pub(super) struct LoadArgs {
    /// HOST:PORT, HOST PORT, :PORT or PORT [default: 127.0.0.1:8080].
    #[arg(value_name = "ADDRESS", num_args = 0..=2)]
    address: Vec<String>,

    /// Connections at a time.
    #[arg(long, value_name = "N", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    clients: u32,

    /// Unanswered lines of each client [default: 1, with --rate no limit].
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    in_flight: Option<u32>,

    /// Open loop: lines a second in all, due whatever was answered.
    #[arg(long, value_name = "LINES",
          value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    rate: Option<u64>,

    /// Bytes of a line, its end included.
    #[arg(long, value_name = "SIZE", default_value = "32", value_parser = size::parse)]
    size: usize,

    /// How long to say lines.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    seconds: Duration,

    /// How much of that does not count [default: a fifth].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    warm_up: Option<Duration>,

    /// How long to wait for the last replies.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration::parse)]
    grace: Duration,

    /// What stands before an echoed line; empty makes it a plain echo.
    #[arg(long, value_name = "TEXT", default_value = Echo::PREFIX)]
    prefix: String,

    /// End lines with CR LF.
    ///
    /// Replies are expected to end so too.
    #[arg(long, short = 'C')]
    crlf: bool,

    /// What replies end with [default: what the lines end with].
    #[arg(long, value_enum, value_name = "END")]
    reply_end: Option<ReplyEnd>,

    /// Threads of the load, each with its share of the clients.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: u32,

    /// Spread the clients over all addresses of the name.
    #[arg(long)]
    every_address: bool,

    #[command(flatten)]
    reach: ReachArgs,
}

/// What replies end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReplyEnd {
    /// Line feed.
    Lf,
    /// Carriage return and line feed.
    Crlf,
}

impl LoadArgs {
    /// Where the server is.
    pub(super) fn endpoint(&self) -> Result<Endpoint, Failure> {
        Endpoint::from_words(&self.address)
            .map_err(|error| address::usage(&error, address::Transports::Tcp))
    }

    /// Connections at a time.
    pub(super) fn clients(&self) -> u32 {
        self.clients
    }

    /// How to connect.
    pub(super) fn options(&self) -> ConnectOptions {
        self.reach.options()
    }

    /// The plan, and the first client's connection where one was needed to find the address that
    /// answers.
    pub(super) fn plan(&self, endpoint: &Endpoint) -> anyhow::Result<(Plan, Option<TcpStream>)> {
        let options = self.reach.options();
        let mut plan = Plan {
            targets: Vec::new(),
            source: options.source,
            connect_timeout: options.timeout,
            clients: self.clients,
            // A thread without a client would idle, and make the load look less busy than it is.
            threads: self.threads.min(self.clients),
            pace: self.pace(),
            said: self.said()?,
            heard: self.heard()?,
            times: self.times()?,
        };
        check_descriptors(&plan)?;
        if self.every_address {
            plan.targets = endpoint.resolve(options.family, options.no_dns)?;
            return Ok((plan, None));
        }
        // A name may have several addresses, of which one answers. The first client finds that by
        // racing them; the others go straight there, or each would measure the race.
        let stream = self.reach.connect(endpoint)?;
        let target = stream.peer_addr();
        let gone = || format!("{endpoint} closed the first connection at once");
        plan.targets = vec![target.with_context(gone)?];
        Ok((plan, Some(stream)))
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

    fn said(&self) -> Result<LineFormat, Failure> {
        let end = line_end(self.crlf);
        let smallest = end.len();
        let text = self.size.checked_sub(smallest).ok_or_else(|| {
            Failure::Usage(format!(
                "--size {}: a line has at least {}",
                self.size,
                human::plural(smallest as u64, "byte")
            ))
        })?;
        if self.size > LONGEST {
            let most = human::size(LONGEST as u64);
            return Err(Failure::Usage(format!("--size: a line has at most {most}")));
        }
        Ok(LineFormat {
            prefix: Vec::new(),
            text,
            end,
        })
    }

    fn heard(&self) -> Result<LineFormat, Failure> {
        Ok(LineFormat {
            prefix: self.prefix.as_bytes().to_vec(),
            end: line_end(
                self.reply_end
                    .map_or(self.crlf, |end| end == ReplyEnd::Crlf),
            ),
            ..self.said()?
        })
    }

    pub(super) fn times(&self) -> Result<Times, Failure> {
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
    let limit = descriptor_limit();
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
