//! One direction of the simulated link: in order, late (usually: latency), in pieces (segments),
//! and bounded (the receive window).

use std::collections::VecDeque;
use std::time::Duration;

use crate::Time;

/// What a simulated link is like, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// How long bytes are under way.
    pub latency: Duration,
    /// How many bytes arrive together at most.
    pub max_piece: usize,
    /// How many bytes can be under way or unread before the sender must wait.
    pub capacity: usize,
}

impl Default for Link {
    /// No latency, pieces of 64 KiB, room for 256 KiB.
    fn default() -> Self {
        Link {
            latency: Duration::ZERO,
            max_piece: 64 * 1024,
            capacity: 256 * 1024,
        }
    }
}

/// What travels.
#[derive(Debug)]
pub(super) enum Parcel {
    Bytes(Vec<u8>),
    /// The sender's side is shut down.
    End,
    /// The sender is gone; what was not read yet is lost with it.
    Reset,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Wire {
    link: Link,
    under_way: VecDeque<(Time, Parcel)>,
    unread: VecDeque<Parcel>,
    /// Bytes under way and unread.
    load: usize,
    plugged: bool,
}

impl Wire {
    pub(super) fn new(link: Link) -> Self {
        Wire {
            link,
            under_way: VecDeque::new(),
            unread: VecDeque::new(),
            load: 0,
            plugged: true,
        }
    }

    /// Take as many of `bytes` as there is room for; gives how many.
    pub(super) fn send(&mut self, now: Time, bytes: &[u8]) -> usize {
        // Unread bytes count too: this is the window that fills up when a reader stops.
        let count = bytes.len().min(self.link.capacity - self.load);
        self.load += count;
        // `max_piece: 1` is the hardest cut there is: every byte a read of its own.
        for piece in bytes[..count].chunks(self.link.max_piece.max(1)) {
            self.post(now, Parcel::Bytes(piece.to_vec()));
        }
        count
    }

    pub(super) fn end(&mut self, now: Time) {
        self.post(now, Parcel::End);
    }

    pub(super) fn reset(&mut self, now: Time) {
        self.post(now, Parcel::Reset);
    }

    fn post(&mut self, now: Time, parcel: Parcel) {
        if self.plugged {
            let arrival = now + self.link.latency;
            self.under_way.push_back((arrival, parcel));
        }
    }

    pub(super) fn unplug(&mut self) {
        self.plugged = false;
        self.under_way.clear();
    }

    /// Hand over to the reader's side what has arrived by `now`.
    pub(super) fn arrive(&mut self, now: Time) {
        while self.next_arrival().is_some_and(|arrival| arrival <= now) {
            if let Some((_, parcel)) = self.under_way.pop_front() {
                // As with TCP: once RST is there, a reader does not get what it has not read
                // before.
                if matches!(parcel, Parcel::Reset) {
                    self.discard();
                }
                self.unread.push_back(parcel);
            }
        }
    }

    /// Read the next piece, if the reader wants one.
    pub(super) fn read_if(&mut self, wanted: bool) -> Option<Parcel> {
        let parcel = wanted.then(|| self.unread.pop_front())??;
        if let Parcel::Bytes(bytes) = &parcel {
            self.load -= bytes.len();
        }
        Some(parcel)
    }

    /// A reset overtakes what the reader has not read.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.unread.front(), Some(Parcel::Reset))
    }

    /// How many bytes have arrived and were not read.
    pub(super) fn unread_bytes(&self) -> usize {
        let lengths = self.unread.iter().map(|parcel| match parcel {
            Parcel::Bytes(bytes) => bytes.len(),
            Parcel::End | Parcel::Reset => 0,
        });
        lengths.sum()
    }

    /// Forget what was not read; gives how many bytes that were.
    pub(super) fn discard(&mut self) -> usize {
        let lost = self.unread_bytes();
        self.unread.clear();
        self.load -= lost;
        lost
    }

    pub(super) fn next_arrival(&self) -> Option<Time> {
        self.under_way.front().map(|(arrival, _)| *arrival)
    }
}
