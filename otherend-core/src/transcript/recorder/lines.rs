//! Steps as lines of the file: its head first, times between them, each line under a seal.

use std::fmt::{Display, Write};
use std::time::Duration;

use super::{NOTABLE, Recorder, SHORTEST};
use crate::transcript::FIRST_LINE;
use crate::transcript::model::{Act, Item, Setting, Step, Transport};
use crate::transcript::seal::Check;
use crate::{Role, Time};

/// What is to be known of the lines so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    pub(super) check: Check,
    /// There are some that no seal vouches for.
    pub(super) unsealed: bool,
}

impl Recorder {
    pub(super) fn step(&mut self, now: Time, connection: u16, who: Role, act: Act) {
        let speaks = !matches!(act, Act::Connect | Act::Close(_));
        if speaks && std::mem::take(&mut self.side(connection, who).parted) {
            self.pause(now, SHORTEST);
        }
        let step = Step {
            connection,
            who,
            act,
        };
        self.item(now, Item::Step(step));
    }

    pub(super) fn item(&mut self, now: Time, item: Item) {
        // `eol` stands at the top of the file, and only the first line that ends shows what it is:
        // a connection that opens and a prompt come before.
        if self.eol.is_none() {
            return self.early.push((now, item));
        }
        self.write_head();
        self.pause(now, NOTABLE);
        self.line(&item);
    }

    /// Note the time since it was noted last: if it is notable, or at least the shortest.
    fn pause(&mut self, now: Time, notable: Duration) {
        let noted = *self.noted.get_or_insert(now);
        let millis = u64::try_from(now.since(noted).as_millis()).unwrap_or(u64::MAX);
        let mut pause = Duration::from_millis(millis);
        if notable == SHORTEST {
            pause = pause.max(SHORTEST);
        }
        // What is too short to be noted is not lost: the time is noted up to here only when it is
        // written, so ten times 3 ms become `+12ms` somewhere, and rounding never adds up.
        if pause >= notable {
            self.noted = Some(noted + pause);
            self.line(&Item::Pause(pause));
        }
    }

    /// The end of lines is known, or nothing speaks against the default.
    pub(super) fn write_early(&mut self) {
        self.write_head();
        for (time, item) in std::mem::take(&mut self.early) {
            self.item(time, item);
        }
    }

    /// Write what every file begins with, unless that was done.
    pub(super) fn write_head(&mut self) {
        let eol = *self.eol.get_or_insert_default();
        if !self.lines.check.is_new() {
            return;
        }
        self.line(&FIRST_LINE);
        let remark = self.remark.clone();
        self.line(&format_args!("#= recorded {remark}"));
        let ends = match &self.framing {
            Some(drawing) => Setting::Framing(drawing.clone()),
            None => Setting::Eol(eol),
        };
        self.line(&Item::Setting(ends));
        if self.transport == Transport::Udp {
            self.line(&Item::Setting(Setting::Transport(Transport::Udp)));
        }
        self.line(&Item::Blank);
    }

    pub(super) fn line(&mut self, line: &impl Display) {
        let start = self.ready.len();
        // Writing to a string cannot fail.
        let _ = writeln!(self.ready, "{line}");
        self.lines.check.add(&self.ready.as_bytes()[start..]);
        self.lines.unsealed = true;
    }
}
