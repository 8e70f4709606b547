//! `otherend serve`: be the server.

mod listen;
mod misfits;
mod other_end;
mod recorded;
mod reply;
mod talk;
mod unfinished;
mod waiting;
mod watch;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::value_parser;
use otherend_core::{Address, ExitWords, Framing, transcript};
use otherend_diagnose::listeners::Protocol;
use otherend_net::endpoint::Listen;
use otherend_net::{Endpoint, Engine, Server, ServerConfig, Watcher, raise_descriptor_limit};

use crate::args::choice;
use crate::args::limits::LimitArgs;
use crate::args::record::RecordArgs;
use crate::args::screen::ScreenArgs;
use crate::exit::Failure;
use crate::output::screen::{Remark, Screen};
use crate::output::stdio;
use crate::output::time::TimeStyle;
use crate::output::why;
use crate::run::{Run, Subject};
use crate::talk::served::Served;
use listen::ListenArgs;
use reply::ReplyArgs;
use watch::{ScreenWatcher, WatchConfig};

/// The flags of `otherend serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    listen: ListenArgs,

    /// Talk over UDP: each datagram is a line.
    ///
    /// Each address that sends some is a client. Clients with a port under 1024 get no answer, and nobody beyond this machine gets more bytes
    /// than it has sent.
    #[arg(
        short,
        long,
        conflicts_with_all = [
            "engine", "workers", "framing", "keepalive", "line_timeout", "max_output",
            "max_output_in_all", "write_timeout", "linger"
        ]
    )]
    udp: bool,

    /// What serves: one client at a time, a thread each, or all on all cores.
    #[arg(long, value_name = "ENGINE", default_value_t, value_parser = choice::engine())]
    engine: Engine,

    /// Worker threads of the async engine [default: one a core].
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,

    /// What ends a line: lf, crlf, dotnet, telnet or auto; or a frame; or raw.
    ///
    /// A frame is drawn, as '{len:u16}{body}', or has a name, as stx, mllp or modbus; see
    /// docs/framing.md. With raw nothing does: what one read brought is a message.
    #[arg(
        long,
        hide_possible_values = true,
        value_name = "FRAMING",
        default_value_t = Framing::Auto,
        value_parser = choice::framing()
    )]
    framing: Framing,

    #[command(flatten)]
    reply: ReplyArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    screen: ScreenArgs,
}

const EXAMPLES: &str = "\
Examples:
  otherend serve                          echo lines on 127.0.0.1:8080
  otherend serve --any 9000               for everybody who can reach this machine
  otherend serve --engine single          one client at a time, the others wait
  otherend serve --reply bytes :7         the echo of RFC 862: every byte as it came
  otherend serve --talk smtp-mock.talk    a mock server, from a transcript; for one
                                          that answers in any order, write rules:
                                          docs/transcript.md
  otherend serve --talk smtp-mock.talk --record heard/
                                          and what each client did with it
  otherend serve --udp 9000               echo datagrams
  otherend serve --reply sink --json      hear everything, say nothing, log as JSON";

/// Serve until a signal says otherwise.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    raise_descriptor_limit();
    args.reply.check(&args.framing)?;
    let one_at_a_time = args.engine == Engine::Single;
    let served = args.reply.served(args.transport(), one_at_a_time)?;
    let (server, addresses) = args
        .bound(served.as_ref())
        .inspect_err(|error| why::tell_program(error, &args.screen))?;
    let mut shown = args.screen.look(true, TimeStyle::Clock);
    shown.datagrams = args.udp;
    let subject = Subject {
        transport: args.transport(),
        framing: args.framing(served.as_ref()),
        what: format!("otherend serve {}", server.addresses()[0]),
    };
    let run = Run::begin(shown, server.zero(), &args.record, &subject)?;
    let config = WatchConfig {
        quiet: args.screen.quiet,
        verbose: args.screen.verbose > 0,
        talk: served.as_deref().map(|served| args.reply.talk(served)),
        recording: run
            .recording
            .clone()
            .map(|to| (to, args.record.is_before_showing())),
    };
    let server = args.watched(server, &run.screen, config)?;
    if let Some(served) = &served {
        talk::follow(served, server.handle(), &run.screen)?;
    }
    run.announce(
        server.handle(),
        &addresses,
        server.addresses(),
        args.protocol(),
    )?;
    run.serve(
        || server.serve(),
        |screen, now, report| {
            if !args.screen.quiet {
                screen.remark(now, 0, &Remark::Stopped(report));
            }
            served.map_or(Ok(()), |served| {
                if !args.screen.quiet {
                    talk::tell_unreached(&served, now, screen, report);
                }
                talk::verdict(&served)
            })
        },
    )
}

impl Args {
    /// Show and record what happens at the server, and show what happens on the way to it.
    fn watched(
        &self,
        server: Server,
        screen: &Screen,
        config: WatchConfig,
    ) -> std::io::Result<Server> {
        let quiet = config.quiet;
        let watch = Arc::new(ScreenWatcher::new(screen.clone(), config));
        let server = server.watched_by(Arc::clone(&watch) as Arc<dyn Watcher>);
        if self.udp {
            return Ok(server);
        }
        // Two that diagnose together do so over a connection; an answer to a datagram is the
        // behaviour's alone.
        watch.answers_through(server.handle());
        if !quiet {
            let addresses = server.addresses().iter();
            let addresses: Vec<SocketAddr> = addresses.filter_map(Address::inet).collect();
            let ports = addresses.iter().map(SocketAddr::port);
            unfinished::watch(ports.collect(), server.handle(), screen.clone())?;
            if self.engine == Engine::Single {
                waiting::watch(addresses, server.handle(), screen.clone())?;
            }
        }
        Ok(server)
    }

    fn listen_at(&self, address: SocketAddr) -> Listen {
        match self.udp {
            true => Listen::Datagrams(address),
            false => address.into(),
        }
    }

    /// Listen; if the address was asked for, ask again while it is none of this machine's, or taken.
    fn bound(&self, served: Option<&Arc<Served>>) -> anyhow::Result<(Server, Vec<SocketAddr>)> {
        let mistaken =
            |error: &anyhow::Error| matches!(error.downcast_ref(), Some(Failure::Usage(_)));
        loop {
            let endpoints = self.listen.endpoints()?;
            match self.bound_to(&endpoints, served) {
                // Asked again where another address helps, as with one that is taken. A flag that
                // is wrong stays wrong.
                Err(error) if self.listen.asks() && !mistaken(&error) => {
                    writeln!(stdio::stderr(), "* {error:#}")?;
                }
                outcome => return outcome,
            }
        }
    }

    fn bound_to(
        &self,
        endpoints: &[Endpoint],
        served: Option<&Arc<Served>>,
    ) -> anyhow::Result<(Server, Vec<SocketAddr>)> {
        let addresses = self.listen.addresses(endpoints)?;
        let amplifies = self.udp && addresses.iter().any(|address| !address.ip().is_loopback());
        let make_handler = self.reply.make_handler(served.cloned(), amplifies)?;
        let places: Vec<Listen> = addresses.iter().map(|at| self.listen_at(*at)).collect();
        let server = Server::bind(&places, self.config(served)?, make_handler)
            .map_err(|error| why::not_listening(error, self.protocol()))?;
        Ok((server, addresses))
    }

    fn config(&self, served: Option<&Arc<Served>>) -> Result<ServerConfig, Failure> {
        let mut config = ServerConfig::default();
        self.limits.apply(&mut config, self.framing(served));
        config.settings.exit_words = self.exit_words();
        config.engine = self.engine;
        config.workers = self.workers.map(usize::from);
        config.watcher_descriptors = self.record.descriptors_per_client();
        let idle = match config.engine {
            Engine::Single if config.max_clients.is_some() => "--max-clients",
            Engine::Single | Engine::Threads if config.workers.is_some() => "--workers",
            _ => return Ok(config),
        };
        let engine = config.engine;
        let text = format!("{idle} means nothing to --engine {engine}: leave one of the two out");
        Err(Failure::Usage(text))
    }

    /// What a message is: a transcript says that itself.
    fn framing(&self, served: Option<&Arc<Served>>) -> Framing {
        match served {
            Some(served) => served.framing(),
            None => self.reply.framing(&self.framing),
        }
    }

    fn transport(&self) -> transcript::Transport {
        match self.udp {
            true => transcript::Transport::Udp,
            false => transcript::Transport::Tcp,
        }
    }

    fn protocol(&self) -> Protocol {
        match self.udp {
            true => Protocol::Udp,
            false => Protocol::Tcp,
        }
    }

    fn exit_words(&self) -> ExitWords {
        self.reply.exit_words()
    }
}
