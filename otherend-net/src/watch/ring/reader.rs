//! One reader of a ring, at its own pace.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::record::{Record, Taken};
use super::slots::{Slots, Start};

/// Takes from a [`Ring`](super::Ring) at its own pace (usually: a cursor); each has a place of its
/// own in it.
///
/// Reading goes on while the ring lives; when it and all that it watches are gone, what is left can
/// still be taken.
pub struct Reader<T = Record> {
    slots: Arc<Slots<T>>,
    /// Its own number among the readers.
    number: u64,
    /// The next record's number.
    next: u64,
}

impl<T> Reader<T> {
    pub(crate) fn new(slots: Arc<Slots<T>>, start: Start) -> Self {
        let (number, next) = slots.enter(start);
        Reader {
            slots,
            number,
            next,
        }
    }

    /// The number of the record that comes next, or of one after it if that is gone by then.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Take what there is, `most` at most and never more than 1,024. Does not wait.
    pub fn take(&mut self, most: usize) -> Taken<T> {
        self.slots.take(&mut self.next, most)
    }

    /// The same once there is something, for `limit` at most: then it [is empty](Taken::is_empty).
    pub fn wait(&mut self, most: usize, limit: Duration) -> Taken<T> {
        self.slots.wait(&mut self.next, most, limit)
    }

    /// The same for a task, under whatever runtime: it is woken once there is something.
    pub fn poll_take(&mut self, cx: &mut Context<'_>, most: usize) -> Poll<Taken<T>> {
        let place = (self.number, &mut self.next);
        match self.slots.take_or_wake(place, most, cx.waker()) {
            Some(taken) => Poll::Ready(taken),
            None => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Reader");
        out.field("next_number", &self.next).finish_non_exhaustive()
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        self.slots.leave(self.number);
    }
}
