//! The records themselves, behind one lock.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::record::Taken;
use crate::lock::lock;

/// So many are taken at once at most: while they are being taken, whoever writes waits.
const TAKEN_AT_ONCE: usize = 1024;

/// The newest records, and who waits for more.
pub(crate) struct Slots<T> {
    most: usize,
    most_bytes: usize,
    inside: Mutex<Inside<T>>,
    filled: Condvar,
}

/// A record and what it takes.
pub(crate) struct Weighed<T> {
    pub(crate) record: T,
    pub(crate) size: usize,
}

/// Where a reader begins.
pub(crate) enum Start {
    /// With the oldest record there is.
    Oldest,
    /// With the record of this number.
    At(u64),
    /// With the newest so many.
    Newest(usize),
}

struct Slot<T> {
    number: u64,
    size: usize,
    record: Arc<T>,
}

struct Inside<T> {
    /// In the order of their numbers; between two of them some may be missing.
    slots: VecDeque<Slot<T>>,
    bytes: usize,
    /// The newest record's number, kept or not.
    last: u64,
    /// Nobody can write any more.
    closed: bool,
    /// The tasks that wait, by reader.
    wakers: HashMap<u64, Waker>,
    readers: u64,
}

impl<T> Slots<T> {
    /// For the newest `most` records of `most_bytes` together; the first one's number is the one
    /// after `last`.
    pub(crate) fn new(most: usize, most_bytes: usize, last: u64) -> Self {
        Slots {
            most,
            most_bytes,
            inside: Mutex::new(Inside {
                slots: VecDeque::new(),
                bytes: 0,
                last,
                closed: false,
                wakers: HashMap::new(),
                readers: 0,
            }),
            filled: Condvar::new(),
        }
    }

    // ---- writing

    /// Keep these, and let the oldest go.
    pub(super) fn push(&self, all: impl IntoIterator<Item = Weighed<T>>) {
        self.write(|inside, gone| {
            for record in all {
                inside.keep(record, (self.most, self.most_bytes), gone);
            }
        });
    }

    /// Keep one in front of which so many are missing: nobody will ever get those.
    pub(crate) fn push_behind(&self, missing: u64, record: Weighed<T>) {
        self.write(|inside, gone| {
            inside.last = inside.last.saturating_add(missing);
            inside.keep(record, (self.most, self.most_bytes), gone);
        });
    }

    fn write(&self, write: impl FnOnce(&mut Inside<T>, &mut Vec<Arc<T>>)) {
        // Memory is given back without the lock: a large record may push thousands of small ones out.
        let mut gone = Vec::new();
        let mut inside = lock(&self.inside);
        write(&mut inside, &mut gone);
        // All of them, each time: a reader that takes leaves its waker anew when there is nothing
        // for it. So nobody has to know which reader is waiting for which record.
        let waiting = std::mem::take(&mut inside.wakers);
        drop(inside);
        self.wake(waiting);
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.write(|inside, _| inside.closed = true);
    }

    fn wake(&self, tasks: HashMap<u64, Waker>) {
        self.filled.notify_all();
        for waker in tasks.into_values() {
            waker.wake();
        }
    }

    // ---- reading

    /// The number of the record at `start`, which may be yet to come.
    pub(crate) fn number_at(&self, start: Start) -> u64 {
        lock(&self.inside).number_at(start)
    }

    /// One more reader, which wants to begin at `start`: its own number, and the number of the
    /// record it begins with.
    pub(super) fn enter(&self, start: Start) -> (u64, u64) {
        let mut inside = lock(&self.inside);
        inside.readers += 1;
        (inside.readers, inside.number_at(start))
    }

    pub(super) fn leave(&self, reader: u64) {
        lock(&self.inside).wakers.remove(&reader);
    }

    /// Take what there is from `next` on, `most` at most.
    pub(super) fn take(&self, next: &mut u64, most: usize) -> Taken<T> {
        lock(&self.inside).take(next, most)
    }

    /// The same, once there is something; after `limit` there may be nothing.
    pub(super) fn wait(&self, next: &mut u64, most: usize, limit: Duration) -> Taken<T> {
        let nothing = |inside: &mut Inside<T>| !inside.has_news(*next);
        let inside = lock(&self.inside);
        let waited = self.filled.wait_timeout_while(inside, limit, nothing);
        let (mut inside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inside.take(next, most)
    }

    /// The same for a task. `None`: there is nothing, and `waker` is woken once there is.
    pub(super) fn take_or_wake(
        &self,
        (reader, next): (u64, &mut u64),
        most: usize,
        waker: &Waker,
    ) -> Option<Taken<T>> {
        let mut inside = lock(&self.inside);
        if inside.has_news(*next) {
            return Some(inside.take(next, most));
        }
        inside.wakers.insert(reader, waker.clone());
        None
    }
}

impl<T> Inside<T> {
    fn keep(
        &mut self,
        record: Weighed<T>,
        (most, most_bytes): (usize, usize),
        gone: &mut Vec<Arc<T>>,
    ) {
        self.last += 1;
        let number = self.last;
        let Weighed { record, size } = record;
        let record = Arc::new(record);
        if size > most_bytes {
            return gone.push(record);
        }
        self.bytes += size;
        self.slots.push_back(Slot {
            number,
            size,
            record,
        });
        while self.slots.len() > most || self.bytes > most_bytes {
            let Some(oldest) = self.slots.pop_front() else {
                break;
            };
            self.bytes -= oldest.size;
            gone.push(oldest.record);
        }
    }

    fn number_at(&self, start: Start) -> u64 {
        let newest = self.last + 1;
        let number = |index: usize| self.slots.get(index).map_or(newest, |slot| slot.number);
        match start {
            Start::Oldest => number(0),
            Start::Newest(count) => number(self.slots.len().saturating_sub(count)),
            Start::At(number) => number.min(newest),
        }
    }

    /// There is something to tell a reader that goes on with `next`.
    fn has_news(&self, next: u64) -> bool {
        next <= self.last || self.closed
    }

    /// One stretch without a gap: what is missing in front of it is counted, and what is missing
    /// behind it the next time.
    ///
    /// ```text
    /// next = 3, kept: 6 7 9      taken: 3 skipped, 6 7      then: 1 skipped, 9
    /// ```
    fn take(&mut self, next: &mut u64, most: usize) -> Taken<T> {
        let begin = self.slots.partition_point(|slot| slot.number < *next);
        let first = self.slots.get(begin).map(|slot| slot.number);
        let first = first.unwrap_or(self.last + 1);
        let skipped = first - *next;
        *next = first;
        let mut records = Vec::new();
        for slot in self.slots.range(begin..).take(most.min(TAKEN_AT_ONCE)) {
            if slot.number != *next {
                break;
            }
            *next += 1;
            records.push(Arc::clone(&slot.record));
        }
        Taken {
            skipped,
            first,
            records,
            is_last: self.closed && *next > self.last,
        }
    }
}
