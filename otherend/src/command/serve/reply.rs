//! What the server answers: the flags and the behaviour made of them.

use clap::ValueEnum;
use otherend_core::{AnyBehaviour, Echo, ExitWords, Sink};
use otherend_net::Peer;

use crate::args::exit_words::ExitWordArgs;

/// What to answer.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Replies")]
pub(super) struct ReplyArgs {
    /// What to answer to a line.
    #[arg(
        long,
        value_enum,
        value_name = "REPLY",
        default_value = "echo",
        env = "OTHEREND_REPLY"
    )]
    reply: Reply,

    /// What stands before an echoed line; empty makes it a plain echo.
    #[arg(long, value_name = "TEXT", default_value = Echo::PREFIX, env = "OTHEREND_PREFIX")]
    prefix: String,

    #[command(flatten)]
    exit_words: ExitWordArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reply {
    /// The line itself, behind the prefix.
    Echo,
    /// Nothing at all.
    Sink,
}

impl ReplyArgs {
    /// Makes the behaviour for each peer.
    pub(super) fn behaviour(&self) -> impl Fn(&Peer) -> AnyBehaviour + Send + Sync + use<> {
        let reply = self.reply;
        let echo = Echo::new(self.prefix.as_bytes());
        move |_peer| match reply {
            Reply::Echo => AnyBehaviour::Echo(echo.clone()),
            Reply::Sink => AnyBehaviour::Sink(Sink),
        }
    }

    /// The lines that end a conversation.
    pub(super) fn exit_words(&self) -> ExitWords {
        self.exit_words.exit_words()
    }
}
