//! Connect over UDP without a prompt: each line of stdin is a datagram, and what comes back goes to
//! stdout.
//!
//! One thread, which waits for both. Bytes pass untouched (but for `--crlf`). After the end of stdin
//! late answers are waited for as long as `--linger` says.

use std::io::{self, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otherend_core::transcript::Transport;
use otherend_core::{EndReason, Event, Role};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Args;
use super::linger::Limits;
use super::pipe::{LineEnds, Trouble};
use super::recorded::Recorded;
use super::view::View;
use crate::output::human::plural;
use crate::output::screen::Remark;
use crate::output::stdio::{self, Patient};
use crate::output::style::Mark;
use crate::output::why;

type Stdin = Patient<io::Stdin>;

/// How much of stdin is sent before answers are looked for: they wait in a socket of limited room.
const CHUNK: usize = 512;
/// The most that a datagram can hold over IPv4 (RFC 768: 65,535 with the headers).
const LONGEST: usize = 65_507;
/// Room for any datagram.
const ROOM: usize = 64 * 1024;

/// Carry datagrams both ways until stdin has ended and the time for answers is up.
pub(super) fn run(socket: UdpSocket, args: &Args) -> anyhow::Result<()> {
    let peer = socket.peer_addr()?;
    let mut datagrams = Datagrams {
        socket,
        after_input: args.after_input(),
        crlf: args.crlf.then(LineEnds::default),
        begun: Vec::new(),
        view: View::new(args),
        heard: Instant::now(),
        counts: [0; 2],
        recorded: Arc::new(Recorded::start(&args.record, Transport::Udp, peer)?),
    };
    Recorded::end_on_signals(&datagrams.recorded)?;
    datagrams.recorded.see(&Event::Opened);
    let verbose = args.screen.verbose > 0;
    if verbose {
        Recorded::tell(args.record.begun());
    }
    let carried = datagrams
        .remark(
            verbose,
            &Remark::note("connected", &format!("talking to udp {peer}")),
        )
        .and_then(|()| datagrams.carry());
    let [sent, came] = datagrams.counts;
    let recorded = datagrams.recorded.finish();
    if recorded.is_ok() && verbose {
        Recorded::tell(args.record.done());
    }
    let ended = format!("{} sent, {came} came", plural(sent, "datagram"));
    let reason = match &carried {
        Ok(()) => EndReason::ClosedHere,
        Err(trouble) => trouble.reason(),
    };
    let told = datagrams.remark(
        verbose,
        &Remark::Ended {
            reason,
            text: &ended,
        },
    );
    carried
        .and(told)
        .map_err(|trouble| into_error(trouble, peer))
        .and(recorded)
}

fn into_error(trouble: Trouble, peer: SocketAddr) -> anyhow::Error {
    match trouble {
        Trouble::Peer(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            why::nobody_hears(peer)
        }
        trouble => trouble.into_error("talking over UDP"),
    }
}

struct Datagrams {
    socket: UdpSocket,
    /// How long answers may take after the end of stdin.
    after_input: Option<Limits>,
    crlf: Option<LineEnds>,
    /// The line of stdin that has begun.
    begun: Vec<u8>,
    view: View,
    /// When something last came.
    heard: Instant,
    /// Datagrams sent and heard.
    counts: [u64; 2],
    recorded: Arc<Recorded>,
}

impl Datagrams {
    fn carry(&mut self) -> Result<(), Trouble> {
        let stdin = stdio::stdin();
        let mut ended = None;
        loop {
            let left = ended.and_then(|ended| self.left(ended));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            let input = ended.is_none().then_some(&stdin);
            let (answered, typed) = self.wait(input, left)?;
            if answered {
                self.hear_all()?;
            }
            if typed && !self.say_some(&stdin)? {
                ended = Some(Instant::now());
            }
        }
    }

    /// How much longer answers are waited for; `None`: for ever.
    fn left(&self, ended: Instant) -> Option<Duration> {
        let until = self.after_input?.until(ended, self.heard);
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Wait for datagrams and input; which of them are there?
    fn wait(
        &self,
        stdin: Option<&Stdin>,
        limit: Option<Duration>,
    ) -> Result<(bool, bool), Trouble> {
        let stdout = stdio::stdout();
        // Of stdout poll tells that its reader has gone, which it does without being asked.
        let mut fds = vec![
            PollFd::new(&self.socket, PollFlags::IN),
            PollFd::new(&stdout, PollFlags::empty()),
        ];
        fds.extend(stdin.map(|stdin| PollFd::new(stdin, PollFlags::IN)));
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        if poll(&mut fds, limit.as_ref()).is_err() {
            return Ok((false, false));
        }
        let ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        if ready(&fds[1]) {
            return Err(Trouble::Output(io::ErrorKind::BrokenPipe.into()));
        }
        Ok((ready(&fds[0]), fds.get(2).is_some_and(ready)))
    }

    /// Show every datagram that is there.
    fn hear_all(&mut self) -> Result<(), Trouble> {
        let mut input = vec![0; ROOM];
        loop {
            match self.socket.recv(&mut input) {
                Ok(length) => {
                    self.heard = Instant::now();
                    self.counts[1] += 1;
                    self.recorded.said(Role::Server, &input[..length]);
                    self.show(Mark::ToClient, &input[..length])?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Trouble::Peer(error)),
            }
        }
    }

    /// Send the lines of the next piece of stdin; `false`: it has ended.
    fn say_some(&mut self, stdin: &Stdin) -> Result<bool, Trouble> {
        // Not through the buffer of `Stdin`: what is in there does not show in `poll`.
        let mut chunk = [0; CHUNK];
        let count = match rustix::io::read(stdin.as_fd(), &mut chunk) {
            Ok(count) => count,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(true),
            Err(error) => return Err(Trouble::Input(error.into())),
        };
        match &mut self.crlf {
            Some(ends) => self.begun.extend_from_slice(ends.with_cr(&chunk[..count])),
            None => self.begun.extend_from_slice(&chunk[..count]),
        }
        let begun = std::mem::take(&mut self.begun);
        for line in begun.split_inclusive(|byte| *byte == b'\n') {
            if count == 0 || line.ends_with(b"\n") {
                self.say(line)?;
            } else {
                self.begun = line.to_vec();
            }
        }
        match self.begun.len() {
            0..=LONGEST => Ok(count > 0),
            length => Err(too_long(length)),
        }
    }

    fn say(&mut self, datagram: &[u8]) -> Result<(), Trouble> {
        self.recorded.said(Role::Client, datagram);
        loop {
            match self.socket.send(datagram) {
                Ok(_) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_for_room(),
                Err(_) if datagram.len() > LONGEST => return Err(too_long(datagram.len())),
                Err(error) => return Err(Trouble::Peer(error)),
            }
        }
        self.counts[0] += 1;
        self.show(Mark::ToServer, datagram)
    }

    fn wait_for_room(&self) {
        let mut fds = [PollFd::new(&self.socket, PollFlags::OUT)];
        // Interrupted, it is tried again all the same.
        let _ = poll(&mut fds, None);
    }

    fn show(&mut self, from: Mark, datagram: &[u8]) -> Result<(), Trouble> {
        let mut text = Vec::new();
        self.view.show_datagram(&mut text, from, datagram);
        write(&text)
    }

    fn remark(&mut self, verbose: bool, remark: &Remark<'_>) -> Result<(), Trouble> {
        if verbose {
            let _ = writeln!(stdio::stderr(), "* {remark}");
        }
        let mut shown = Vec::new();
        self.view.remark(&mut shown, remark);
        write(&shown)
    }
}

fn write(text: &[u8]) -> Result<(), Trouble> {
    if text.is_empty() {
        return Ok(());
    }
    let mut stdout = stdio::stdout();
    let written = stdout.write_all(text).and_then(|()| stdout.flush());
    written.map_err(Trouble::Output)
}

fn too_long(length: usize) -> Trouble {
    let text = format!("a line of {length} bytes or more, and a datagram holds {LONGEST}");
    Trouble::Input(io::Error::new(io::ErrorKind::InvalidInput, text))
}
