//! Datagrams (usually: message boundaries): each is one message, whatever it ends with, and each
//! message said is one of them.

use std::collections::VecDeque;

use super::LineEnd;

/// Take a datagram apart; `None`: its message is longer than `max` bytes.
pub(crate) fn decode(datagram: &[u8], max: usize) -> Option<(&[u8], LineEnd)> {
    let (message, end) = LineEnd::split(datagram);
    (message.len() <= max).then_some((message, end))
}

/// Where the datagrams that wait in an outbox end, oldest first: a stream keeps no boundaries, and
/// pays nothing for those of others.
#[derive(Debug, Default)]
pub(crate) struct Boundaries {
    lengths: VecDeque<usize>,
}

impl Boundaries {
    /// The last `length` bytes queued are one datagram.
    pub(crate) fn push(&mut self, length: usize) {
        self.lengths.push_back(length);
    }

    /// How long the first one is.
    pub(crate) fn first(&self) -> Option<usize> {
        self.lengths.front().copied()
    }

    /// The first one has left, or never will.
    pub(crate) fn pop(&mut self) {
        self.lengths.pop_front();
    }

    /// What waited is not there any more.
    pub(crate) fn clear(&mut self) {
        self.lengths.clear();
    }
}
