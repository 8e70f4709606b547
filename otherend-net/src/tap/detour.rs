//! The way of a direction through its faults (usually: a delay queue): pieces wait here for their
//! moment.

use std::collections::VecDeque;

use otherend_core::Time;

use super::fault::{Piece, Tamper};

/// What the faults make of a direction, in order.
#[derive(Debug)]
pub(super) struct Detour {
    tamper: Tamper,
    ahead: VecDeque<Piece>,
    /// When the pause under way ends.
    until: Option<Time>,
}

impl Detour {
    pub(super) fn new(mut tamper: Tamper) -> Self {
        let mut ahead = VecDeque::new();
        tamper.begin(&mut ahead);
        Detour {
            tamper,
            ahead,
            until: None,
        }
    }

    /// The speaker said `bytes`.
    pub(super) fn feed(&mut self, now: Time, bytes: &[u8]) {
        self.tamper.feed(now, bytes, &mut self.ahead);
    }

    /// The speaker has finished.
    pub(super) fn finish(&mut self) {
        self.tamper.finish(&mut self.ahead);
    }

    /// The next piece that is due.
    pub(super) fn next(&mut self, now: Time) -> Option<Piece> {
        self.tamper.tick(now, &mut self.ahead);
        loop {
            match self.ahead.front()? {
                Piece::Wait(time) => {
                    // A pause begins when its turn has come, not when it was ordered: two lines
                    // that came together, each to be delayed by a second, pass on a second apart.
                    if now < *self.until.get_or_insert(now + *time) {
                        return None;
                    }
                    self.until = None;
                    self.ahead.pop_front();
                }
                _ => return self.ahead.pop_front(),
            }
        }
    }

    /// When there may be a next piece without anything said.
    pub(super) fn deadline(&self) -> Option<Time> {
        let deadlines = [self.until, self.tamper.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// Everything said has passed.
    pub(super) fn is_empty(&self) -> bool {
        self.ahead.is_empty()
    }

    /// Nothing will pass by itself.
    pub(super) fn is_idle(&self) -> bool {
        self.ahead.is_empty() && self.deadline().is_none()
    }
}
