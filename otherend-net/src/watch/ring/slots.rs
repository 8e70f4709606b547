//! The records themselves, behind one lock.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use otherend_core::{OwnedEvent, Time};

use super::reader::Taken;
use super::{Happened, Record};
use crate::lock::lock;

/// So many are taken at once at most: while one is being taken, conversations wait for the lock.
const TAKEN_AT_ONCE: usize = 1024;

/// The newest records, and who waits for more.
pub(super) struct Slots {
    most: usize,
    most_bytes: usize,
    inside: Mutex<Inside>,
    filled: Condvar,
}

#[derive(Default)]
struct Inside {
    /// In the order of their numbers; between two of them one may be missing that was too large.
    records: VecDeque<Arc<Record>>,
    bytes: usize,
    /// The newest record's number, kept or not.
    last: u64,
    /// Nobody can write any more.
    closed: bool,
    /// The tasks that wait, by reader.
    wakers: HashMap<u64, Waker>,
    readers: u64,
}

impl Slots {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Slots {
            most,
            most_bytes,
            inside: Mutex::default(),
            filled: Condvar::new(),
        }
    }

    // ---- writing

    /// Keep these, and let the oldest go.
    pub(super) fn push(&self, all: impl IntoIterator<Item = (Time, Happened)>) {
        // Memory is given back without the lock: a large record may push thousands of small ones out.
        let mut gone = Vec::new();
        let mut inside = lock(&self.inside);
        for (at, what) in all {
            inside.last += 1;
            let number = inside.last;
            let record = Arc::new(Record { number, at, what });
            let size = size(&record);
            if size > self.most_bytes {
                gone.push(record);
                continue;
            }
            inside.records.push_back(record);
            inside.bytes += size;
            while inside.records.len() > self.most || inside.bytes > self.most_bytes {
                let Some(oldest) = inside.records.pop_front() else {
                    break;
                };
                inside.bytes -= self::size(&oldest);
                gone.push(oldest);
            }
        }
        let waiting = std::mem::take(&mut inside.wakers);
        drop(inside);
        self.wake(waiting);
    }

    /// Nothing more comes.
    pub(super) fn close(&self) {
        let mut inside = lock(&self.inside);
        inside.closed = true;
        let waiting = std::mem::take(&mut inside.wakers);
        drop(inside);
        self.wake(waiting);
    }

    fn wake(&self, tasks: HashMap<u64, Waker>) {
        self.filled.notify_all();
        for waker in tasks.into_values() {
            waker.wake();
        }
    }

    // ---- reading

    /// One more reader, which wants to begin with the record `next`: its own number, and where it
    /// begins. 0: with the oldest there is.
    pub(super) fn enter(&self, next: u64) -> (u64, u64) {
        let mut inside = lock(&self.inside);
        inside.readers += 1;
        let newest = inside.last + 1;
        let oldest = inside
            .records
            .front()
            .map_or(newest, |oldest| oldest.number);
        let next = if next == 0 { oldest } else { next.min(newest) };
        (inside.readers, next)
    }

    pub(super) fn leave(&self, reader: u64) {
        lock(&self.inside).wakers.remove(&reader);
    }

    /// Take what there is from `next` on, `most` at most.
    pub(super) fn take(&self, next: &mut u64, most: usize) -> Taken {
        lock(&self.inside).take(next, most)
    }

    /// The same, once there is something; after `limit` there may be nothing.
    pub(super) fn wait(&self, next: &mut u64, most: usize, limit: Duration) -> Taken {
        let nothing = |inside: &mut Inside| !inside.has_news(*next);
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
    ) -> Option<Taken> {
        let mut inside = lock(&self.inside);
        if inside.has_news(*next) {
            return Some(inside.take(next, most));
        }
        inside.wakers.insert(reader, waker.clone());
        None
    }
}

impl Inside {
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
    fn take(&mut self, next: &mut u64, most: usize) -> Taken {
        let begin = self.records.partition_point(|record| record.number < *next);
        let first = self.records.get(begin).map(|record| record.number);
        let first = first.unwrap_or(self.last + 1);
        let skipped = first - *next;
        *next = first;
        let mut records = Vec::new();
        for record in self.records.range(begin..).take(most.min(TAKEN_AT_ONCE)) {
            if record.number != *next {
                break;
            }
            *next += 1;
            records.push(Arc::clone(record));
        }
        Taken {
            skipped,
            records,
            is_last: self.closed && *next > self.last,
        }
    }
}

/// What a record takes.
fn size(record: &Record) -> usize {
    let heap = match &record.what {
        Happened::InConversation(_, event) => OwnedEvent::heap_size(event),
        Happened::AtTheDoor(_) => 0,
    };
    size_of::<Record>() + heap
}
