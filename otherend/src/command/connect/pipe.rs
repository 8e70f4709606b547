//! Connect without a prompt: stdin goes to the server, what the server says goes to stdout.
//!
//! Four threads: one carries the conversation, one reads stdin, one notices when nobody reads stdout
//! any more, and this one writes stdout. Bytes pass untouched (but for `--crlf`), and over UDP each
//! line of stdin is a datagram. Each direction holds back, and neither holds the other up.

mod input;
mod passing;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use otherend_core::EndReason;
use otherend_net::{Client, Voice};

use super::Args;
use super::other_end::Carrier;
use super::recorded::Recorded;
use crate::exit::Failure;
use crate::exit::file::stdout_unwritable;
use crate::output::human::plural;
use crate::output::screen::Remark;
use crate::output::stdio;
use crate::output::style::Mark;
use crate::output::why;
use input::Input;
use passing::{Ends, Passing, Watching};

/// What becomes of the conversation, in the order in which it happens.
enum News {
    /// This is to be shown.
    Show(Vec<u8>),
    /// It is over.
    Over(EndReason),
    /// It cannot go on.
    Failed(Trouble),
}

/// What went wrong at our end.
#[derive(Debug)]
enum Trouble {
    /// The system does not take what is to be sent.
    Sending(io::Error),
    /// Our own stdin could not be read.
    Input(io::Error),
    /// Our own stdout could not be written.
    Output(io::Error),
}

impl From<Trouble> for anyhow::Error {
    fn from(trouble: Trouble) -> anyhow::Error {
        match trouble {
            // As text: an error of the socket must not be taken for one of stdout.
            Trouble::Sending(error) => anyhow::anyhow!("talking over UDP: {error}"),
            Trouble::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => error.into(),
            Trouble::Output(error) => stdout_unwritable(&error).into(),
            Trouble::Input(error) => Failure::Usage(format!("reading stdin: {error}")).into(),
        }
    }
}

/// Carry bytes both ways until the server closes, or its time to do so is up.
pub(super) fn run(carrier: Carrier, args: &Args) -> anyhow::Result<()> {
    let peer = carrier.peer_address()?;
    let recorded = Arc::new(Recorded::start(&args.record, &args.subject(peer))?);
    Recorded::end_on_signals(&recorded)?;
    let (passing, news) = Passing::new(args, Arc::clone(&recorded));
    let talk = Talk {
        args,
        peer,
        passing,
    };
    let (client, input) = talk.prepare(carrier)?;
    let voice = client.voice();
    let outcome = match talk.greet() {
        Ok(()) => {
            talk.start(client, input)?;
            talk.show_all(&news, &voice)
        }
        Err(trouble) => Err(trouble),
    };
    // The recording ends after the last remark and whatever became of the conversation; of two
    // troubles the conversation's is told, for it came first.
    let over = talk.finish(outcome);
    let recording = recorded.finish();
    if recording.is_ok() && talk.is_verbose() {
        Recorded::tell(args.record.done());
    }
    over.and(recording)
}

/// The conversation, as whoever writes stdout knows it.
struct Talk<'a> {
    args: &'a Args,
    peer: SocketAddr,
    passing: Arc<Passing>,
}

impl Talk<'_> {
    fn prepare(&self, carrier: Carrier) -> io::Result<(Client, Input)> {
        let (ends, source) = Ends::new(&self.passing, self.args);
        let mut settings = self.args.reach.options().settings;
        // A server that did not close in time is not given any more of it.
        settings.linger_idle = Duration::ZERO;
        let watching = Box::new(Watching(Arc::clone(&self.passing)));
        let client = carrier.handled_by(Box::new(ends), settings, watching)?;
        let input = Input::new(self.args, source, client.voice());
        Ok((client, input))
    }

    fn greet(&self) -> Result<(), Trouble> {
        let connected = match self.args.udp {
            true => format!("talking to udp {}", self.peer),
            false => format!("connected to {}", self.peer),
        };
        if self.is_verbose() {
            let _ = writeln!(stdio::stderr(), "* {connected}");
            Recorded::tell(self.args.record.begun());
        }
        if self.frames_nothing() {
            let text = "a pipe passes bytes as they are; --framing is for the prompt, --json, --time and --record";
            let _ = writeln!(stdio::stderr(), "* {text}");
        }
        self.remark(&Remark::note("connected", &connected))
    }

    /// From here on bytes pass.
    fn start(&self, mut client: Client, input: Input) -> io::Result<()> {
        let failed = |passing: Arc<Passing>| move |trouble| passing.tell(News::Failed(trouble));
        let fail = failed(Arc::clone(&self.passing));
        thread::Builder::new()
            .name("stdout".into())
            .spawn(move || {
                // `otherend connect … | head -1` with a server that is silent from then on: nothing
                // is written any more, so no write says that nobody reads. This thread waits for
                // just that.
                if stdio::stdout().wait_until_unread().is_ok() {
                    fail(Trouble::Output(io::ErrorKind::BrokenPipe.into()));
                }
            })?;
        let fail = failed(Arc::clone(&self.passing));
        thread::Builder::new().name("carry".into()).spawn(move || {
            if let Err(error) = client.carry() {
                fail(Trouble::Sending(error));
            }
        })?;
        let passing = Arc::clone(&self.passing);
        let after_input = self.args.after_input();
        let stdin = thread::Builder::new().name("stdin".into());
        stdin.spawn(move || input.hand_on_all(&passing, after_input))?;
        Ok(())
    }

    /// Show what there is to show until it is over.
    fn show_all(&self, news: &Receiver<News>, voice: &Voice) -> Result<EndReason, Trouble> {
        loop {
            // All that could tell of more has gone with the program's other threads.
            match news.recv().unwrap_or(News::Over(EndReason::ClosedHere)) {
                News::Show(text) => {
                    write(&text)?;
                    // Only once it is written: what counts as room is what stdout has taken.
                    if self.passing.shown(text) {
                        voice.go_on();
                    }
                }
                News::Over(reason) => return Ok(reason),
                News::Failed(trouble) => return Err(trouble),
            }
        }
    }

    fn finish(&self, outcome: Result<EndReason, Trouble>) -> anyhow::Result<()> {
        // Asked before anything else happens to stdin. `seq 1000000 | otherend connect …` against a
        // server that closes after a line: what the pipe still holds was not sent either, and exit
        // 0 would say that it was.
        let unread = matches!(outcome, Ok(EndReason::PeerFinished)) && stdio::stdin().holds_more();
        let reason = match outcome {
            Ok(reason) => reason,
            Err(trouble) => {
                if self.args.udp {
                    // How many datagrams went is all that a program learns of them, also when it
                    // ended badly.
                    let _ = self.tell_end(EndReason::ClosedHere);
                }
                return Err(trouble.into());
            }
        };
        for from in [Mark::ToServer, Mark::ToClient] {
            write(&self.passing.rest_of(from))?;
        }
        self.tell_end(reason)?;
        match reason {
            EndReason::ClosedHere => Ok(()),
            EndReason::PeerFinished if unread || self.passing.has_unsent() => Err(anyhow::anyhow!(
                "not everything was sent: the peer closed before"
            )),
            EndReason::PeerFinished => Ok(()),
            EndReason::PeerReset => {
                let half_closed = self.passing.is_half_closed();
                Err(anyhow::Error::msg(why::reset(self.peer, half_closed)))
            }
            EndReason::Refused => Err(why::nobody_hears(self.peer)),
            _ if self.args.udp => Err(anyhow::anyhow!("talking over UDP: {reason}")),
            _ => Err(anyhow::anyhow!("hearing the peer: {reason}")),
        }
    }

    fn tell_end(&self, reason: EndReason) -> Result<(), Trouble> {
        let late = reason == EndReason::ClosedHere && !self.args.udp;
        let said = match reason {
            _ if self.args.udp => {
                let [sent, came] = self.passing.datagrams();
                format!("{} sent, {came} came", plural(sent, "datagram"))
            }
            EndReason::ClosedHere => "the peer did not close in time: closed here".to_owned(),
            EndReason::PeerFinished => "the peer closed".to_owned(),
            _ => "the connection broke".to_owned(),
        };
        if self.is_verbose() || (late && !self.args.screen.quiet) {
            let _ = writeln!(stdio::stderr(), "* {said}");
        }
        self.remark(&Remark::Ended {
            reason,
            text: &said,
        })
    }

    fn remark(&self, remark: &Remark<'_>) -> Result<(), Trouble> {
        write(&self.passing.remark(remark))
    }

    /// A framing was asked for, and nothing here goes by it: lines that are piped get no frame, and a
    /// server that waits for one would be blamed for its silence.
    fn frames_nothing(&self) -> bool {
        let asked = !self.args.framing().is_lines();
        let used = self.passing.shows_messages() || self.args.record.begun().is_some();
        asked && !used && !self.args.screen.quiet
    }

    fn is_verbose(&self) -> bool {
        self.args.screen.verbose > 0
    }
}

fn write(text: &[u8]) -> Result<(), Trouble> {
    stdio::stdout().write_all(text).map_err(Trouble::Output)
}
