//! What waits for the courier (usually: an outbound queue).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::room::Room;
use super::{Name, Publication, Stay};
use crate::lock::lock;
use crate::watch::ring::slots::{Slots, Weighed};

/// What a courier is to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Request {
    /// Let somebody into a room, or refuse: [`Courier::admit`](super::Courier::admit),
    /// [`Entry::refuse`].
    Enter(Entry),
    /// Carry a line to everybody in its room.
    Say(Saying),
    /// The member with this number is gone. Comes once for each that asked to enter, behind all
    /// that it said, whether it was let in or not.
    Leave {
        /// Which.
        member: u64,
        /// Which room it asked for.
        room: Name,
        /// Under which name.
        name: Name,
    },
}

/// Somebody who wants to enter a room. Dropping it without an answer says that nothing carries
/// messages.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Counts up; never used twice.
    pub member: u64,
    /// Which room.
    pub room: Name,
    /// Under which name.
    pub name: Name,
    pub(super) reply: Reply,
}

/// A line on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saying {
    /// Who says it.
    pub member: u64,
    /// The line's number, from 1 for each member: together with the member's and the machine's it
    /// is an identity, by which a line that was carried twice is known.
    pub number: u64,
    /// In which room.
    pub room: Name,
    /// The member's name.
    pub from: Name,
    /// Without an end.
    pub line: Vec<u8>,
}

/// What becomes of somebody who wants to enter.
pub(super) enum Answer {
    /// To this room; the record with this number is the first that it is told.
    Admitted(Arc<Room>, u64),
    Refused(String),
}

/// The way back to them.
pub(super) struct Reply(Arc<Slots<Answer>>);

impl Reply {
    pub(super) fn give(&self, answer: Answer) {
        let weighed = Weighed {
            record: answer,
            size: 0,
        };
        self.0.push_behind(0, weighed);
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Entry {
    /// Do not let it in, for this reason.
    pub fn refuse(self, why: &str) {
        self.reply.give(Answer::Refused(why.to_owned()));
    }
}

/// The requests in order; lines among them are bounded.
pub(super) struct Requests {
    /// How many bytes of lines may wait.
    most: usize,
    inside: Mutex<Inside>,
    filled: Condvar,
}

#[derive(Default)]
struct Inside {
    waiting: VecDeque<Request>,
    bytes: usize,
    waker: Option<Waker>,
    /// There is no courier any more.
    closed: bool,
}

impl Requests {
    pub(super) fn new(most: usize) -> Self {
        Requests {
            most,
            inside: Mutex::default(),
            filled: Condvar::new(),
        }
    }

    // ---- in

    pub(super) fn enter(&self, stay: &Stay, answers: Arc<Slots<Answer>>) {
        self.leave_it(Request::Enter(Entry {
            member: stay.number,
            room: stay.room.clone(),
            name: stay.name.clone(),
            reply: Reply(answers),
        }));
    }

    pub(super) fn say(&self, stay: &Stay, line: &[u8], number: &AtomicU64) -> Publication {
        let mut inside = lock(&self.inside);
        let size = size(line);
        if inside.closed {
            return Publication::Gone;
        }
        // As in a mailbox, one that is longer than all the room is taken while nothing else waits.
        if inside.bytes > 0 && inside.bytes.saturating_add(size) > self.most {
            return Publication::Full;
        }
        inside.bytes += size;
        // Counted under the lock, and only what is taken: numbers come in order and without a gap.
        let number = number.fetch_add(1, Ordering::Relaxed) + 1;
        inside.waiting.push_back(Request::Say(Saying {
            member: stay.number,
            number,
            room: stay.room.clone(),
            from: stay.name.clone(),
            line: line.to_vec(),
        }));
        let waker = inside.waker.take();
        drop(inside);
        self.wake(waker);
        Publication::Taken
    }

    pub(super) fn leave(&self, stay: &Stay) {
        self.leave_it(Request::Leave {
            member: stay.number,
            room: stay.room.clone(),
            name: stay.name.clone(),
        });
    }

    /// Leave a request for which there is always room: there is one of its kind for each member.
    fn leave_it(&self, request: Request) {
        let mut inside = lock(&self.inside);
        if inside.closed {
            // Dropped without the lock: who waits for its answer is woken.
            drop(inside);
            return drop(request);
        }
        inside.waiting.push_back(request);
        let waker = inside.waker.take();
        drop(inside);
        self.wake(waker);
    }

    fn wake(&self, waker: Option<Waker>) {
        self.filled.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    // ---- out

    pub(super) fn next(&self, limit: Duration) -> Option<Request> {
        let inside = lock(&self.inside);
        let empty = |inside: &mut Inside| inside.waiting.is_empty();
        let waited = self.filled.wait_timeout_while(inside, limit, empty);
        let (mut inside, _) = waited.unwrap_or_else(PoisonError::into_inner);
        inside.next()
    }

    pub(super) fn next_or_wake(&self, waker: &Waker) -> Option<Request> {
        let mut inside = lock(&self.inside);
        let next = inside.next();
        if next.is_none() {
            inside.waker = Some(waker.clone());
        }
        next
    }

    /// Nobody takes them any more.
    pub(super) fn close(&self) {
        let mut inside = lock(&self.inside);
        inside.closed = true;
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        drop(waiting);
    }
}

impl Inside {
    fn next(&mut self) -> Option<Request> {
        let next = self.waiting.pop_front();
        if let Some(Request::Say(saying)) = &next {
            self.bytes -= size(&saying.line);
        }
        next
    }
}

/// What a line takes while it waits.
fn size(line: &[u8]) -> usize {
    line.len() + size_of::<Request>()
}
