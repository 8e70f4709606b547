//! `otherend connect`: be the client, at a prompt or in a pipe.

mod linger;
mod operator;
mod pipe;
mod recorded;
mod view;

use std::io::{self, IsTerminal};

use otherend_core::Framing;
use otherend_net::Endpoint;

use crate::args::duration::Timeout;
use crate::args::exit_words::ExitWordArgs;
use crate::args::reach::ReachArgs;
use crate::args::record::RecordArgs;
use crate::args::screen::ScreenArgs;
use crate::exit::Failure;
use crate::output::ask;

/// The flags of `otherend connect`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// HOST:PORT or HOST PORT; asked for on a terminal [default: 127.0.0.1:8080].
    #[arg(value_name = "ADDRESS")]
    address: Vec<String>,

    /// End lines with CR LF.
    #[arg(short = 'C', long)]
    crlf: bool,

    /// What ends a line: auto, lf, crlf, dotnet or telnet.
    #[arg(long, value_name = "FRAMING", default_value_t = Framing::Auto)]
    framing: Framing,

    #[command(flatten)]
    exit_words: ExitWordArgs,

    /// After our last byte: how long to wait for the peer to close.
    ///
    /// A peer that goes on sending is cut off after five times as long.
    #[arg(long, value_name = "TIME", default_value = "none")]
    linger: Timeout,

    /// Keep the sending side open when the input has ended.
    #[arg(long)]
    no_half_close: bool,

    #[command(flatten)]
    reach: ReachArgs,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    screen: ScreenArgs,

    /// Show bytes in hex, as hexdump -C does.
    #[arg(long, help_heading = "Screen", conflicts_with = "json")]
    hex: bool,
}

const EXAMPLES: &str = "\
Examples:
  otherend connect                        ask where to, then talk at a prompt
  otherend connect localhost 8080         talk at a prompt
  printf 'a\\nb\\n' | otherend connect :8080
                                          two lines, both answers, done
  otherend connect -C mail.example:25     lines end with CR LF
  otherend connect :8080 --record a.talk  and write down what is said, to be played later
  otherend connect --retry 30s :8080 --json < lines.txt
                                          wait for a server that is starting";

/// Connect, then hand over to the prompt or to the pipe.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    args.record.refuse_existing()?;
    let endpoint = args.endpoint()?;
    let stream = args.reach.connect(&endpoint)?;
    if args.is_interactive() {
        return operator::talk(stream, &args);
    }
    pipe::run(stream, &args)
}

impl Args {
    fn endpoint(&self) -> anyhow::Result<Endpoint> {
        if self.address.is_empty() {
            return ask::endpoint("connect to which address");
        }
        Endpoint::from_words(&self.address)
            .map_err(|error| Failure::Usage(error.to_string()).into())
    }

    /// Somebody sits at the terminal and can be given a prompt.
    fn is_interactive(&self) -> bool {
        let shown_otherwise = self.screen.json || self.hex || self.screen.raw;
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        terminal && !shown_otherwise
    }

    /// The framing of the conversation: `--crlf` is for what is said, what is heard may end anyhow.
    fn framing(&self) -> Framing {
        match self.framing {
            Framing::Auto | Framing::Lf if self.crlf => Framing::Dotnet,
            framing => framing,
        }
    }
}
