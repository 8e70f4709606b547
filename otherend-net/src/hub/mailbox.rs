//! Orders to a conversation from outside the thread or task that carries it (usually: an actor's
//! mailbox, or command queue).
//!
//! Lines to say are held back while the peer is slow, in order, and there is room for so many: who
//! orders one more is told that it is full. An abort and a drain wait behind nothing.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
#[cfg(feature = "tokio")]
use std::task::Waker;

use otherend_core::{EndReason, Role};

use crate::lock::lock;
use crate::system::bell::Bell;

/// What a conversation is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Say a line.
    Say(Vec<u8>),
    /// Say these bytes to the other end as if this one had: of a tap alone.
    SayAs(Role, Vec<u8>),
    /// Half-close once all is said, and go on hearing.
    FinishSaying,
    /// What a behaviour had no room for may come.
    GoOn,
    /// Say what is queued and close.
    Close(EndReason),
    /// Finish what has begun and close.
    Drain,
    /// Reset.
    Abort(EndReason),
}

/// Lines beyond so many bytes do not wait (1 MiB), the memory of their orders counted too.
const ROOM: usize = 1024 * 1024;

/// Where orders wait until the carrier looks, and how it is woken to look.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// Orders may be waiting. Looked at without the lock.
    waiting: AtomicBool,
    orders: Mutex<Vec<Order>>,
    /// Bytes of lines that wait: here, or with the carrier until the peer has read some.
    held: AtomicUsize,
    wake: Wake,
}

/// How the carrier waits.
#[derive(Debug)]
enum Wake {
    Thread(Bell),
    /// A thread that carries many conversations, and looks into all their mailboxes when it rings.
    Everybody(Arc<Bell>),
    #[cfg(feature = "tokio")]
    Task(Mutex<Option<Waker>>),
}

impl Mailbox {
    /// For a thread, which waits for the bell beside its socket.
    ///
    /// # Errors
    ///
    /// When no descriptor is left for the bell.
    pub(crate) fn for_thread() -> io::Result<Self> {
        Ok(Mailbox::new(Wake::Thread(Bell::new()?)))
    }

    /// For a thread with many mailboxes and one bell, which it silences itself.
    pub(crate) fn with_common_bell(bell: Arc<Bell>) -> Self {
        Mailbox::new(Wake::Everybody(bell))
    }

    /// For a task, which leaves its waker here.
    #[cfg(feature = "tokio")]
    pub(crate) fn for_task() -> Self {
        Mailbox::new(Wake::Task(Mutex::new(None)))
    }

    fn new(wake: Wake) -> Self {
        Mailbox {
            waiting: AtomicBool::new(false),
            orders: Mutex::new(Vec::new()),
            held: AtomicUsize::new(0),
            wake,
        }
    }

    /// Leave a line to say, if there is room. `false`: there is none, the peer is too slow. One that
    /// is longer than all the room is taken while nothing else waits.
    pub(crate) fn post_line(&self, line: &[u8]) -> bool {
        let taken = self.take_room(line);
        if taken {
            self.leave(Order::Say(line.to_vec()));
        }
        taken
    }

    /// The same for bytes that are to be said in place of `from`.
    pub(crate) fn post_bytes(&self, from: Role, bytes: &[u8]) -> bool {
        let taken = self.take_room(bytes);
        if taken {
            self.leave(Order::SayAs(from, bytes.to_vec()));
        }
        taken
    }

    fn take_room(&self, line: &[u8]) -> bool {
        let size = size(line);
        let more = |held: usize| {
            let fits = held == 0 || held.saturating_add(size) <= ROOM;
            fits.then(|| held.saturating_add(size))
        };
        // Counted before it is left here, so that two who post at once do not both get the last of
        // the room; and let go when it is said, not when it is taken. A carrier whose peer does not
        // read takes its orders and keeps the lines: without this it would keep any number of them.
        let held = &self.held;
        let taken = held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok()
    }

    /// A line that waited was said or is never said: its room is free.
    pub(crate) fn let_go(&self, line: &[u8]) {
        self.held.fetch_sub(size(line), Ordering::Relaxed);
    }

    /// Leave an order, for which there is always room, and wake the carrier.
    pub(crate) fn post(&self, order: Order) {
        if let Order::Say(line) = &order {
            self.held.fetch_add(size(line), Ordering::Relaxed);
        }
        self.leave(order);
    }

    fn leave(&self, order: Order) {
        lock(&self.orders).push(order);
        self.wake();
    }

    /// Wake the carrier, which looks for orders and at its deadline.
    pub(crate) fn wake(&self) {
        self.waiting.store(true, Ordering::Release);
        match &self.wake {
            Wake::Thread(bell) => bell.ring(),
            Wake::Everybody(bell) => bell.ring(),
            #[cfg(feature = "tokio")]
            Wake::Task(waker) => {
                if let Some(waker) = &*lock(waker) {
                    waker.wake_by_ref();
                }
            }
        }
    }

    /// There may be orders. One load: it is asked before every wait.
    #[inline]
    pub(crate) fn has_some(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// The orders that wait, oldest first.
    ///
    /// No wake-up is lost as long as both sides keep their order. Who posts: the order, the mark,
    /// the bell. Who takes: the mark, the bell, the orders. So whatever came between two of these
    /// steps is found now or rings again:
    ///
    /// ```text
    /// carrier                          somebody who posts
    /// mark off
    ///                                  leaves the order, mark on, rings
    /// silences that ring too
    /// takes the orders: the new one is among them, and the mark only makes it look once more
    /// ```
    ///
    /// The other way round (orders first, then the mark) an order left in between would lie in a
    /// mailbox without mark or ring until the next. A wake without an order ([`wake`](Self::wake))
    /// may lose its ring here: the carrier asks for its deadline after this and before it waits.
    pub(crate) fn take(&self) -> Vec<Order> {
        if !self.has_some() {
            return Vec::new();
        }
        self.waiting.store(false, Ordering::Release);
        if let Some(bell) = self.bell() {
            bell.silence();
        }
        std::mem::take(&mut *lock(&self.orders))
    }

    /// The bell to wait for, where a thread carries this conversation alone.
    pub(crate) fn bell(&self) -> Option<&Bell> {
        match &self.wake {
            Wake::Thread(bell) => Some(bell),
            Wake::Everybody(_) => None,
            #[cfg(feature = "tokio")]
            Wake::Task(_) => None,
        }
    }

    /// The task to wake; orders posted before this must be looked for once more.
    #[cfg(feature = "tokio")]
    pub(crate) fn wake_with(&self, waker: &Waker) {
        if let Wake::Task(slot) = &self.wake {
            *lock(slot) = Some(waker.clone());
        }
    }
}

/// What a line takes while it waits.
fn size(line: &[u8]) -> usize {
    line.len() + size_of::<Order>()
}

#[cfg(all(test, feature = "tokio"))]
mod tests {
    use super::*;

    #[test]
    fn lines_are_held_back_and_nothing_else() {
        let mailbox = Mailbox::for_task();
        let line = vec![b'x'; ROOM / 4];
        let taken = (0..9).filter(|_| mailbox.post_line(&line)).count();
        assert_eq!(taken, 3);
        mailbox.post(Order::Abort(EndReason::ClosedHere));
        let orders = mailbox.take();
        assert_eq!(orders.len(), 4);
        assert!(matches!(orders[3], Order::Abort(_)));
        // Taken is not said: they still wait, with the carrier.
        assert!(!mailbox.post_line(&line));
        mailbox.let_go(&line);
        assert!(mailbox.post_line(&line));
    }

    #[test]
    fn a_line_longer_than_all_room_waits_alone() {
        let mailbox = Mailbox::for_task();
        assert!(mailbox.post_line(&vec![b'x'; 2 * ROOM]));
        assert!(!mailbox.post_line(b"x"));
    }
}
