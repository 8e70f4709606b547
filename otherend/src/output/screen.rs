//! The screen: what many conversations say, in one stream, without ever holding one of them up.
//!
//! Whoever carries a conversation leaves whole batches in a bounded queue; one thread formats and
//! writes. Past the bound lines are skipped, counted, and the count is shown. A stdout that is
//! gone ends the showing and nothing else, a full one is told of besides; one that takes nothing
//! does not hold up the end.

mod batch;
mod remark;
mod render;
mod thread;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use otherend_core::Time;
use otherend_net::Notice;

use crate::lock::lock;
use crate::output::time::TimeStyle;

pub(crate) use batch::{Batch, Said};
pub(crate) use remark::{Happened, Remark};
pub(crate) use render::Renderer;
pub(crate) use thread::ScreenThread;

/// How many bytes may wait to be written before lines are skipped. Where nothing waits, a batch may
/// be larger: a single read may hold more lines than that.
const ROOM: usize = 4 * 1024 * 1024;
/// How many bytes of remarks may wait beyond that: who came and who left matters more.
const ROOM_FOR_REMARKS: usize = 1024 * 1024;

/// How things are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// JSON Lines instead of text.
    pub(crate) json: bool,
    /// What stands before each line of text.
    pub(crate) time: TimeStyle,
    /// Show the number of the peer in front of each line.
    pub(crate) numbers: bool,
    /// Show the peer's bytes as they are, control characters included.
    pub(crate) raw: bool,
    /// Show the peer's bytes in rows of hex.
    pub(crate) hex: bool,
    /// Show only what went wrong.
    pub(crate) quiet: bool,
    /// Lines are datagrams: they need no end, and nobody connects.
    pub(crate) datagrams: bool,
}

/// The way to the screen; clone it for everyone who has something to show.
#[derive(Clone)]
pub(crate) struct Screen {
    backlog: Arc<Backlog>,
    look: Look,
}

#[derive(Default)]
struct Backlog {
    queue: Mutex<Queue>,
    filled: Condvar,
    /// The queue is full: do not even gather lines. Only a hint, so that skipping costs nothing;
    /// set only while something waits, or when nobody can be shown anything any more.
    full: AtomicBool,
    /// Counts on while stdout takes something, and when it begins to be waited for.
    progress: AtomicU64,
    /// It is stdout that is waited for, and not this program that is busy.
    waits: AtomicBool,
    /// Lines that were taken from the queue, and that stdout has not taken yet.
    in_hand: AtomicU64,
}

#[derive(Default)]
struct Queue {
    waiting: Batch,
    /// Lines that are not shown, and of which this is not yet said.
    skipped: u64,
    /// Nothing more comes.
    closed: bool,
    /// Nobody can be shown anything any more.
    dead: bool,
}

/// What was taken from the queue beside a batch.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    /// So many lines were skipped since the last time.
    skipped: u64,
    /// Nothing comes after this.
    last: bool,
}

impl Screen {
    /// Start showing on stdout; `zero` is the moment that the conversations' clock calls zero.
    ///
    /// # Errors
    ///
    /// When there is no thread left.
    pub(crate) fn start(look: Look, zero: Instant) -> io::Result<(Screen, ScreenThread)> {
        let screen = Screen {
            backlog: Arc::default(),
            look,
        };
        let thread = ScreenThread::start(Arc::clone(&screen.backlog), look, zero)?;
        Ok((screen, thread))
    }

    /// Lines need not be gathered now: they would be skipped.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.backlog.full.load(Ordering::Relaxed)
    }

    /// So many lines were not even gathered.
    pub(crate) fn skip(&self, lines: u64) {
        self.backlog.lock().skipped += lines;
        self.backlog.filled.notify_one();
    }

    /// Leave a batch and empty it. Never waits for the screen.
    pub(crate) fn push(&self, batch: &mut Batch) {
        if batch.is_empty() {
            return;
        }
        let mut queue = self.backlog.lock();
        let size = queue.waiting.size() + batch.size();
        let room = if batch.has_remarks() {
            ROOM + ROOM_FOR_REMARKS
        } else {
            ROOM
        };
        // Lines go first when it is full, and remarks have 1 MiB more: with a million lines skipped
        // it can still be seen who came and who left.
        if queue.dead || (size > room && !queue.waiting.is_empty()) {
            queue.skipped += batch.lines();
            self.backlog.full.store(true, Ordering::Relaxed);
        } else {
            queue.waiting.append(batch);
        }
        drop(queue);
        self.backlog.filled.notify_one();
        batch.clear();
    }

    /// Show one remark.
    pub(crate) fn remark(&self, now: Time, number: u64, remark: &Remark<'_>) {
        let mut batch = Batch::default();
        batch.remark(now, number, remark, self.look.json);
        self.push(&mut batch);
    }

    /// Show what happened at the door.
    pub(crate) fn notice(&self, now: Time, notice: &Notice<'_>) {
        let text;
        let remark = match *notice {
            Notice::Refused { address, refusal } => Remark::Refused {
                peer: address,
                reason: refusal,
            },
            Notice::AcceptFailed { error } => {
                text = error.to_string();
                Remark::AcceptFailed { error: &text }
            }
            Notice::Withheld { address, error } => {
                text = error.map(ToString::to_string).unwrap_or_default();
                Remark::Withheld {
                    peer: address,
                    error: error.map(|_| &text[..]),
                }
            }
            Notice::SelfConnect { address } => Remark::SelfConnect { peer: address },
            _ => return,
        };
        self.remark(now, 0, &remark);
    }

    /// How things are shown here.
    pub(crate) fn look(&self) -> Look {
        self.look
    }
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Wait for something to show and swap it with the empty `batch`.
    fn take(&self, batch: &mut Batch) -> Taken {
        let nothing =
            |queue: &mut Queue| queue.waiting.is_empty() && queue.skipped == 0 && !queue.closed;
        let mut queue = self
            .filled
            .wait_while(self.lock(), nothing)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut queue.waiting, batch);
        self.full.store(false, Ordering::Relaxed);
        let skipped = std::mem::take(&mut queue.skipped);
        // Before the lock is let go: at no moment is a line neither here nor there.
        let in_hand = batch.lines() + skipped;
        self.in_hand.store(in_hand, Ordering::Relaxed);
        Taken {
            skipped,
            last: queue.closed,
        }
    }

    /// How many lines there were to show, and are not shown yet.
    fn unshown(&self) -> u64 {
        let queue = self.lock();
        queue.waiting.lines() + queue.skipped + self.in_hand.load(Ordering::Relaxed)
    }

    /// Nobody can be shown anything any more.
    fn die(&self) {
        let mut queue = self.lock();
        queue.dead = true;
        queue.waiting = Batch::default();
        self.full.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otherend_core::LineEnd;

    fn screen() -> Screen {
        let look = Look {
            json: false,
            time: TimeStyle::None,
            numbers: true,
            raw: false,
            hex: false,
            quiet: false,
            datagrams: false,
        };
        let backlog = Arc::default();
        Screen { backlog, look }
    }

    fn empty_lines(count: usize) -> Batch {
        let mut batch = Batch::default();
        for _ in 0..count {
            batch.line(Time::ZERO, 1, Said::Client(Some(LineEnd::Lf)), b"");
        }
        batch
    }

    fn taken(skipped: u64) -> Taken {
        let last = false;
        Taken { skipped, last }
    }

    #[test]
    fn what_fits_nowhere_is_shown_where_nothing_waits() {
        let screen = screen();
        let mut large = empty_lines(2 * 65_536);
        assert!(large.size() > ROOM);
        screen.push(&mut large);
        assert!(!screen.is_full());
        screen.push(&mut empty_lines(3));
        assert!(screen.is_full(), "memory is bounded");
        let mut batch = Batch::default();
        assert_eq!(screen.backlog.take(&mut batch), taken(3));
        assert_eq!(batch.lines(), 2 * 65_536);
        assert!(!screen.is_full());
    }

    #[test]
    fn skipped_lines_are_something_to_show() {
        let screen = screen();
        screen.skip(5);
        let mut batch = Batch::default();
        assert_eq!(screen.backlog.take(&mut batch), taken(5));
        assert!(batch.is_empty());
    }

    #[test]
    fn a_screen_that_is_dead_stays_full_and_holds_nothing() {
        let screen = screen();
        screen.push(&mut empty_lines(3));
        screen.backlog.die();
        screen.push(&mut empty_lines(3));
        assert!(screen.is_full());
        assert!(screen.backlog.lock().waiting.is_empty());
    }
}
