//! The state of one connection of a performance (usually: a replay session).

use std::collections::VecDeque;
use std::sync::Arc;

use super::Player;
use super::gathering::Gathering;
use crate::framing::Looking;
use crate::transcript::Closing;
use crate::transcript::plan::{Plan, Values};
use crate::{Outbox, Role, Time};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Progress {
    #[default]
    Unopened,
    Open,
    Over,
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) progress: Progress,
    /// The place in the script.
    pub(super) beat: usize,
    /// The step to be said, or the line to be heard, of that beat.
    pub(super) step: usize,
    /// Bytes that were heard and have not had their turn, from the client and the server.
    unheard: [Unheard; 2],
    /// What of these was looked at for frames.
    pub(super) looking: [Looking; 2],
    /// When something was heard of each last.
    pub(super) last_heard: [Time; 2],
    /// Lines that were passed over and may still come: their beats and places there.
    pub(super) late: Vec<(usize, usize)>,
    /// How each side stopped sending.
    pub(super) ended: [Option<Closing>; 2],
    /// How to stop, once the caller asks.
    pub(super) closing: Option<Closing>,
    /// A server stops because of what it heard, or did not hear.
    pub(super) broke_off: bool,
    /// Since when the next line is awaited.
    pub(super) since: Time,
    /// Until when nothing is said; perhaps over, while there is no room to go on.
    pub(super) paused: Option<Time>,
    /// It goes on once the peer has taken some of what was said.
    pub(super) full: bool,
    /// Our side has finished sending: nothing more is said.
    pub(super) mute: bool,
    /// A rule whose answer is under way, and the next step of it.
    pub(super) answering: Option<(usize, usize)>,
    /// While a file is brought up to date: what was heard in this turn.
    pub(super) heard_in_turn: Vec<u8>,
    /// The turn does not fit and is gathered.
    pub(super) gathering: Option<Gathering>,
    /// What holes of rules remember.
    pub(super) values: Values,
    /// How often each `on after` was met.
    pub(super) counts: Vec<u32>,
}

#[derive(Debug, Default)]
struct Unheard {
    bytes: Vec<u8>,
    /// Over UDP: the length of each datagram.
    datagrams: VecDeque<usize>,
}

/// One input on its way through the script.
pub(super) struct Turn<'a> {
    pub(super) plan: &'a Plan,
    pub(super) connection: usize,
    pub(super) now: Time,
    /// What is left to be heard from the client and the server.
    pub(super) rest: [&'a [u8]; 2],
    pub(super) out: &'a mut Outbox,
}

impl<'a> Turn<'a> {
    pub(super) fn rest_of(&self, who: Role) -> &'a [u8] {
        self.rest[who.index()]
    }
}

impl Lane {
    /// How long the next datagram of `who` is.
    pub(super) fn datagram(&self, who: Role) -> Option<usize> {
        self.unheard[who.index()].datagrams.front().copied()
    }

    /// `count` bytes of `rest` had their turn.
    #[inline]
    pub(super) fn used(&mut self, turn: &mut Turn<'_>, who: Role, count: usize) {
        let index = who.index();
        turn.rest[index] = &turn.rest[index][count..];
        self.unheard[index].datagrams.pop_front();
        self.looking[index].taken();
    }

    /// What is heard of `who` and has not had its turn.
    pub(super) fn unheard_of(&mut self, who: Role) -> &mut Vec<u8> {
        &mut self.unheard[who.index()].bytes
    }

    /// The memory that takes what is heard of `who` and has not had its turn, in bytes.
    pub(super) fn unheard_len(&self, who: Role) -> usize {
        let Unheard { bytes, datagrams } = &self.unheard[who.index()];
        bytes.len() + datagrams.len() * size_of::<usize>()
    }

    /// What was heard will not have its turn any more.
    pub(super) fn let_go(&mut self) {
        self.unheard = Default::default();
    }

    pub(super) fn next_beat(&mut self, now: Time) {
        self.beat += 1;
        self.step = 0;
        self.since = now;
        self.heard_in_turn = Vec::new();
    }
}

impl Player {
    /// Go on with what was heard, without a copy where nothing older waits; keep what is left.
    #[inline]
    pub(super) fn take_in(
        &mut self,
        connection: usize,
        now: Time,
        (from, bytes): (Role, &[u8]),
        out: &mut Outbox,
    ) {
        if self.lanes[connection].progress == Progress::Over || self.outcome.is_some() {
            return;
        }
        self.lanes[connection].last_heard[from.index()] = now;
        if !self.plan.is_stream() {
            let unheard = &mut self.lanes[connection].unheard[from.index()];
            unheard.datagrams.push_back(bytes.len());
        }
        self.work_in(connection, now, (from, bytes), out);
    }

    #[inline]
    fn work_in(
        &mut self,
        connection: usize,
        now: Time,
        (from, bytes): (Role, &[u8]),
        out: &mut Outbox,
    ) {
        // Bytes are looked at where they lie, in the caller's buffer: of `PING\nPING\nPI` only `PI`
        // is ever copied, to wait in front of the next read. With something older waiting, the new
        // bytes go behind it first. The memory leaves the lane meanwhile, so that `proceed` can
        // borrow all of `self`.
        let unheard = self.lanes[connection].unheard.each_mut();
        let mut kept = unheard.map(|unheard| std::mem::take(&mut unheard.bytes));
        let index = from.index();
        let fresh = kept[index].is_empty();
        if !fresh {
            kept[index].extend_from_slice(bytes);
        }
        let mut rest = [&kept[0][..], &kept[1][..]];
        if fresh {
            rest[index] = bytes;
        }
        let plan = Arc::clone(&self.plan);
        let mut turn = Turn {
            plan: &plan,
            connection,
            now,
            rest,
            out,
        };
        self.proceed(&mut turn);
        let left = turn.rest.map(<[u8]>::len);
        // Over: nothing is heard any more, so nothing is kept.
        if self.lanes[connection].progress == Progress::Over || self.outcome.is_some() {
            return;
        }
        for (side, mut kept) in kept.into_iter().enumerate() {
            // What is left is always the end of what was there.
            if side == index && fresh {
                kept.extend_from_slice(&bytes[bytes.len() - left[side]..]);
            } else {
                kept.drain(..kept.len() - left[side]);
            }
            // An idle connection keeps no memory.
            if !kept.is_empty() {
                self.lanes[connection].unheard[side].bytes = kept;
            }
        }
    }

    /// Go on without anything new.
    pub(super) fn drive(&mut self, connection: usize, now: Time, out: &mut Outbox) {
        self.work_in(connection, now, (Role::Client, b""), out);
    }

    /// What is heard of `who` and has not had its turn.
    pub(super) fn unheard(&self, connection: usize, who: Role) -> &[u8] {
        &self.lanes[connection].unheard[who.index()].bytes
    }
}
