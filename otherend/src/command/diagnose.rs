//! `otherend diagnose`: why does it not connect, or why can it not be listened on?

use std::time::Duration;

use otherend_diagnose::{CauseKind, Options, Verdict};
use otherend_net::Endpoint;

use crate::args::family::FamilyArgs;
use crate::args::{address, duration};
use crate::exit::Failure;
use crate::output::diagnosis::Display;

/// The flags of `otherend diagnose`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// HOST:PORT, HOST PORT, :PORT or PORT [default: 127.0.0.1:8080].
    #[arg(value_name = "ADDRESS", num_args = 0..=2)]
    address: Vec<String>,

    /// Say whether it can be listened on here, and by whom it is taken.
    #[arg(long, conflicts_with_all = ["tls", "say", "expect"])]
    listen: bool,

    /// Say a TLS hello and see whether the server speaks TLS.
    #[arg(long, conflicts_with_all = ["say", "expect"])]
    tls: bool,

    /// Say this line once connected.
    #[arg(long, value_name = "LINE")]
    say: Option<String>,

    /// The reply must contain this text, else the exit code is 3.
    #[arg(long, value_name = "TEXT")]
    expect: Option<String>,

    /// The server is `otherend serve`: hear what it sees of this connection.
    #[arg(long, conflicts_with = "listen")]
    two_ended: bool,

    /// How long connecting may take, everything together.
    #[arg(short = 'w', long = "wait", value_name = "TIME", default_value = "10s",
          value_parser = duration::parse)]
    timeout: Duration,

    /// Print JSON Lines for programs instead of text for people.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    family: FamilyArgs,

    /// Do not look up names.
    #[arg(short = 'n', long)]
    no_dns: bool,
}

const EXAMPLES: &str = "\
Examples:
  otherend diagnose 192.168.1.65:8080     why does it not connect?
  otherend diagnose server.lan 8080 --say HELLO --expect 200
  otherend diagnose --tls example.org:443
  otherend diagnose --listen :80          may I listen there, and who does?
  otherend diagnose --two-ended 192.168.1.65:8080
                                          with otherend serve there: what arrives?

What it may do: connect to the address and to other ports of the same machine, ask the configured
name servers, send one echo request, say what --say says. A TLS hello is said with --tls, and on a
second connection to a server that says nothing. On machines outside private networks no port near a
refused one is tried.";

/// Diagnose, showing each step as it is known.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let endpoint = Endpoint::from_words(&args.address)
        .map_err(|error| address::usage(&error, address::Transports::TcpOrTls))?;
    let mut display = Display::new(args.json);
    let options = args.options();
    let listening = args.listen;
    let verdict = if listening {
        display.title(&format!("can {endpoint} be listened on?"));
        let found = otherend_diagnose::listen_with_progress(&endpoint, &options, |progress| {
            display.progress(progress)
        });
        display.verdict(&found.verdict, &found.evidence)?;
        found.verdict
    } else {
        display.title(&format!("diagnosing {endpoint}"));
        let found = otherend_diagnose::connect_with_progress(&endpoint, &options, |progress| {
            display.progress(progress)
        });
        display.verdict(&found.verdict, &found.evidence)?;
        found.verdict
    };
    outcome(&verdict)
}

/// The exit code: what was said but not as expected is a mismatch, all else that fails is network
/// trouble.
fn outcome(verdict: &Verdict) -> anyhow::Result<()> {
    if verdict.works {
        return Ok(());
    }
    let code = match verdict.kinds().first() {
        Some(CauseKind::ReplyDiffers) => 3,
        _ => 1,
    };
    Err(Failure::Shown(code).into())
}

impl Args {
    fn options(&self) -> Options {
        Options {
            deadline: self.timeout,
            family: self.family.family(),
            no_dns: self.no_dns,
            tls: self.tls,
            say: self.say.clone(),
            expect: self.expect.clone(),
            two_ended: self.two_ended,
            ..Options::default()
        }
    }
}
