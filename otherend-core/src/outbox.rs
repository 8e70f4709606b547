//! Bytes on their way out (usually: the write buffer): filled line by line, emptied write by write.

use std::mem;

use crate::short;

/// A queue of bytes for the peer, kept in one piece so that all of it leaves in one write.
///
/// The memory behind it stays initialised between uses: adding a short line is a bounds check and
/// two fixed-size copies, without a call.
#[derive(Debug, Default)]
pub struct Outbox {
    /// All of it is initialised; `start..end` is queued.
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

impl Outbox {
    /// An empty queue without memory.
    #[must_use]
    pub const fn new() -> Self {
        Outbox {
            memory: Vec::new(),
            start: 0,
            end: 0,
        }
    }

    /// An empty queue with `capacity` bytes of memory.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Outbox {
            memory: vec![0; capacity],
            start: 0,
            end: 0,
        }
    }

    /// What is queued.
    #[must_use]
    #[inline]
    pub fn unsent(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// How many bytes are queued.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Nothing is queued.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Bytes of memory held, queued or not.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// Queue `bytes`.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        short::copy(self.room(bytes.len()), bytes);
    }

    /// Queue `count` bytes, which the caller now writes into the returned slice.
    #[inline]
    pub(crate) fn room(&mut self, count: usize) -> &mut [u8] {
        if self.memory.len() - self.end < count {
            self.grow(count);
        }
        let start = self.end;
        self.end += count;
        &mut self.memory[start..self.end]
    }

    /// The memory behind what is queued: what is written there is not queued before
    /// [`extend`](Self::extend) is called.
    #[inline]
    pub(crate) fn spare(&mut self) -> &mut [u8] {
        &mut self.memory[self.end..]
    }

    /// The first `count` bytes of [`spare`](Self::spare) are queued.
    #[inline]
    pub(crate) fn extend(&mut self, count: usize) {
        debug_assert!(count <= self.memory.len() - self.end);
        self.end += count;
    }

    /// The first `count` queued bytes were sent.
    pub(crate) fn advance(&mut self, count: usize) {
        self.start += count.min(self.len());
        // From the start of the memory again: mostly everything is sent at once, and nothing ever
        // has to be moved.
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Move what is queued to memory of its own size and hand over the large memory behind it.
    pub(crate) fn give_back(&mut self) -> Outbox {
        let rest = self.unsent().to_vec();
        let end = rest.len();
        let mut lent = mem::replace(
            self,
            Outbox {
                memory: rest,
                start: 0,
                end,
            },
        );
        (lent.start, lent.end) = (0, 0);
        lent
    }

    #[cold]
    fn grow(&mut self, count: usize) {
        // What was sent leaves room in front: move up first, for that may be all the room it takes.
        // A peer that is a little slow for hours would otherwise make this grow for hours.
        self.memory.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.len());
        let needed = self.end + count;
        if needed > self.memory.len() {
            self.memory.resize(needed.max(2 * self.memory.len()), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_makes_room() {
        let mut outbox = Outbox::new();
        outbox.push(b"abcdef");
        outbox.advance(4);
        outbox.push(b"gh");
        assert_eq!(outbox.unsent(), b"efgh");
        outbox.advance(4);
        assert!(outbox.is_empty());
    }

    #[test]
    fn giving_back_keeps_what_is_unsent() {
        let mut outbox = Outbox::new();
        outbox.push(&[7; 1000]);
        outbox.advance(990);
        let large = outbox.give_back();
        assert!(large.is_empty() && large.capacity() >= 1000);
        assert_eq!((outbox.unsent(), outbox.capacity()), (&[7; 10][..], 10));
    }
}
