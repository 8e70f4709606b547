//! `otherend connect`: be the client, at a prompt or in a pipe.

mod linger;
mod operator;
mod other_end;
mod pipe;
mod recorded;
mod view;

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;
use otherend_core::Framing;
use otherend_core::transcript::Transport;
use otherend_net::{Endpoint, connect_udp};

use crate::args::duration::Timeout;
use crate::args::exit_words::ExitWordArgs;
use crate::args::reach::ReachArgs;
use crate::args::record::RecordArgs;
use crate::args::screen::ScreenArgs;
use crate::args::{address, choice};
use crate::output::stdio;
use crate::output::{ask, why};
use crate::run::Subject;
use linger::Limits;
use other_end::Carrier;

/// How long answers over UDP may take.
const LATE_ANSWERS: Duration = Duration::from_secs(1);

/// The flags of `otherend connect`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// HOST:PORT or HOST PORT; asked for on a terminal [default: 127.0.0.1:8080].
    #[arg(value_name = "ADDRESS")]
    address: Vec<String>,

    /// Talk over UDP: each datagram is a line.
    ///
    /// Whether somebody listens shows itself at the first line, and only where the other machine
    /// says so.
    #[arg(short, long, conflicts_with_all = ["framing", "no_half_close", "retry"])]
    udp: bool,

    /// End lines with CR LF.
    ///
    /// Without it, lines typed at the prompt end as the server's do, and with LF until it has said
    /// one; what is piped, or typed with --json, --hex or --raw, is sent as it stands, with LF.
    #[arg(short = 'C', long)]
    crlf: bool,

    /// What ends a line: lf, crlf, dotnet, telnet or auto; or a frame; or raw.
    ///
    /// A frame is drawn, as '{len:u16}{body}', or has a name, as stx, mllp or modbus; see
    /// docs/framing.md. With raw nothing does: what one read brought is a message.
    ///
    /// At the prompt each line that is typed is a message. What is piped is sent as it stands, with
    /// its frames; how --json and --time show it goes by this.
    #[arg(
        long,
        hide_possible_values = true,
        value_name = "FRAMING",
        default_value_t = Framing::Auto,
        value_parser = choice::framing()
    )]
    framing: Framing,

    #[command(flatten)]
    exit_words: ExitWordArgs,

    /// After our last byte: how long to wait for the peer to close.
    ///
    /// As long as it takes, unless said otherwise; over UDP, where nobody closes, one second for late
    /// answers. A peer that goes on sending is cut off after five times as long. A server that did
    /// not close in time is told of on stderr; the exit code is 0 all the same, as many never close.
    #[arg(long, value_name = "TIME")]
    linger: Option<Timeout>,

    /// Keep the sending side open when the input has ended.
    #[arg(long)]
    no_half_close: bool,

    /// Do not keep what is typed at the prompt.
    ///
    /// It is kept in $XDG_STATE_HOME/otherend/history (~/.local/state/otherend/history), readable by
    /// its owner only, for the next time; answers to prompts for a secret, lines that look like one
    /// and lines that begin with a space are left out.
    #[arg(long)]
    no_history: bool,

    #[command(flatten)]
    reach: ReachArgs,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    screen: ScreenArgs,
}

const EXAMPLES: &str = "\
Examples:
  otherend connect                        ask where to, then talk at a prompt
  otherend connect localhost 8080         talk at a prompt
  printf 'a\\nb\\n' | otherend connect :8080
                                          two lines, both answers, done
  printf 'time?' | otherend connect -u :8080
                                          one datagram, and the answers of a second
  otherend connect -C mail.example:25     lines end with CR LF
  otherend connect :8080 --record a.talk  and write down what is said, to be played later
  otherend connect --retry 30s :8080 --json < lines.txt
                                          wait for a server that is starting";

/// Connect, then hand over to the prompt or to the pipe.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    args.record.refuse_existing()?;
    let carrier = args
        .reached()
        .inspect_err(|error| why::tell_program(error, &args.screen))?;
    if args.is_interactive() {
        return operator::talk(carrier, &args);
    }
    pipe::run(carrier, &args)
}

impl Args {
    /// How to show it, if only the environment asks for that, does not make a shown conversation of
    /// a pipe: whoever reads it counts on the peer's bytes.
    pub(crate) fn heed_sources(&mut self, matches: &ArgMatches) {
        if stdio::stdout().is_terminal() {
            return;
        }
        let written = |flag: &str| matches.value_source(flag) != Some(ValueSource::EnvVariable);
        let screen = &mut self.screen;
        screen.time = screen.time.filter(|_| written("time"));
        screen.json &= written("json");
        screen.hex &= written("hex");
        screen.raw &= written("raw");
    }

    fn endpoint(&self) -> anyhow::Result<Endpoint> {
        if self.address.is_empty() {
            return ask::endpoint("connect to which address");
        }
        Endpoint::from_words(&self.address)
            .map_err(|error| address::usage(&error, address::Transports::TcpOrUdp).into())
    }

    /// Connect; if the address was asked for, ask again while nobody answers there.
    fn reached(&self) -> anyhow::Result<Carrier> {
        let asks = self.address.is_empty() && stdio::stdin().is_terminal();
        loop {
            match self.carrier(&self.endpoint()?) {
                Err(error) if asks => writeln!(stdio::stderr(), "* {error:#}")?,
                outcome => return outcome,
            }
        }
    }

    fn carrier(&self, endpoint: &Endpoint) -> anyhow::Result<Carrier> {
        if self.udp {
            let socket = connect_udp(endpoint, &self.reach.options())?;
            return Ok(Carrier::Udp(socket));
        }
        let stream = self.reach.connect(endpoint);
        stream
            .map(Carrier::Tcp)
            .map_err(|error| why::unless_over_udp(error, endpoint))
    }

    fn transport(&self) -> Transport {
        if self.udp {
            Transport::Udp
        } else {
            Transport::Tcp
        }
    }

    /// What a recording of the conversation with `peer` is of.
    fn subject(&self, peer: SocketAddr) -> Subject {
        Subject {
            transport: self.transport(),
            framing: self.framing(),
            what: format!("otherend connect {peer}"),
        }
    }

    /// How long the peer may take after our last byte; `None`: for ever.
    fn after_input(&self) -> Option<Limits> {
        match (self.linger, self.udp) {
            (Some(asked), _) => asked.0.map(Limits::of),
            (None, true) => Some(Limits::of(LATE_ANSWERS)),
            (None, false) => None,
        }
    }

    /// Somebody sits at the terminal and can be given a prompt.
    fn is_interactive(&self) -> bool {
        let shown_otherwise = self.screen.json || self.screen.hex || self.screen.raw;
        let terminal = stdio::stdin().is_terminal() && stdio::stdout().is_terminal();
        terminal && !shown_otherwise
    }

    /// The framing of the conversation: `--crlf` is for what is said, what is heard may end anyhow.
    fn framing(&self) -> Framing {
        match &self.framing {
            Framing::Auto | Framing::Lf if self.crlf => Framing::Dotnet,
            framing => framing.clone(),
        }
    }
}
