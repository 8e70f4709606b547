//! `otherend tap`: stand between clients and a server.

mod check;
mod outlet;
mod reason;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use otherend_core::transcript::Transport;
use otherend_core::{Framing, Time};
use otherend_diagnose::listeners::Protocol;
use otherend_net::endpoint::{EndpointError, Listen};
use otherend_net::tap::{Fault, FaultError, Tap, TapConfig};
use otherend_net::{ConnectError, Endpoint, raise_descriptor_limit};

use crate::args::door::DoorArgs;
use crate::args::record::RecordArgs;
use crate::args::route::RouteArgs;
use crate::args::screen::ScreenArgs;
use crate::args::talk::FilledArgs;
use crate::args::{address, choice, listening};
use crate::exit::Failure;
use crate::output::screen::{Look, Remark, Screen};
use crate::output::time::TimeStyle;
use crate::output::why;
use crate::run::{Run, Subject};
use check::Check;
use outlet::Outlet;
use reason::Reason;
use watch::{ScreenWatcher, Show};

/// The flags of `otherend tap`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "otherend tap [OPTIONS] LISTEN TARGET",
    after_help = EXAMPLES
)]
pub(crate) struct Args {
    /// Where clients connect, and where they are passed on to.
    ///
    /// Each is HOST:PORT, HOST PORT, :PORT or PORT.
    #[arg(value_name = "LISTEN TARGET", num_args = 1..=4, required = true)]
    addresses: Vec<String>,

    /// Listen on all interfaces, IPv4 and IPv6: others can connect.
    #[arg(long)]
    any: bool,

    /// Check both ends against this transcript: who broke it first, and where.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,

    #[command(flatten)]
    filled: FilledArgs,

    /// What ends a line: lf, crlf, dotnet, telnet or auto; or a frame; or raw.
    ///
    /// A frame is drawn, as '{len:u16}{body}', or has a name, as stx, mllp or modbus; see
    /// docs/framing.md. Messages are shown, recorded and meet faults as a whole; what passes is
    /// never changed by it. Here auto is lf, and negotiations of telnet are shown as bytes.
    #[arg(
        long,
        hide_possible_values = true,
        value_name = "FRAMING",
        default_value_t = Framing::Lf,
        value_parser = choice::framing()
    )]
    framing: Framing,

    /// Make a fault, as in 'after S: 250 {{_:text=}} cut'; repeatable.
    ///
    /// WHEN is `on` (the line itself meets it) or `after` (what follows does), with a number for
    /// the Nth line that fits, then `C:` or `S:` and the line as in a transcript (`C#` or `S#` and
    /// hex); or `on connect` and `C:` or `S:`. WHAT is cut, delay TIME, drop, duplicate, split
    /// (TIME), garble, wrong-eol, wrong-length, wrong-sum, no-end, extra-byte, half-close, reset,
    /// stall (TIME) or rate SIZE; a (TIME) may be left out. With --framing lines are messages.
    #[arg(long, value_name = "WHEN WHAT", value_parser = fault)]
    fault: Vec<Arc<Fault>>,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    route: RouteArgs,

    #[command(flatten)]
    door: DoorArgs,

    #[command(flatten)]
    screen: ScreenArgs,
}

const EXAMPLES: &str = "\
Examples:
  otherend tap 2525 mail.example:25       see what your mail program says
  otherend tap 6380 6379 --time delta     redis, and how long each answer takes
  otherend tap 2525 mail.example:25 --record mail.talk
                                          and write it down, to be played later
  otherend tap 2525 mail.example:25 --check mail.talk
                                          is it still said as it was?
  otherend tap 2525 mail.example:25 --fault 'after 2 S: 250 {{_:text=}} cut'
                                          what does the client do then?
  otherend tap --hex 4433 example.org:443 bytes; TLS passes untouched
  otherend tap --any 9000 10.0.0.7:9000 --json > seen.jsonl
                                          for other machines too, for programs";

const WITHOUT_CHECK: &str = "--max-filled is for a transcript: add --check FILE";

/// Pass on until a signal says otherwise.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    raise_descriptor_limit();
    let (listen, target) = args.endpoints()?;
    let check = args.check()?;
    let framing = args.framing(check.as_ref());
    for fault in &args.fault {
        let suits = fault.suits(framing.drawing());
        suits.map_err(|error| Failure::Usage(format!("--fault '{fault}': {error}")))?;
    }
    let places: Vec<Listen> = listen.iter().map(|at| (*at).into()).collect();
    let tap = Tap::bind(&places, target.clone(), args.config(&framing))
        .map_err(|error| why::not_listening(error, Protocol::Tcp))
        .inspect_err(|error| why::tell_program(error, &args.screen))?;
    // Told before the first client: each connection would connect to the tap again, until no
    // descriptor is left.
    if let Some(own) = tap.own_target() {
        return Err(Failure::Usage(format!("the target {}", ConnectError::Itself(own))).into());
    }
    let tap = tap.with_faults(args.fault.iter().cloned());
    let zero = tap.zero();
    let subject = Subject {
        transport: Transport::Tcp,
        framing: framing.clone(),
        what: format!("otherend tap {} {target}", tap.addresses()[0]),
    };
    let run = Run::begin(args.look(), zero, &args.record, &subject)?;
    let outlet = Outlet {
        screen: run.screen.clone(),
        recording: run.recording.clone(),
        shown_when_recorded: args.record.is_before_showing(),
    };
    let tap = tap.watched_by(Arc::new(ScreenWatcher {
        outlet,
        framing,
        show: args.show(),
        reason: Reason::new(target.clone(), args.route.options()),
        check: check.clone(),
    }));
    run.announce(tap.handle(), &listen, tap.addresses(), Protocol::Tcp)?;
    args.remark(
        &run.screen,
        Time::ZERO,
        &Remark::Target { address: &target },
    );
    run.serve(
        || Ok(tap.serve()),
        |screen, now, report| {
            // A test that waits for a fault and passes without it has shown nothing.
            for fault in args.fault.iter().filter(|fault| !fault.was_met()) {
                args.remark(screen, now, &Remark::FaultNeverMet { fault });
            }
            args.remark(screen, now, &Remark::TapStopped(report));
            check.map_or(Ok(()), |check| check.conclude(screen, zero))
        },
    )
}

impl Args {
    /// The referee, if there is one.
    fn check(&self) -> Result<Option<Check>, Failure> {
        let Some(path) = &self.check else {
            return match self.filled.is_empty() {
                true => Ok(None),
                false => Err(Failure::Usage(WITHOUT_CHECK.to_owned())),
            };
        };
        Check::open(path, self.filled.limits()).map(Some)
    }

    /// Where to listen, and the target.
    fn endpoints(&self) -> anyhow::Result<(Vec<SocketAddr>, Endpoint)> {
        let endpoints =
            Endpoint::list_from_words(&self.addresses).map_err(|error| no_addresses(&error))?;
        let [listen, target] = &endpoints[..] else {
            let text = match &endpoints[..] {
                [_] => format!(
                    "where should it be passed on to? otherend tap {} HOST:PORT",
                    self.addresses.join(" ")
                ),
                _ => "tap takes two addresses: where to listen, and where to pass on to".to_owned(),
            };
            return Err(Failure::Usage(text).into());
        };
        if target.port() == 0 {
            let text = format!("{target} is no target: a target has a port that is not 0");
            return Err(Failure::Usage(text).into());
        }
        let family = self.route.family.family();
        let listen = listening::addresses(std::slice::from_ref(listen), self.any, family)?;
        Ok((listen, target.clone()))
    }

    /// What messages stand in; a transcript that both ends are checked against says it, too.
    fn framing(&self, check: Option<&Check>) -> Framing {
        match (&self.framing, check) {
            (Framing::Lf, Some(check)) if check.framing.drawing().is_some() => {
                check.framing.clone()
            }
            // A tap answers nothing: what ends a line is not learned, no negotiation is taken out.
            (Framing::Auto, _) => Framing::Lf,
            (Framing::Telnet, _) => Framing::Dotnet,
            (framing, _) => framing.clone(),
        }
    }

    fn config(&self, framing: &Framing) -> TapConfig {
        let mut config = TapConfig::default();
        config.connect = self.route.options();
        config.framing = framing.drawing().cloned();
        config.watcher_descriptors = self.record.descriptors_per_client();
        self.door.apply_to_tap(&mut config);
        config
    }

    fn look(&self) -> Look {
        self.screen.look(true, TimeStyle::Clock)
    }

    fn remark(&self, screen: &Screen, now: Time, remark: &Remark<'_>) {
        if !self.screen.quiet {
            screen.remark(now, 0, remark);
        }
    }

    fn show(&self) -> Show {
        match (self.screen.quiet, self.screen.verbose) {
            (true, _) => Show::Trouble,
            (false, 0) => Show::Lines,
            (false, _) => Show::Everything,
        }
    }
}

/// Here a number before a host is where to listen, and the target lacks its port.
fn no_addresses(error: &EndpointError) -> Failure {
    match error {
        EndpointError::PortFirst { port, host } => Failure::Usage(format!(
            "the target `{host}` has no port: add one, as in otherend tap {port} {host} 25"
        )),
        error => address::usage(error, address::Transports::Tcp),
    }
}

fn fault(text: &str) -> Result<Arc<Fault>, FaultError> {
    text.parse().map(Arc::new)
}
