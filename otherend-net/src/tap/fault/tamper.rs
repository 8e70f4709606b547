//! One direction under faults: bytes in, pieces out, however TCP cut the bytes.
//!
//! A line is held until it ends, but not for long: what may be a prompt passes as it is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use otherend_core::transcript::LineShape;
use otherend_core::{Drawing, Role, Time};

use super::framed::{Frames, Next};
use super::line::{Line, Passing, text_length};
use super::{Action, Fault, LineAction, StreamAction, When};

/// A longer line passes as it is.
const LONGEST: usize = 64 * 1024;
/// A line that has not ended after so long passes as it is.
const HELD: Duration = Duration::from_millis(100);
/// How many pieces a second are passed on at a limited rate.
const PIECES: u64 = 20;

/// What is to be done next in a direction.
#[derive(Debug)]
pub(in crate::tap) enum Piece {
    /// Pass these bytes on.
    Bytes(Vec<u8>),
    /// What was passed on so far stands by itself.
    Boundary,
    /// Let time pass.
    Wait(Duration),
    /// This fault met this line; at the start there is none.
    Fault(Arc<Fault>, Vec<u8>),
    /// Tell the listener that the speaker has finished, and discard what it still says.
    HalfClose,
    /// Close both ends.
    Cut,
    /// Reset both ends.
    Reset,
    /// Pass nothing on any more.
    Stall,
}

/// What has become of the lines of one direction so far.
#[derive(Debug)]
pub(in crate::tap) struct Tamper {
    faults: Vec<Armed>,
    /// Where messages are no lines.
    frames: Option<Frames>,
    /// An unfinished line, and when it began.
    held: Vec<u8>,
    since: Time,
    /// The beginning of this line was passed on: so is its end.
    passing: bool,
    /// What the next line meets.
    next: Vec<(LineAction, Arc<Fault>)>,
    /// Bytes a second.
    rate: Option<u64>,
    /// Nothing more is passed on.
    over: bool,
}

/// A fault, and how many lines have fitted it.
#[derive(Debug)]
struct Armed {
    fault: Arc<Fault>,
    fitted: u32,
}

impl Tamper {
    /// The faults for the lines of `who`; `None`: there are none.
    pub(in crate::tap) fn new(
        faults: &[Arc<Fault>],
        who: Role,
        framing: Option<&Drawing>,
    ) -> Option<Self> {
        // What can never happen must not be told as if it had.
        let suits = |fault: &Fault| fault.who == who && fault.suits(framing).is_ok();
        let own = faults.iter().filter(|fault| suits(fault));
        let faults: Vec<Armed> = own
            .map(|fault| Armed {
                fault: Arc::clone(fault),
                fitted: 0,
            })
            .collect();
        (!faults.is_empty()).then_some(Tamper {
            faults,
            frames: framing.map(Frames::new),
            held: Vec::new(),
            since: Time::ZERO,
            passing: false,
            next: Vec::new(),
            rate: None,
            over: false,
        })
    }

    /// The connection is open.
    pub(in crate::tap) fn begin(&mut self, ahead: &mut VecDeque<Piece>) {
        let all = self.faults.iter().map(|armed| Arc::clone(&armed.fault));
        let at_start: Vec<_> = all
            .filter(|fault| matches!(fault.when, When::Start))
            .collect();
        for fault in at_start {
            match fault.action {
                Action::Line(action) => self.next.push((action, fault)),
                Action::Stream(action) => self.turn(action, &fault, b"", ahead),
            }
        }
    }

    /// The speaker said `bytes`.
    pub(in crate::tap) fn feed(&mut self, now: Time, bytes: &[u8], ahead: &mut VecDeque<Piece>) {
        if let Some(frames) = &mut self.frames {
            frames.feed(now, bytes);
            return self.messages(false, ahead);
        }
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let ends = part.ends_with(b"\n");
            // A prompt gets no LF, and cannot be held for ever. What passed in the middle of a line
            // takes the rest of the line with it, or a fault would meet half of one:
            //
            //     "login: "    held, and passed on after 100 ms
            //     "me\n"       passed on at once: its beginning has passed
            //     "pw\n"       a line again, which faults look at
            if self.passing {
                self.pass(part, ahead);
                self.passing = !ends;
                continue;
            }
            if self.held.is_empty() {
                self.since = now;
            }
            self.held.extend_from_slice(part);
            if ends {
                let line = std::mem::take(&mut self.held);
                self.line(&line, ahead);
            } else if self.held.len() > LONGEST {
                self.let_go(ahead);
            }
        }
    }

    /// The speaker has finished: what is held is a line.
    pub(in crate::tap) fn finish(&mut self, ahead: &mut VecDeque<Piece>) {
        self.messages(true, ahead);
        if !self.held.is_empty() {
            let line = std::mem::take(&mut self.held);
            self.line(&line, ahead);
        }
    }

    /// When [`tick`](Self::tick) is due.
    pub(in crate::tap) fn deadline(&self) -> Option<Time> {
        if let Some(frames) = &self.frames {
            let held = frames.held_since().map(|since| since + HELD);
            return [held, frames.silent_at()].into_iter().flatten().min();
        }
        (!self.held.is_empty()).then_some(self.since + HELD)
    }

    /// Time has passed.
    pub(in crate::tap) fn tick(&mut self, now: Time, ahead: &mut VecDeque<Piece>) {
        let silent_at = self.frames.as_ref().and_then(Frames::silent_at);
        if silent_at.is_some_and(|due| now >= due) {
            return self.messages(true, ahead);
        }
        if self.deadline().is_some_and(|due| now >= due) {
            self.let_go(ahead);
        }
    }

    /// Pass on the messages that have come; `is_all`: nothing more comes of the last one.
    fn messages(&mut self, is_all: bool, ahead: &mut VecDeque<Piece>) {
        let Some(mut frames) = self.frames.take() else {
            return;
        };
        while let Some(next) = frames.next(is_all) {
            match next {
                Next::Bytes(bytes) => self.pass(&bytes, ahead),
                Next::Message(message, frame) => {
                    let line = Line::framed(frames.drawing(), message.clone(), &frame);
                    let meant = self.meant(|shape| shape.fits_message(&message));
                    self.fault(line, &message, meant, ahead);
                }
            }
        }
        self.frames = Some(frames);
    }

    /// Pass an unfinished line on as far as it came.
    fn let_go(&mut self, ahead: &mut VecDeque<Piece>) {
        if let Some(frames) = &mut self.frames {
            let begun = frames.let_go();
            return self.pass(&begun, ahead);
        }
        let begun = std::mem::take(&mut self.held);
        self.pass(&begun, ahead);
        self.passing = true;
    }

    fn line(&mut self, bytes: &[u8], ahead: &mut VecDeque<Piece>) {
        let text = &bytes[..text_length(bytes)];
        let meant = self.meant(|shape| shape.fits(text));
        self.fault(Line::new(bytes), bytes, meant, ahead);
    }

    /// A line or message is next; `bytes` are what is told of it.
    fn fault(
        &mut self,
        mut line: Line<'_>,
        bytes: &[u8],
        (on, after): (Vec<Arc<Fault>>, Vec<Arc<Fault>>),
        ahead: &mut VecDeque<Piece>,
    ) {
        for (action, fault) in std::mem::take(&mut self.next) {
            ahead.push_back(Piece::Fault(fault, bytes.to_vec()));
            line.meet(action);
        }
        for fault in on {
            match fault.action {
                Action::Stream(action) => self.turn(action, &fault, bytes, ahead),
                Action::Line(action) => {
                    ahead.push_back(Piece::Fault(fault, bytes.to_vec()));
                    line.meet(action);
                }
            }
        }
        self.pass_line(line.pass(), ahead);
        for fault in after {
            match fault.action {
                Action::Stream(action) => self.turn(action, &fault, bytes, ahead),
                Action::Line(action) => self.next.push((action, fault)),
            }
        }
    }

    /// The faults that mean this line, and those that mean what follows it.
    fn meant(&mut self, fits: impl Fn(&LineShape) -> bool) -> (Vec<Arc<Fault>>, Vec<Arc<Fault>>) {
        let (mut on, mut after) = (Vec::new(), Vec::new());
        for armed in &mut self.faults {
            let (lines, list) = match &armed.fault.when {
                When::Start => continue,
                When::On(lines) => (lines, &mut on),
                When::After(lines) => (lines, &mut after),
            };
            // Every line that fits is counted, also where another fault takes it: `2 C: RCPT` is the
            // second that was said, whatever became of the first.
            if fits(&lines.shape) {
                armed.fitted = armed.fitted.saturating_add(1);
                if lines.nth.is_none_or(|nth| nth == armed.fitted) {
                    list.push(Arc::clone(&armed.fault));
                }
            }
        }
        (on, after)
    }

    fn pass_line(&mut self, passing: Passing, ahead: &mut VecDeque<Piece>) {
        if self.over {
            return;
        }
        if !passing.delay.is_zero() {
            ahead.push_back(Piece::Wait(passing.delay));
        }
        let several = passing.pieces.len() > 1;
        for piece in &passing.pieces {
            self.pass(piece, ahead);
            if several {
                ahead.extend([Piece::Boundary, Piece::Wait(passing.gap)]);
            }
        }
        if passing.cut {
            self.end(Piece::Cut, ahead);
        }
    }

    /// Something is to happen to the direction from here on.
    fn turn(
        &mut self,
        action: StreamAction,
        fault: &Arc<Fault>,
        line: &[u8],
        ahead: &mut VecDeque<Piece>,
    ) {
        if self.over {
            return;
        }
        ahead.push_back(Piece::Fault(Arc::clone(fault), line.to_vec()));
        match action {
            StreamAction::HalfClose => self.end(Piece::HalfClose, ahead),
            StreamAction::Reset => self.end(Piece::Reset, ahead),
            StreamAction::Stall(None) => self.end(Piece::Stall, ahead),
            StreamAction::Stall(Some(time)) => ahead.push_back(Piece::Wait(time)),
            StreamAction::Rate(rate) => self.rate = Some(rate),
        }
    }

    fn end(&mut self, how: Piece, ahead: &mut VecDeque<Piece>) {
        ahead.extend([Piece::Boundary, how]);
        self.over = true;
    }

    /// Pass `bytes` on, as fast as that is allowed.
    fn pass(&mut self, bytes: &[u8], ahead: &mut VecDeque<Piece>) {
        if self.over {
            return;
        }
        let Some(rate) = self.rate else {
            return ahead.push_back(Piece::Bytes(bytes.to_vec()));
        };
        let length = usize::try_from(rate / PIECES).unwrap_or(usize::MAX).max(1);
        for piece in bytes.chunks(length) {
            let nanos = piece.len() as u64 * 1_000_000_000 / rate;
            ahead.push_back(Piece::Bytes(piece.to_vec()));
            ahead.extend([Piece::Boundary, Piece::Wait(Duration::from_nanos(nanos))]);
        }
    }
}

#[cfg(test)]
mod tests;
