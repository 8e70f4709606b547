//! `otherend talk shrink`: the smallest conversation at which a server still differs.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgGroup;
use indicatif::ProgressBar;
use otherend_core::transcript::{Item, Outcome, Shrunk, Transcript, shrink};
use otherend_net::Endpoint;
use otherend_net::play::{PlayError, PlayOptions, play};

use crate::args::duration;
use crate::args::route::RouteArgs;
use crate::args::talk::SetArgs;
use crate::exit::Failure;
use crate::output::human::plural;
use crate::output::stdio;
use crate::output::why;
use crate::talk::files::{self, File};
use crate::talk::server_command::ServerCommand;

/// The flags of `otherend talk shrink`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("server").args(["against", "server_command"]).required(true))]
#[command(after_long_help = "\
Examples:
  otherend talk shrink long.talk --against :8080 > short.talk
  otherend talk shrink long.talk --server-command './server --port {port}'

The transcript is played again and again with ever more left out, and what makes the server
differ at the same line in the same way stays. A server that remembers the conversation before
has to be started anew for each: --server-command does that.")]
pub(crate) struct Args {
    /// A transcript that does not pass; `-` is standard input.
    file: PathBuf,

    /// The server that differs.
    #[arg(long, value_name = "ADDRESS")]
    against: Option<Endpoint>,

    /// Start this server for the test; `{port}` in it becomes a free port.
    #[arg(long, value_name = "COMMAND")]
    server_command: Option<String>,

    #[command(flatten)]
    set: SetArgs,

    /// How long to wait for what must be heard [default: as the file says].
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,

    #[command(flatten)]
    route: RouteArgs,
}

/// Shrink the file and print what is left.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let file = files::read(&args.file, args.set.limits())?;
    // A name that is not there, or a value that does not fit, is told once and now.
    args.set.plan(&args.file, file.transcript.clone())?;
    let mut client = Client::new(args);
    let shrunk = shrink(&file.transcript, |part| client.play(part));
    // Before anything is said, whatever came of it: the bar's last line would stand in the middle.
    client.seen.finish_and_clear();
    match shrunk? {
        Shrunk::Passed => {
            let text = format!("{}: it passes, there is nothing to shrink", file.name);
            Err(Failure::Usage(text).into())
        }
        Shrunk::Unsteady(mismatch) => {
            files::remark(mismatch.render(&file.name).trim_end());
            Err(Failure::Mismatch(unsteady(args, &file)).into())
        }
        Shrunk::Smallest {
            transcript,
            mismatch,
        } => {
            stdio::stdout().write_all(transcript.to_string().as_bytes())?;
            let (before, after) = (steps(&file.transcript), steps(&transcript));
            files::remark(&format!(
                "{} of {} left after {}; the last differed so:\n{}",
                after,
                plural(before, "step"),
                plural(client.conversations, "conversation"),
                mismatch.without_past().render("shrunk").trim_end()
            ));
            Ok(())
        }
    }
}

fn unsteady(args: &Args, file: &File) -> String {
    let name = &file.name;
    match args.server_command {
        Some(_) => format!("{name}: it differs in another way each time"),
        None => format!(
            "{name}: it differs in another way the second time; \
            --server-command starts the server anew for each conversation"
        ),
    }
}

fn steps(transcript: &Transcript) -> u64 {
    let items = transcript.items().iter();
    items.filter(|item| matches!(item, Item::Step(_))).count() as u64
}

/// Plays one part after the other.
struct Client<'a> {
    args: &'a Args,
    options: PlayOptions,
    conversations: u64,
    seen: ProgressBar,
}

impl<'a> Client<'a> {
    fn new(args: &'a Args) -> Self {
        let mut options = PlayOptions::default();
        options.connect = args.route.options();
        options.timeout = args.timeout;
        Client {
            args,
            options,
            conversations: 0,
            seen: match stdio::stderr().is_terminal() {
                true => ProgressBar::new_spinner(),
                false => ProgressBar::hidden(),
            },
        }
    }

    fn play(&mut self, part: &Transcript) -> anyhow::Result<Outcome> {
        let plan = self.args.set.plan_part(part);
        self.conversations += 1;
        let left = plural(steps(part), "step");
        let message = format!("conversation {}: {left}", self.conversations);
        self.seen.set_message(message);
        self.seen.tick();
        let command = self.args.server_command.as_deref();
        let server = command.map(|command| ServerCommand::start(command, &[plan.transport()]));
        let server = server.transpose()?;
        let endpoint = match (&server, &self.args.against) {
            (Some(server), _) => server.address().into(),
            (None, against) => against.clone().unwrap_or(Endpoint::DEFAULT),
        };
        play(Arc::new(plan), &endpoint, &self.options).map_err(|error| match error {
            PlayError::Connect(error) => {
                why::not_connected(&error, &endpoint, &self.options.connect)
            }
            other => other.into(),
        })
    }
}
