//! Connect without a prompt: stdin goes to the server, the server's bytes go to stdout.
//!
//! Three threads: this one reads the server, another one reads stdin, the third notices when nobody
//! reads stdout any more. Bytes pass untouched (but for `--crlf`) and are written as they come;
//! nothing is kept back.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use otherend_core::transcript::{Closing, Transport};
use otherend_core::{EndReason, Event, Loss, Role};

use super::Args;
use super::linger::{Limits, Linger};
use super::recorded::Recorded;
use super::view::View;
use crate::exit::Failure;
use crate::exit::file::stdout_unwritable;
use crate::output::screen::Remark;
use crate::output::stdio;
use crate::output::style::Mark;
use crate::output::why;

const CHUNK: usize = 64 * 1024;

/// Carry bytes both ways until the server closes, or its time to do so is up.
pub(super) fn run(stream: TcpStream, args: &Args) -> anyhow::Result<()> {
    stream.set_nonblocking(false)?;
    let peer = stream.peer_addr()?;
    let pipe = Arc::new(Pipe {
        stream,
        peer,
        crlf: args.crlf,
        half_close: !args.no_half_close,
        quiet: args.screen.quiet,
        after_input: args.after_input(),
        view: Mutex::new(View::new(args)),
        linger: Linger::new(),
        state: Mutex::default(),
        let_go: Condvar::new(),
        recorded: Arc::new(Recorded::start(&args.record, Transport::Tcp, peer)?),
    });
    Recorded::end_on_signals(&pipe.recorded)?;
    pipe.recorded.see(&Event::Opened);
    if args.screen.verbose > 0 {
        let _ = writeln!(stdio::stderr(), "* connected to {peer}");
        Recorded::tell(args.record.begun());
    }
    let connected = format!("connected to {peer}");
    pipe.remark(&Remark::note("connected", &connected))
        .map_err(|trouble| trouble.into_error("showing"))?;
    let watching = Arc::clone(&pipe);
    thread::Builder::new()
        .name("stdout".into())
        .spawn(move || watching.watch_stdout())?;
    let sending = Arc::clone(&pipe);
    thread::Builder::new()
        .name("stdin".into())
        .spawn(move || sending.send_all())?;
    let outcome = pipe.receive_all();
    let over = pipe.finish(outcome, args.screen.verbose > 0);
    let recorded = pipe.recorded.finish();
    if recorded.is_ok() && args.screen.verbose > 0 {
        Recorded::tell(args.record.done());
    }
    over.and(recorded)
}

struct Pipe {
    stream: TcpStream,
    peer: SocketAddr,
    crlf: bool,
    half_close: bool,
    /// Nothing is said that did not go wrong.
    quiet: bool,
    /// How long the peer may take to close after the end of stdin.
    after_input: Option<Limits>,
    view: Mutex<View>,
    linger: Linger,
    state: Mutex<State>,
    /// Nothing is in hand any more.
    let_go: Condvar,
    recorded: Arc<Recorded>,
}

#[derive(Default)]
struct State {
    /// The time to close was up.
    lingered: bool,
    /// The connection has not taken all of the input that was read.
    in_hand: bool,
    /// What went wrong with our own input.
    failed: Option<Trouble>,
}

/// What went wrong, and with whom.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The peer broke the connection.
    Peer(io::Error),
    /// Our own stdin could not be read.
    Input(io::Error),
    /// Our own stdout could not be written.
    Output(io::Error),
}

impl Trouble {
    fn is_ours(&self) -> bool {
        !matches!(self, Trouble::Peer(_))
    }

    /// What it makes of the conversation.
    pub(super) fn reason(&self) -> EndReason {
        let Trouble::Peer(error) = self else {
            return EndReason::ClosedHere;
        };
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => EndReason::PeerReset,
            io::ErrorKind::ConnectionRefused => EndReason::Refused,
            _ => EndReason::Unreachable,
        }
    }

    pub(super) fn into_error(self, doing: &'static str) -> anyhow::Error {
        match self {
            // As text: an error of the socket must not be taken for one of stdout.
            Trouble::Peer(error) => anyhow::anyhow!("{doing}: {}", broken(&error)),
            Trouble::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => error.into(),
            Trouble::Output(error) => stdout_unwritable(&error).into(),
            Trouble::Input(error) => Failure::Usage(format!("reading stdin: {error}")).into(),
        }
    }
}

impl Pipe {
    /// Read the server to its end.
    fn receive_all(&self) -> Result<(), Trouble> {
        let mut chunk = vec![0; CHUNK];
        loop {
            let count = read(&self.stream, &mut chunk).map_err(Trouble::Peer)?;
            if count == 0 {
                return Ok(());
            }
            self.linger.heard();
            self.recorded.said(Role::Server, &chunk[..count]);
            self.show(Mark::ToClient, &chunk[..count])?;
        }
    }

    /// Read stdin to its end, half-close, and give the server its time to close.
    fn send_all(&self) {
        if let Err(trouble) = self.send_input() {
            return self.fail(trouble);
        }
        if self.half_close {
            self.recorded.see(&Event::Stopped {
                how: Closing::HalfClose,
            });
            // A connection that is gone is noticed by the reader.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
        if self
            .after_input
            .is_some_and(|limits| self.linger.is_up(limits))
        {
            self.state().lingered = true;
            // Wakes the reader.
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }

    /// A silent server is not waited for where nobody would read what it says.
    fn watch_stdout(&self) {
        if stdio::stdout().wait_until_unread().is_ok() {
            self.fail(Trouble::Output(io::ErrorKind::BrokenPipe.into()));
        }
    }

    /// What a server said before it left is still read; without stdin or stdout there is nothing
    /// left to do, and the reader is woken.
    fn fail(&self, trouble: Trouble) {
        let ours = trouble.is_ours();
        let mut state = self.state();
        state.in_hand = false;
        state.failed.get_or_insert(trouble);
        drop(state);
        self.let_go.notify_all();
        if ours {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }

    fn send_input(&self) -> Result<(), Trouble> {
        let mut chunk = vec![0; CHUNK];
        let mut ends = LineEnds::default();
        loop {
            let count = read(stdio::stdin(), &mut chunk).map_err(Trouble::Input)?;
            if count == 0 {
                return self.show_with(|view, out| view.finish(out, Mark::ToServer));
            }
            let bytes = if self.crlf {
                ends.with_cr(&chunk[..count])
            } else {
                &chunk[..count]
            };
            // Before it is sent: the answer must be neither recorded nor shown first.
            self.recorded.said(Role::Client, bytes);
            self.show(Mark::ToServer, bytes)?;
            self.state().in_hand = true;
            (&self.stream).write_all(bytes).map_err(Trouble::Peer)?;
            self.state().in_hand = false;
            self.let_go.notify_all();
        }
    }

    fn finish(&self, outcome: Result<(), Trouble>, verbose: bool) -> anyhow::Result<()> {
        self.linger.over();
        let unread = outcome.is_ok() && has_more_input();
        let (lingered, mut failed) = self.settled();
        match &outcome {
            // Whatever else: it is us who left, as the end tells.
            _ if failed.as_ref().is_some_and(Trouble::is_ours) => {}
            Err(Trouble::Peer(_)) => self.recorded.see(&Event::Lost(Loss::Reset)),
            Ok(()) if !lingered => self.recorded.see(&Event::Finished { from: Role::Server }),
            _ => {}
        }
        if let Some(trouble) = failed.take_if(|trouble| trouble.is_ours()) {
            return Err(trouble.into_error("sending"));
        }
        self.show_with(|view, out| view.finish(out, Mark::ToClient))
            .map_err(|trouble| trouble.into_error("showing"))?;
        let (reason, said) = ending(&outcome, lingered);
        let wrong = lingered && !self.quiet;
        if verbose || wrong {
            let _ = writeln!(stdio::stderr(), "* {said}");
        }
        self.remark(&Remark::Ended { reason, text: said })
            .map_err(|trouble| trouble.into_error("showing"))?;
        if lingered {
            return Ok(());
        }
        outcome.map_err(|trouble| self.explained(trouble))?;
        match failed {
            Some(trouble) => Err(trouble.into_error("not everything was sent")),
            None if unread => Err(anyhow::anyhow!(
                "not everything was sent: the peer closed before"
            )),
            None => Ok(()),
        }
    }

    /// What became of our own input, now that the peer has gone: was its time up, and what failed?
    fn settled(&self) -> (bool, Option<Trouble>) {
        // Nobody takes what is still in hand: whoever waits for that is woken.
        let _ = self.stream.shutdown(Shutdown::Both);
        let state = self.let_go.wait_while(self.state(), |state| state.in_hand);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        (state.lingered, state.failed.take())
    }

    /// The peer can no longer be heard.
    fn explained(&self, trouble: Trouble) -> anyhow::Error {
        match trouble {
            Trouble::Peer(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                anyhow::Error::msg(why::reset(self.peer))
            }
            trouble => trouble.into_error("hearing the peer"),
        }
    }

    fn show(&self, from: Mark, bytes: &[u8]) -> Result<(), Trouble> {
        self.show_with(|view, out| view.show(out, from, bytes))
    }

    fn remark(&self, remark: &Remark<'_>) -> Result<(), Trouble> {
        self.show_with(|view, out| view.remark(out, remark))
    }

    fn show_with(&self, append: impl FnOnce(&mut View, &mut Vec<u8>)) -> Result<(), Trouble> {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = Vec::new();
        append(&mut view, &mut text);
        if text.is_empty() {
            return Ok(());
        }
        let mut stdout = stdio::stdout();
        let written = stdout.write_all(&text).and_then(|()| stdout.flush());
        written.map_err(Trouble::Output)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Stdin holds bytes that were not read.
fn has_more_input() -> bool {
    rustix::io::ioctl_fionread(stdio::stdin()).is_ok_and(|bytes| bytes > 0)
}

/// How it ended: for programs and for people.
fn ending(outcome: &Result<(), Trouble>, lingered: bool) -> (EndReason, &'static str) {
    match outcome {
        _ if lingered => (
            EndReason::ClosedHere,
            "the peer did not close in time: closed here",
        ),
        Ok(()) => (EndReason::PeerFinished, "the peer closed"),
        Err(trouble) => (trouble.reason(), "the connection broke"),
    }
}

/// What an error of the connection means.
fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionReset => "the peer reset the connection".to_owned(),
        io::ErrorKind::BrokenPipe => "the peer has closed already".to_owned(),
        io::ErrorKind::TimedOut => "the peer can no longer be reached".to_owned(),
        _ => error.to_string(),
    }
}

/// Read once, whatever signals come.
fn read(mut from: impl Read, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Puts a CR before each LF that has none, however the text is cut.
#[derive(Debug, Default)]
pub(super) struct LineEnds {
    after_cr: bool,
    changed: Vec<u8>,
}

impl LineEnds {
    pub(super) fn with_cr(&mut self, bytes: &[u8]) -> &[u8] {
        self.changed.clear();
        for byte in bytes {
            if *byte == b'\n' && !self.after_cr {
                self.changed.push(b'\r');
            }
            self.after_cr = *byte == b'\r';
            self.changed.push(*byte);
        }
        &self.changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_feed_gets_one_carriage_return() {
        let mut ends = LineEnds::default();
        assert_eq!(ends.with_cr(b"a\nb\r\nc\r"), b"a\r\nb\r\nc\r");
        assert_eq!(ends.with_cr(b"\n\n"), b"\n\r\n");
    }
}
