//! Orders to a conversation from outside the thread or task that carries it (usually: an actor's
//! mailbox, or command queue).

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
#[cfg(feature = "tokio")]
use std::task::Waker;

use otherend_core::EndReason;

use crate::lock::lock;
use crate::system::bell::Bell;

/// What a conversation is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Say a line.
    Say(Vec<u8>),
    /// Half-close once all is said, and go on hearing.
    FinishSaying,
    /// Say what is queued and close.
    Close(EndReason),
    /// Finish what has begun and close.
    Drain,
    /// Reset.
    Abort(EndReason),
}

/// Where orders wait until the carrier looks, and how it is woken to look.
#[derive(Debug)]
pub(crate) struct Mailbox {
    /// Orders may be waiting. Looked at without the lock.
    waiting: AtomicBool,
    orders: Mutex<Vec<Order>>,
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
            wake,
        }
    }

    /// Leave an order and wake the carrier.
    pub(crate) fn post(&self, order: Order) {
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

    /// The orders that wait, oldest first.
    #[inline]
    pub(crate) fn take(&self) -> Vec<Order> {
        // Without orders this is one load: it is asked before every wait.
        if !self.waiting.load(Ordering::Acquire) {
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
