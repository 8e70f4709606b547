//! A stream of frames: messages out, however TCP cut the bytes.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memmem};

use super::{Frame, Look, Missing, OutOfStep};
use crate::framing::drawing::{Body, Drawing, FrameEnd, Layout};

/// Where bytes that were found are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the input.
    Input(Range<usize>),
    /// In what was kept of earlier inputs.
    Kept(Range<usize>),
    /// Put together from parts.
    Made,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    Message(Place),
    TooLong,
    OutOfStep(Place, OutOfStep),
}

/// Takes messages out of their frames.
#[derive(Debug)]
pub(crate) struct Frames {
    layout: Arc<Layout>,
    max: usize,
    /// The unfinished frame; empty and without memory between frames.
    kept: Vec<u8>,
    /// So much of it was handed out and goes at the next step.
    spent: usize,
    /// Up to here there is no end of the frame that is kept.
    searched: usize,
    /// What must come before looking again is of any use.
    wanted: Missing,
    /// Messages that are no slice of anything are put together here, one after the other.
    made: Vec<u8>,
    /// Inside a frame that is too long, waiting for its end.
    discarding: bool,
    /// The end of such a frame has come since it was last asked for.
    discarded: bool,
    /// So many bytes behind that end belong to it.
    skip: usize,
    /// Nothing that comes can be trusted any more.
    over: bool,
}

impl Frames {
    pub(crate) fn new(drawing: &Drawing, max: usize) -> Self {
        Frames {
            layout: Arc::clone(&drawing.layout),
            max,
            kept: Vec::new(),
            spent: 0,
            searched: 0,
            wanted: Missing::Bytes(1),
            made: Vec::new(),
            discarding: false,
            discarded: false,
            skip: 0,
            over: false,
        }
    }

    /// What comes next in `input[*at..]`; `None`: all of it is used or kept.
    pub(crate) fn next(&mut self, input: &[u8], at: &mut usize) -> Option<Found> {
        self.forget_spent();
        loop {
            let skipped = self.skip.min(input.len() - *at);
            self.skip -= skipped;
            *at += skipped;
            let rest = &input[*at..];
            let nothing = rest.is_empty() && (self.kept.is_empty() || self.discarding);
            if self.over || nothing {
                *at = input.len();
                return None;
            }
            if self.discarding {
                *at += self.discard(rest);
                continue;
            }
            let is_kept = !self.kept.is_empty();
            if is_kept {
                *at += self.keep(rest);
                if !self.is_ripe() {
                    return None;
                }
            }
            let bytes = if is_kept { &self.kept } else { rest };
            match self.layout.look(bytes, &mut self.searched, self.max) {
                Look::Short(wanted) => {
                    self.wanted = wanted;
                    if !is_kept {
                        self.kept.extend_from_slice(rest);
                        *at = input.len();
                    }
                    if *at == input.len() {
                        return None;
                    }
                }
                look => {
                    let from = if is_kept { None } else { Some(*at) };
                    let (used, found) = self.settle(look, input, from);
                    match from {
                        Some(_) => *at += used,
                        None => self.spent = used,
                    }
                    self.searched = 0;
                    if found.is_some() {
                        return found;
                    }
                    self.forget_spent();
                }
            }
        }
    }

    /// What a look that is decided comes to, and how many bytes it used. `from`: they stand there in
    /// the input; else at the start of what is kept.
    fn settle(&mut self, look: Look, input: &[u8], from: Option<usize>) -> (usize, Option<Found>) {
        let place = |range: Range<usize>| match from {
            Some(from) => Place::Input(from + range.start..from + range.end),
            None => Place::Kept(range),
        };
        match look {
            Look::Frame(frame) if frame.is_slice(self.layout.body()) => {
                (frame.length, Some(Found::Message(place(frame.body))))
            }
            Look::Frame(frame) => {
                let all = place(0..frame.length);
                (frame.length, self.put_together(&frame, all, input))
            }
            Look::TooLong(from) => {
                match self.layout.end {
                    FrameEnd::Length | FrameEnd::Size(_) => self.over = true,
                    FrameEnd::Literal { .. } | FrameEnd::Idle(_) => self.discarding = true,
                }
                (from, Some(Found::TooLong))
            }
            Look::Bad(length, why) => {
                self.over = !self.layout.resyncs();
                (length, Some(Found::OutOfStep(place(0..length), why)))
            }
            Look::Short(_) => (0, None),
        }
    }

    /// A message that is no slice of its frame, which is at `place`.
    fn put_together(&mut self, frame: &Frame, place: Place, input: &[u8]) -> Option<Found> {
        let mut made = std::mem::take(&mut self.made);
        let bytes = self.bytes(&place, input);
        let message = frame.message(self.layout.body(), bytes, &mut made);
        let is_right = message.is_some();
        self.made = made;
        if !is_right {
            return Some(Found::OutOfStep(place, OutOfStep::Escape));
        }
        // RFC 1055: senders begin a frame with END, too, which ends an empty one.
        if self.layout.body() == Body::Slip && self.made.is_empty() {
            return None;
        }
        Some(match self.made.len() > self.max {
            true => Found::TooLong,
            false => Found::Message(Place::Made),
        })
    }

    /// Keep as much of `rest` as it takes until looking again is of use; gives how much that is.
    fn keep(&mut self, rest: &[u8]) -> usize {
        let wanted = match self.wanted {
            Missing::Bytes(wanted) => wanted.saturating_sub(self.kept.len()),
            Missing::Byte(byte) => memchr(byte, rest).map_or(rest.len(), |at| at + 1),
            Missing::Silence => rest.len(),
        };
        let room = self
            .layout
            .most_kept(self.max)
            .saturating_sub(self.kept.len());
        let taken = wanted.min(room.max(1)).min(rest.len());
        self.kept.extend_from_slice(&rest[..taken]);
        taken
    }

    /// Looking at what is kept may say something new.
    fn is_ripe(&self) -> bool {
        match self.wanted {
            Missing::Bytes(wanted) => self.kept.len() >= wanted,
            // Or it may have become too long.
            Missing::Byte(byte) => self.kept.last() == Some(&byte) || self.kept.len() > self.max,
            Missing::Silence => true,
        }
    }

    /// Look for the end of a frame that is too long; gives how many bytes of `rest` are its.
    fn discard(&mut self, rest: &[u8]) -> usize {
        let Some(end) = self.layout.end_literal() else {
            self.kept = Vec::new();
            return rest.len();
        };
        let before = self.kept.len();
        self.kept.extend_from_slice(rest);
        let Some(at) = memmem::find(&self.kept, end) else {
            // Its end may have begun.
            let begun = self.kept.len().min(end.len() - 1);
            self.kept.drain(..self.kept.len() - begun);
            return rest.len();
        };
        let used = at + end.len();
        self.discarding = false;
        self.discarded = true;
        self.kept.truncate(before);
        self.kept.drain(..used.min(before));
        // What belongs to the frame behind its end.
        self.skip = self.layout.behind_end();
        let kept = self.skip.min(self.kept.len());
        self.kept.drain(..kept);
        self.skip -= kept;
        self.wanted = Missing::Bytes(0);
        used.saturating_sub(before)
    }

    /// A message is under way: its end has not come.
    pub(crate) fn is_mid_message(&self) -> bool {
        self.kept.len() > self.spent || self.discarding
    }

    /// Nothing that comes can be trusted any more.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Bytes of memory that an unfinished frame takes.
    pub(crate) fn memory(&self) -> usize {
        self.kept.capacity() + self.made.capacity()
    }

    /// Nothing came for as long as a message may pause, or the stream has ended: where silence ends
    /// messages, this one has.
    pub(crate) fn silence(&mut self) -> Option<Found> {
        self.forget_spent();
        if self.over || !matches!(self.layout.end, FrameEnd::Idle(_)) {
            return None;
        }
        if std::mem::take(&mut self.discarding) {
            self.kept = Vec::new();
        }
        if self.kept.is_empty() {
            return None;
        }
        let look = self.layout.look_at_all(&self.kept, self.max);
        let (_, found) = self.settle(look, &[], None);
        // Silence ends what is too long as well.
        self.discarding = false;
        self.spent = self.kept.len();
        found
    }

    /// The stream has ended. Call until it gives `None`.
    pub(crate) fn finish(&mut self) -> Option<Found> {
        if let Some(found) = self.silence() {
            return Some(found);
        }
        if self.kept.is_empty() || self.over || self.discarding {
            return None;
        }
        self.spent = self.kept.len();
        let place = Place::Kept(0..self.spent);
        Some(Found::OutOfStep(place, OutOfStep::Unfinished))
    }

    /// The bytes at `place`; `input` is what it was found in.
    pub(crate) fn bytes<'a>(&'a self, place: &Place, input: &'a [u8]) -> &'a [u8] {
        match place {
            Place::Input(range) => &input[range.clone()],
            Place::Kept(range) => &self.kept[range.clone()],
            Place::Made => &self.made,
        }
    }

    /// Did a message that was too long end since the last call?
    pub(crate) fn take_discarded(&mut self) -> bool {
        std::mem::take(&mut self.discarded)
    }

    /// Give back the memory of what was handed out.
    pub(crate) fn forget_spent(&mut self) {
        if self.spent == 0 {
            return;
        }
        match self.spent == self.kept.len() {
            true => self.kept = Vec::new(),
            false => drop(self.kept.drain(..self.spent)),
        }
        self.spent = 0;
        self.searched = 0;
        self.wanted = Missing::Bytes(0);
    }
}
