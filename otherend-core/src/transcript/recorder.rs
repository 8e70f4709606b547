//! From what goes over a connection to the lines of a transcript, as they come (usually: a
//! capture).
//!
//! The recorder makes text; whoever holds the file appends it. Secrets are masked before there is
//! any text, and seals ([`seal`](super::seal)) vouch for what was written.

mod auth;
mod encode;
mod frames;
mod known;
mod lines;
mod mask;
mod names;
mod side;

use std::collections::BTreeMap;
use std::time::Duration;

pub use auth::asks_for_secret;
pub use mask::Masks;

use super::Closing;
use super::model::{Act, Item, Transport};
use crate::{Drawing, LineEnd, Role, Time};
use known::KnownSecrets;
use lines::Lines;
use names::SecretNames;
use side::{Connection, Side};

/// A shorter time than this is not noted.
const NOTABLE: Duration = Duration::from_millis(10);

/// The shortest time there is in a transcript: it stands between pieces that came apart on purpose.
const SHORTEST: Duration = Duration::from_millis(1);

/// An unfinished line that is older than this when it goes on is written as a piece of its own.
const UNHURRIED: Duration = Duration::from_millis(50);

/// An unfinished line that is longer than this is written in pieces.
const LONGEST: usize = 64 * 1024;

/// Makes the text of a recording, line by line.
///
/// Tell it what happens in the order of happening; [`take`](Self::take) gives the whole lines that
/// are ready to be appended. A line is made when it is complete, when the other side speaks, when
/// its side stops, or at [`cut`](Self::cut).
///
/// ```
/// use otherend_core::transcript::{Closing, Masks, Recorder};
/// use otherend_core::{Role, Time};
///
/// let now = Time::ZERO;
/// let mut recorder = Recorder::new(Masks::usual(), "by an example");
/// recorder.said(now, 1, Role::Client, b"USER bob\r\nPASS hunter2\r\n");
/// recorder.stopped(now, 1, Role::Server, Closing::Reset);
/// recorder.end();
/// assert_eq!(recorder.take(), "\
/// otherend talk 1
/// ##= recorded by an example
/// eol      crlf
///
/// C: USER bob
/// C: PASS {{secret:text=****}}
/// S! reset
/// ##= end b0ba8e9e
/// ");
/// ```
#[derive(Debug)]
pub struct Recorder {
    masks: Masks,
    known: KnownSecrets,
    names: SecretNames,
    remark: String,
    transport: Transport,
    /// What messages stand in, where they are no lines.
    framing: Option<Drawing>,
    /// That secrets are looked for in text only was said.
    told_hex: bool,
    /// Decided by the first line that ends.
    eol: Option<LineEnd>,
    /// Steps from before that, each with its time.
    early: Vec<(Time, Item)>,
    /// How many bytes were said in them.
    early_bytes: usize,
    ready: String,
    /// The lines made.
    lines: Lines,
    /// Those of them that are in the file.
    written: Lines,
    /// Up to when time is noted; `None` before the first step.
    noted: Option<Time>,
    connections: BTreeMap<u16, Connection>,
}

impl Recorder {
    /// A recording with these masks; `remark` stands on its second line.
    #[must_use]
    pub fn new(masks: Masks, remark: &str) -> Self {
        Recorder {
            masks,
            known: KnownSecrets::default(),
            names: SecretNames::default(),
            remark: crate::escaped(remark.as_bytes()),
            transport: Transport::Tcp,
            framing: None,
            told_hex: false,
            eol: None,
            early: Vec::new(),
            early_bytes: 0,
            ready: String::new(),
            lines: Lines::default(),
            written: Lines::default(),
            noted: None,
            connections: BTreeMap::new(),
        }
    }

    /// A recording of datagrams: each is a step.
    #[must_use]
    pub fn over_udp(mut self) -> Self {
        self.transport = Transport::Udp;
        self
    }

    // ---- in

    /// A connection opened; they are numbered from 1 in the order of opening.
    pub fn opened(&mut self, now: Time, connection: u16) {
        self.connections.entry(connection).or_default();
        self.step(now, connection, Role::Client, Act::Connect);
    }

    /// `who` said `bytes`; over UDP they are one datagram.
    pub fn said(&mut self, now: Time, connection: u16, who: Role, bytes: &[u8]) {
        self.connections.entry(connection).or_default();
        if self.framing.is_some() {
            self.write_stop(connection, who.other(), Closing::HalfClose);
            return self.said_in_frames(now, connection, who, bytes);
        }
        // One side speaking ends the other's turn: its prompt `login: `, which no LF will end, is
        // written now, or it would stand below the answer to it. And an end that had finished is
        // spoken to, so what it did was a half-close.
        self.write_held(connection, who.other());
        self.write_stop(connection, who.other(), Closing::HalfClose);
        if self.transport == Transport::Udp {
            return self.write(now, connection, who, bytes);
        }
        let side = self.side(connection, who);
        // Half a line, and two seconds later its rest, is somebody typing or a server at work: two
        // pieces with a time between them, which can be played as it was. Half a line and at once
        // its rest is only how TCP cut it, and the same line however it was cut.
        if !side.held.is_empty() && now.since(side.since) >= UNHURRIED {
            self.write_held(connection, who);
        }
        let side = self.side(connection, who);
        if side.held.is_empty() {
            side.since = now;
        }
        side.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut side.held);
        for line in held.split_inclusive(|b| *b == b'\n') {
            if line.ends_with(b"\n") || line.len() > LONGEST {
                self.write(now, connection, who, line);
                self.side(connection, who).since = now;
            } else {
                self.side(connection, who).held = line.to_vec();
            }
        }
    }

    /// `who` stopped: what a half-close is and what a close is shows when the other side speaks on
    /// or stops too.
    pub fn stopped(&mut self, now: Time, connection: u16, who: Role, how: Closing) {
        self.connections.entry(connection).or_default();
        self.write_held(connection, who.other());
        self.finish(connection, who);
        if std::mem::replace(&mut self.side(connection, who).stopped, true) {
            return;
        }
        // A FIN does not say whether its sender still listens. What follows does:
        //
        //     FIN of the client, the server speaks on    C! half-close
        //     FIN of the client, FIN of the server       C! close; the second needs no line
        //     a half-close that has shown, then a FIN    S! close
        //     RST of either                              S! reset
        let also = self.side(connection, who.other());
        let (unclear, stopped) = (also.unclear_stop.is_some(), also.stopped);
        if how == Closing::Reset {
            self.write_stop(connection, who.other(), Closing::HalfClose);
            self.step(now, connection, who, Act::Close(Closing::Reset));
        } else if unclear {
            // Closing is what the first did; the second follows, which needs no line.
            self.write_stop(connection, who.other(), Closing::Close);
        } else if stopped {
            self.step(now, connection, who, Act::Close(Closing::Close));
        } else {
            self.side(connection, who).unclear_stop = Some(now);
        }
    }

    /// A remark of whoever records, as a comment between the lines.
    pub fn comment(&mut self, now: Time, text: &str) {
        let text = crate::escaped(text.as_bytes());
        self.item(now, Item::Comment(format!(" {text}")));
    }

    /// Write unfinished lines of a connection as pieces, so that all that was said on it so far is
    /// there.
    pub fn cut(&mut self, connection: u16) {
        for who in Role::BOTH {
            self.write_held(connection, who);
        }
        self.write_early();
    }

    /// What `who` says next was parted on purpose from what it said: the time between them is
    /// noted however short it was, so that they come apart again with the times kept.
    pub fn part(&mut self, connection: u16, who: Role) {
        self.cut(connection);
        self.side(connection, who).parted = true;
    }

    /// Write the unfinished lines of all connections as pieces: they have waited long enough.
    pub fn cut_all(&mut self) {
        let connections: Vec<u16> = self.connections.keys().copied().collect();
        for connection in connections {
            for who in Role::BOTH {
                self.write_held(connection, who);
            }
        }
    }

    /// Do not wait any longer for a line to show how the file's lines end.
    pub fn decide(&mut self) {
        self.write_early();
    }

    /// Something was said, and how lines end has not shown: nothing is written yet.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.eol.is_none() && !self.early.is_empty()
    }

    /// A line has begun, and what came of it is not written.
    #[must_use]
    pub fn is_mid_line(&self) -> bool {
        let holds = |side: &Side| side.held.len() > side.frames.begun;
        self.connections
            .values()
            .any(|connection| connection.sides.iter().any(holds))
    }

    /// Vouch for all lines so far, if there are any that no seal vouches for.
    pub fn seal(&mut self) {
        if std::mem::take(&mut self.lines.unsealed) {
            let seal = self.lines.check.seal();
            self.line(&seal);
            self.lines.unsealed = false;
        }
    }

    /// The recording is complete.
    pub fn end(&mut self) {
        let connections: Vec<u16> = self.connections.keys().copied().collect();
        for connection in &connections {
            for who in Role::BOTH {
                self.finish(*connection, who);
            }
        }
        for connection in connections {
            for who in Role::BOTH {
                self.write_stop(connection, who, Closing::Close);
            }
        }
        self.write_early();
        let end = self.lines.check.end();
        self.line(&end);
    }

    /// All lines that were made have been taken, and are in the file.
    pub fn written(&mut self) {
        self.written = self.lines;
    }

    // ---- out

    /// The last words of a recording that must end here, for the place behind the last lines that
    /// were [`written`](Self::written): a seal for those, and a mark that says why. Whatever else was
    /// made is given up.
    pub fn break_off(&mut self, why: &str) -> String {
        // Lines that were made may never have reached the file, and a seal over them would make all
        // of it look damaged: go back to what is known to be there.
        self.lines = self.written;
        self.ready.clear();
        self.write_head();
        self.seal();
        let mark = format!(
            " the recording ends early: {}",
            crate::escaped(why.as_bytes())
        );
        self.line(&Item::Comment(mark));
        self.take()
    }

    /// The whole lines that are ready, each given once.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.ready)
    }

    // ---- inside

    fn side(&mut self, connection: u16, who: Role) -> &mut Side {
        &mut self.connections.entry(connection).or_default().sides[who.index()]
    }

    /// Write an unfinished line as a piece, with the time at which it began.
    fn write_held(&mut self, connection: u16, who: Role) {
        if self.framing.is_some() {
            return self.write_begun(connection, who);
        }
        let state = self.side(connection, who);
        let (held, since) = (std::mem::take(&mut state.held), state.since);
        if !held.is_empty() {
            self.write(since, connection, who, &held);
        }
    }

    /// Write how a side stopped, if that was unclear until now, with the time at which it did.
    fn write_stop(&mut self, connection: u16, who: Role, how: Closing) {
        if let Some(at) = self.side(connection, who).unclear_stop.take() {
            self.step(at, connection, who, Act::Close(how));
        }
    }
}
