//! Shows a tap on the screen: who came, what both ends said, who ended it.
//!
//! Lines and messages are found here and only here: whatever this makes of the bytes, they have
//! passed already.

mod side;

use std::sync::Arc;

use otherend_core::json::Scene;
use otherend_core::transcript::{Mismatch, Outcome};
use otherend_core::{Address, Decoded, Event, Framing, LineEnd, Observer, Role, Time, Wants};
use otherend_net::recording::Scribe;
use otherend_net::tap::Judge;
use otherend_net::{Notice, Peer, Watcher};

use side::Side;

use super::check::Check;
use super::outlet::Outlet;
use super::reason::Reason;
use crate::output::hex;
use crate::output::screen::{Batch, Happened, Remark, Said};

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
    /// What ends a line, or what messages stand in.
    pub(super) framing: Framing,
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
            sides: [Side::new(&self.framing), Side::new(&self.framing)],
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
                self.finish_line(now, from, false);
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
                self.finish_line(now, from.other(), false);
            }
            Event::Fault { from, .. } => self.finish_line(now, from, false),
            Event::Finished { from } => self.finish_line(now, from, true),
            Event::Injected { .. } => self.finish_lines(now, false),
            Event::Ended { .. } => self.finish_lines(now, true),
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
        self.finish_lines(now, false);
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
        let is_plain = !side.tls && !side.is_framed;
        let begins_tls = is_plain && !side.decoder.is_mid_message() && is_tls(bytes);
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
        // Frames are found all the same: who loses one cannot find the next.
        let skips = self.outlet.screen.is_full() && !self.sides[from.index()].is_framed;
        match last_end.filter(|_| skips) {
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
        let json = self.outlet.screen.look().json;
        let mut found_any = false;
        let mut lines = side.decoder.feed(bytes);
        while let Some(found) = lines.next() {
            found_any = true;
            gather(&mut self.batch, (now, self.number, from), json, found);
        }
        side.heard = now;
        let is_lost = !side.is_lost && side.decoder.is_over();
        side.is_lost |= is_lost;
        // The 100 ms of an unfinished line count from its first byte. A peer that sends a byte now
        // and then would put the showing off for ever.
        if found_any || !was_mid_line {
            side.since = now;
        }
        if is_lost {
            let text = format!(
                "the messages of the {from} cannot be told apart from here on: they pass and are \
                 not shown (--hex shows them)"
            );
            self.remark(now, Show::Lines, &Remark::note("messages-lost", &text));
        }
    }

    fn finish_lines(&mut self, now: Time, is_over: bool) {
        for from in Role::BOTH {
            self.finish_line(now, from, is_over);
        }
    }

    /// Show what came of a line that has not ended. `is_over`: nothing more comes of it.
    fn finish_line(&mut self, now: Time, from: Role, is_over: bool) {
        let side = &mut self.sides[from.index()];
        if let Some(found) = side.unfinished(is_over) {
            let json = self.outlet.screen.look().json;
            gather(&mut self.batch, (now, self.number, from), json, found);
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

/// Gather what was found of what an end said, to be shown.
fn gather(
    batch: &mut Batch,
    (now, number, from): (Time, u64, Role),
    json: bool,
    found: Decoded<'_>,
) {
    let remark = match found {
        Decoded::Message(line, end) => {
            return batch.line(now, number, said(from, Some(end)), line);
        }
        Decoded::OutOfStep { bytes, why } => Remark::OutOfStep {
            who: from,
            reason: why.reason(),
            heard: bytes,
        },
        _ => Remark::LineTooLong { who: Some(from) },
    };
    batch.remark(now, number, &remark, json);
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
    use std::time::Duration;

    use super::*;
    use std::time::Instant;

    use crate::output::screen::{Look, Screen};
    use crate::output::time::TimeStyle;

    /// The observer of a connection, and nobody who takes what it gathers.
    fn observer(framing: &str) -> ScreenObserver {
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
            sides: [(); 2].map(|()| Side::new(&framing.parse().unwrap())),
            batch: Batch::default(),
            scribe: None,
            skipped: 0,
        }
    }

    #[test]
    fn what_the_tap_says_itself_is_shown_behind_what_was_said_before() {
        let mut observer = observer("lf");
        let from = Role::Server;
        let bytes = b"login: ";
        observer.on_event(Time::ZERO, &Event::Bytes { from, bytes });
        let (to, bytes) = (Role::Server, b"QUIT\x1b\r\n");
        observer.on_event(Time::ZERO, &Event::Injected { to, bytes });
        let shown = shown(&observer);
        let own = "the tap itself said to the server: QUIT\\x1b";
        assert_eq!(shown, ["login: ", own]);
    }

    fn shown(observer: &ScreenObserver) -> Vec<String> {
        let shown = observer.batch.iter();
        shown
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }

    #[test]
    fn messages_are_shown_whole_and_what_is_in_no_frame_with_its_bytes() {
        let mut observer = observer("stx");
        let (c, s) = (Role::Client, Role::Server);
        for (from, bytes) in [
            (c, &b"?\x02I"[..]),
            (s, b"\x02a\x03"),
            (c, b"D\x03\x02"),
            (s, b""),
        ] {
            observer.on_event(Time::ZERO, &Event::Bytes { from, bytes });
        }
        assert_eq!(observer.deadline(), None, "a frame is waited for");
        observer.on_event(Time::ZERO, &Event::Finished { from: c });
        let stray = "the client is out of step, bytes before the start of a message: ?";
        let half = "the client is out of step, half a message at the end: \\x02";
        assert_eq!(shown(&observer)[1..3], ["a", "ID"]);
        assert_eq!(shown(&observer)[0], stray);
        assert!(
            shown(&observer)[3].starts_with(&half[..50]),
            "{:?}",
            shown(&observer)
        );
    }

    #[test]
    fn that_nothing_more_is_shown_is_said_once() {
        let mut observer = observer("netstring");
        let from = Role::Server;
        for bytes in [&b"1:a,x"[..], b"1:b,", b"1:c,"] {
            observer.on_event(Time::ZERO, &Event::Bytes { from, bytes });
        }
        let shown = shown(&observer);
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert!(
            shown[2].contains("cannot be told apart from here on"),
            "{shown:?}"
        );
    }

    #[test]
    fn silence_ends_a_message_where_it_is_drawn_so() {
        let mut observer = observer("{body} idle 4ms");
        let (from, bytes) = (Role::Client, b"ab");
        observer.on_event(Time::ZERO, &Event::Bytes { from, bytes });
        let due = observer.deadline().unwrap();
        assert_eq!(due, Time::ZERO + Duration::from_millis(4));
        observer.tick(due);
        assert_eq!(shown(&observer), ["ab"]);
    }
}
