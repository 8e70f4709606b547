//! Shows a tap on the screen: who came, what both ends said, who ended it.
//!
//! Lines are found here and only here: whatever this makes of the bytes, they have passed already.

use std::sync::Arc;
use std::time::Duration;

use otherend_core::json::Scene;
use otherend_core::transcript::{Mismatch, Outcome};
use otherend_core::{
    Address, Decoded, Decoder, Event, Framing, LineEnd, Observer, Role, Time, Wants,
};
use otherend_net::recording::Scribe;
use otherend_net::tap::Judge;
use otherend_net::{Notice, Peer, Watcher};

use super::check::Check;
use super::outlet::Outlet;
use super::reason::Reason;
use crate::output::hex;
use crate::output::screen::{Batch, Happened, Remark, Said};

/// Longer lines pass and are not shown.
const MAX_LINE: usize = 64 * 1024;
/// A line that does not end within this time is shown as far as it came: it may be a prompt.
const UNFINISHED: Duration = Duration::from_millis(100);

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Show {
    /// Only what went wrong.
    Trouble,
    /// Who came, what was said, who ended it.
    Lines,
    /// Half-closes too.
    Everything,
}

/// Everybody's observer.
pub(super) struct ScreenWatcher {
    pub(super) outlet: Outlet,
    pub(super) show: Show,
    pub(super) reason: Reason,
    pub(super) check: Option<Check>,
}

impl Watcher for ScreenWatcher {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        let judged = |check: &Check| (check.referee.judge(), Arc::clone(&check.file));
        Some(Box::new(ScreenObserver {
            outlet: self.outlet.clone(),
            show: self.show,
            reason: self.reason.clone(),
            judged: self.check.as_ref().map(judged),
            number: peer.number,
            address: peer.address.clone(),
            since: Time::ZERO,
            sides: [Side::new(), Side::new()],
            batch: Batch::default(),
            scribe: self.outlet.scribe(peer.number),
            skipped: 0,
        }))
    }

    fn notice(&self, now: Time, notice: &Notice<'_>) {
        self.outlet.screen.notice(now, notice);
    }
}

/// One connection's observer.
struct ScreenObserver {
    outlet: Outlet,
    show: Show,
    reason: Reason,
    /// Who judges it, by which file.
    judged: Option<(Judge, Arc<str>)>,
    number: u64,
    address: Address,
    since: Time,
    /// Client, server.
    sides: [Side; 2],
    batch: Batch,
    scribe: Option<Scribe>,
    /// Lines not gathered because the screen is full.
    skipped: u64,
}

/// What one end has said, as far as it matters here.
struct Side {
    decoder: Decoder,
    /// When the unfinished line began.
    since: Time,
    /// How many bytes it has said.
    said: u64,
    tls: bool,
}

impl Side {
    fn new() -> Self {
        Side {
            decoder: Decoder::new(&Framing::Lf, MAX_LINE),
            since: Time::ZERO,
            said: 0,
            tls: false,
        }
    }

    /// When what came of an unfinished line is to be shown.
    fn deadline(&self) -> Option<Time> {
        self.decoder
            .is_mid_message()
            .then_some(self.since + UNFINISHED)
    }
}

impl Observer for ScreenObserver {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        if let Some(scribe) = &mut self.scribe {
            scribe.on_event(now, event);
        }
        self.show(now, event);
        self.judge(now, event);
    }

    /// Bytes: their lines are found here.
    fn wants(&self) -> Wants {
        Wants {
            messages: false,
            bytes: self.show > Show::Trouble || self.scribe.is_some() || self.judged.is_some(),
        }
    }

    fn on_pause(&mut self) {
        self.outlet.hand_on(&mut self.batch, &mut self.scribe);
        if self.skipped > 0 {
            self.outlet.screen.skip(std::mem::take(&mut self.skipped));
        }
    }

    fn deadline(&self) -> Option<Time> {
        self.sides.iter().filter_map(Side::deadline).min()
    }

    fn tick(&mut self, now: Time) {
        for from in [Role::Client, Role::Server] {
            let side = &self.sides[from.index()];
            if side.deadline().is_some_and(|due| now >= due) {
                self.finish_line(now, from);
            }
        }
    }
}

impl ScreenObserver {
    fn show(&mut self, now: Time, event: &Event<'_>) {
        // What comes before it is shown before it, even if it is no whole line.
        match *event {
            Event::Bytes { from, .. } if self.show > Show::Trouble => {
                // `login: ` has no end, and the client answers it. What it says is shown below, so
                // the prompt is over.
                self.finish_line(now, from.other());
            }
            Event::Fault { from, .. } | Event::Finished { from } => self.finish_line(now, from),
            Event::Injected { .. } | Event::Ended { .. } => {
                self.finish_line(now, Role::Client);
                self.finish_line(now, Role::Server);
            }
            _ => {}
        }
        let show = match *event {
            Event::Opened => {
                self.since = now;
                Show::Lines
            }
            Event::Connected { .. } | Event::Fault { .. } | Event::Injected { .. } => Show::Lines,
            Event::NotConnected { .. } => Show::Trouble,
            Event::Finished { .. } => Show::Everything,
            Event::Ended { reason, .. } if reason.is_orderly() => Show::Lines,
            Event::Ended { .. } => Show::Trouble,
            Event::Bytes { from, bytes } if self.show > Show::Trouble => {
                return self.bytes(now, from, bytes);
            }
            _ => return,
        };
        self.happened(now, show, event, "");
        match event {
            Event::Connected { .. } => self.reason.forget(),
            Event::NotConnected { .. } => self.reason.tell(now, self.outlet.screen.clone()),
            _ => {}
        }
    }

    fn happened(&mut self, now: Time, from: Show, event: &Event<'_>, file: &str) {
        let address = self.address.clone();
        let scene = Scene {
            peer: Some(&address),
            after: now.since(self.since),
            between: true,
            file,
        };
        let happened = Happened {
            event,
            scene,
            datagrams: false,
        };
        self.remark(now, from, &Remark::Happened(happened));
    }

    /// Let the referee see it, and show what it says.
    fn judge(&mut self, now: Time, event: &Event<'_>) {
        let Some((judge, file)) = &mut self.judged else {
            return;
        };
        let (outcome, file) = (judge.on_event(now, event), Arc::clone(file));
        match outcome {
            None => {}
            Some(Outcome::Passed) => {
                let text = format!("fits {file}");
                self.remark(now, Show::Lines, &Remark::note("fits", &text));
            }
            Some(Outcome::Failed(mismatch)) => self.broken(now, &file, &mismatch),
        }
    }

    fn broken(&mut self, now: Time, file: &str, mismatch: &Mismatch) {
        self.finish_line(now, Role::Client);
        self.finish_line(now, Role::Server);
        if self.outlet.screen.look().json {
            return self.happened(now, Show::Trouble, &Event::Unexpected(mismatch), file);
        }
        for line in mismatch.without_past().render(file).lines() {
            self.remark(now, Show::Trouble, &Remark::note("unexpected", line));
        }
    }

    fn remark(&mut self, now: Time, from: Show, remark: &Remark<'_>) {
        if self.show >= from {
            let json = self.outlet.screen.look().json;
            self.batch.remark(now, self.number, remark, json);
        }
    }

    fn bytes(&mut self, now: Time, from: Role, bytes: &[u8]) {
        let look = self.outlet.screen.look();
        let side = &mut self.sides[from.index()];
        let offset = side.said;
        side.said += bytes.len() as u64;
        // Only at the start of a line: bytes that look like a TLS record may stand in the middle of
        // anything.
        let begins_tls = !side.tls && !side.decoder.is_mid_message() && is_tls(bytes);
        side.tls |= begins_tls;
        if look.hex || (side.tls && look.json) {
            self.chunk(now, from, offset, bytes);
        } else if begins_tls {
            self.remark(now, Show::Lines, &Remark::Tls { who: from });
        } else if !self.sides[from.index()].tls {
            self.lines(now, from, bytes);
        }
    }

    /// Bytes that are shown as they came.
    fn chunk(&mut self, now: Time, from: Role, offset: u64, bytes: &[u8]) {
        if self.outlet.screen.is_full() {
            self.skipped += bytes.len().div_ceil(hex::ROW) as u64;
            return;
        }
        let entry = (now, self.number, said(from, None));
        self.batch.bytes_at(entry, offset, bytes);
        self.cut(now);
    }

    fn lines(&mut self, now: Time, from: Role, bytes: &[u8]) {
        let last_end = bytes.iter().rposition(|byte| *byte == b'\n');
        // A screen that is behind skips whole lines, and so they need not be found: counting LFs is
        // quicker than decoding, and passing on must not wait for either.
        match last_end.filter(|_| self.outlet.screen.is_full()) {
            Some(end) => self.skip_lines(now, from, bytes, end + 1),
            None => self.find_lines(now, from, bytes),
        }
    }

    /// The screen has no room: only count the lines in the first `ended` bytes. What is skipped
    /// must cost next to nothing, for it is when there is most to do.
    fn skip_lines(&mut self, now: Time, from: Role, bytes: &[u8], ended: usize) {
        let (lines, begun) = bytes.split_at(ended);
        self.skipped += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
        let side = &mut self.sides[from.index()];
        // Whatever had begun before them has ended with them.
        let _ = side.decoder.finish();
        self.find_lines(now, from, begun);
    }

    fn find_lines(&mut self, now: Time, from: Role, bytes: &[u8]) {
        let side = &mut self.sides[from.index()];
        let was_mid_line = side.decoder.is_mid_message();
        let mut found_any = false;
        let mut lines = side.decoder.feed(bytes);
        while let Some(found) = lines.next() {
            found_any = true;
            match found {
                Decoded::Message(line, end) => {
                    let said = said(from, Some(end));
                    self.batch.line(now, self.number, said, line);
                }
                _ => {
                    let remark = Remark::LineTooLong { who: Some(from) };
                    let json = self.outlet.screen.look().json;
                    self.batch.remark(now, self.number, &remark, json);
                }
            }
        }
        // The 100 ms of an unfinished line count from its first byte. A peer that sends a byte now
        // and then would put the showing off for ever.
        if found_any || !was_mid_line {
            side.since = now;
        }
    }

    /// Show what came of a line that has not ended.
    fn finish_line(&mut self, now: Time, from: Role) {
        let side = &mut self.sides[from.index()];
        if let Some(Decoded::Message(line, end)) = side.decoder.finish() {
            self.batch
                .line(now, self.number, said(from, Some(end)), line);
            self.cut(now);
        }
    }

    /// What is shown is no whole line: if it waits for the disk, it has to get there.
    fn cut(&mut self, now: Time) {
        if let Some(scribe) = self
            .scribe
            .as_mut()
            .filter(|_| self.outlet.shown_when_recorded)
        {
            scribe.cut(now);
        }
    }
}

fn said(from: Role, end: Option<LineEnd>) -> Said {
    match from {
        Role::Client => Said::Client(end),
        Role::Server => Said::Server(end),
    }
}

/// A handshake record of TLS 1.0 to 1.3 (RFC 8446 section 5.1).
fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 3, 0..=4, ..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    use crate::output::screen::{Look, Screen};
    use crate::output::time::TimeStyle;

    /// The observer of a connection, and nobody who takes what it gathers.
    fn observer() -> ScreenObserver {
        let look = Look {
            json: false,
            time: TimeStyle::None,
            numbers: true,
            raw: false,
            hex: false,
            quiet: false,
            datagrams: false,
        };
        let (screen, _) = Screen::start(look, Instant::now()).unwrap();
        let nobody: otherend_net::Endpoint = "127.0.0.1:1".parse().unwrap();
        ScreenObserver {
            outlet: Outlet {
                screen,
                recording: None,
                shown_when_recorded: false,
            },
            show: Show::Lines,
            reason: Reason::new(nobody, otherend_net::ConnectOptions::default()),
            judged: None,
            number: 1,
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 2)).into(),
            since: Time::ZERO,
            sides: [Side::new(), Side::new()],
            batch: Batch::default(),
            scribe: None,
            skipped: 0,
        }
    }

    #[test]
    fn what_the_tap_says_itself_is_shown_behind_what_was_said_before() {
        let mut observer = observer();
        let from = Role::Server;
        let bytes = b"login: ";
        observer.on_event(Time::ZERO, &Event::Bytes { from, bytes });
        let (to, bytes) = (Role::Server, b"QUIT\x1b\r\n");
        observer.on_event(Time::ZERO, &Event::Injected { to, bytes });
        let shown = observer.batch.iter();
        let shown: Vec<_> = shown
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect();
        let own = "the tap itself said to the server: QUIT\\x1b";
        assert_eq!(shown, ["login: ", own]);
    }
}
