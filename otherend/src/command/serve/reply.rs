//! What the server answers: the flags and the behaviour made of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;
use otherend_core::transcript::Transport;
use otherend_core::{Echo, ExitWords, Framing, Handler, Sink};
use otherend_net::Peer;

use super::watch::Talk;
use crate::args::exit_words::ExitWordArgs;
use crate::args::talk::PlayArgs;
use crate::exit::Failure;
use crate::talk::served::{How, Served};

/// What to answer.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Replies")]
pub(super) struct ReplyArgs {
    /// What to answer to a line.
    #[arg(long, value_enum, value_name = "REPLY", default_value = "echo")]
    reply: Reply,

    /// What stands before an echoed line; empty makes it a plain echo.
    ///
    /// With `--udp` beyond loopback the echo is plain.
    #[arg(long, value_name = "TEXT", default_value = Echo::PREFIX)]
    prefix: String,

    #[command(flatten)]
    exit_words: ExitWordArgs,

    /// Play this transcript instead, every client from its start.
    ///
    /// Its script is heard in its order. A mock that answers in any order has rules: `on C: PING` and below it `S: PONG`; see
    /// docs/transcript.md. If a client says a line that nothing in the file fits, the exit code is 3.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["reply", "prefix", "framing", "exit_word", "no_exit_word"]
    )]
    talk: Option<PathBuf>,

    /// With --talk: close at the first line that nothing in the file fits.
    #[arg(long, requires = "talk")]
    strict: bool,

    #[command(flatten)]
    play: PlayArgs,
}

const NO_PREFIX: &str = "beyond loopback no answer over UDP may be longer than its question, because \
    the question may have come from somebody else: leave --prefix out, or listen on 127.0.0.1";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reply {
    /// The line itself, behind the prefix.
    Echo,
    /// Every byte as it came, at once: the echo of RFC 862.
    Bytes,
    /// Nothing at all.
    Sink,
}

const BYTES_ALONE: &str =
    "--reply bytes says every byte back as it came, and looks for no line in them: leave ";

impl ReplyArgs {
    /// What means nothing where no line is looked for is refused.
    pub(super) fn check(&self, framing: &Framing) -> Result<(), Failure> {
        let idle = match self.reply {
            Reply::Bytes if !["", Echo::PREFIX].contains(&&self.prefix[..]) => "--prefix",
            Reply::Bytes if self.exit_words.is_asked_for() => "--exit-word",
            Reply::Bytes if !matches!(framing, Framing::Auto | Framing::Raw) => "--framing",
            _ => return Ok(()),
        };
        Err(Failure::Usage(format!("{BYTES_ALONE}{idle} out")))
    }

    /// The transcript to serve, if there is one.
    pub(super) fn served(
        &self,
        transport: Transport,
        one_at_a_time: bool,
    ) -> Result<Option<Arc<Served>>, Failure> {
        if self.talk.is_none() && !self.play.is_empty() {
            let without = "--set, --timing and --max-filled are for transcripts: add --talk FILE";
            return Err(Failure::Usage(without.to_owned()));
        }
        let Some(path) = self.talk.clone() else {
            return Ok(None);
        };
        let how = How {
            play: self.play.clone(),
            strict: self.strict,
            transport,
            one_at_a_time,
        };
        Ok(Some(Arc::new(Served::open(path, how)?)))
    }

    /// What to show of the transcript that is served.
    pub(super) fn talk(&self, served: &Served) -> Talk {
        Talk {
            file: served.name(),
            strict: self.strict,
            advised: AtomicBool::new(false),
        }
    }

    /// Makes the handler for each peer. Where it `amplifies`, longer answers than questions could
    /// be turned against others, so an echo has no prefix.
    pub(super) fn make_handler(
        &self,
        served: Option<Arc<Served>>,
        amplifies: bool,
    ) -> Result<impl Fn(&Peer) -> Handler + Send + Sync + use<>, Failure> {
        let prefix = match (&self.prefix[..], amplifies) {
            _ if self.reply == Reply::Bytes => "",
            // The default prefix was not asked for and goes silently; one that was asked for is
            // refused, with the reason.
            ("" | Echo::PREFIX, true) => "",
            (_, true) => return Err(Failure::Usage(NO_PREFIX.to_owned())),
            (prefix, false) => prefix,
        };
        let reply = self.reply;
        let echo = Echo::new(prefix.as_bytes());
        Ok(move |peer: &Peer| match (&served, reply) {
            (Some(served), _) => served.handler(peer),
            // Of bytes under `Framing::Raw`, or of a datagram, it is every byte as it came.
            (None, Reply::Echo | Reply::Bytes) => echo.clone().into(),
            (None, Reply::Sink) => Sink.into(),
        })
    }

    /// The lines that end a conversation; in a transcript every line is a line.
    pub(super) fn exit_words(&self) -> ExitWords {
        match &self.talk {
            Some(_) => ExitWords::none(),
            None if self.reply == Reply::Bytes => ExitWords::none(),
            None => self.exit_words.exit_words(),
        }
    }

    /// What ends a message: nothing does in bytes that go back as they came.
    pub(super) fn framing(&self, asked: &Framing) -> Framing {
        match self.reply {
            Reply::Bytes => Framing::Raw,
            Reply::Echo | Reply::Sink => asked.clone(),
        }
    }
}
