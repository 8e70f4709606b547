//! What all conversations of one server share (usually: the connection registry): who is here, what
//! was counted, who watches, and the stop.

pub(crate) mod admitted;
pub(crate) mod handle;
pub(crate) mod mailbox;
pub(crate) mod registry;
pub(crate) mod stats;
pub(crate) mod tally;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use otherend_core::{Address, EndReason, Time};

use mailbox::Order;
use registry::Registry;
use stats::Counters;

use crate::peer::Peer;
use crate::stream::Keepalive;
use crate::system::bell::Bell;
use crate::system::clock::Clock;
use crate::system::memory;
use crate::watch::{Notice, Refusal, Watchers};

/// No stop is under way.
const NEVER: u64 = u64::MAX;
/// How long conversations that were cut off may take to notice it.
pub(crate) const AFTER_CUT: Duration = Duration::from_secs(1);

/// A server without its listeners.
pub(crate) struct Hub {
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) counters: Counters,
    pub(crate) keepalive: Option<Keepalive>,
    pub(crate) max_output_in_all: usize,
    pub(crate) drain_timeout: Duration,
    /// What a peer is told when there is no room.
    pub(crate) full: Refusal,
    /// Wakes the acceptor.
    pub(crate) door: Arc<Bell>,
    pub(crate) watchers: Watchers,
    /// A tap's: it stands between two ends, and what is said from outside is said in place of one.
    pub(crate) is_between: bool,
    /// When conversations that still go on are cut off, in microseconds; [`NEVER`] without a stop.
    stop_at: AtomicU64,
    suspended: AtomicBool,
    /// Memory of those who left is waiting to be given back.
    crowd_left: AtomicBool,
    last_number: AtomicU64,
}

impl Hub {
    pub(crate) fn new(door: Bell) -> Self {
        Hub {
            clock: Clock::new(),
            registry: Registry::default(),
            counters: Counters::default(),
            keepalive: None,
            max_output_in_all: usize::MAX,
            drain_timeout: Duration::ZERO,
            full: Refusal::Full,
            door: Arc::new(door),
            watchers: Watchers::default(),
            is_between: false,
            stop_at: AtomicU64::new(NEVER),
            suspended: AtomicBool::new(false),
            crowd_left: AtomicBool::new(false),
            last_number: AtomicU64::new(0),
        }
    }

    /// The next peer's number and addresses.
    pub(crate) fn introduce(&self, address: Address, local: Address) -> Peer {
        let number = self.last_number.fetch_add(1, Ordering::Relaxed) + 1;
        Peer {
            number,
            address,
            local,
        }
    }

    pub(crate) fn notice(&self, notice: &Notice<'_>) {
        self.watchers.notice(self.clock.now(), notice);
    }

    /// A connection could not be accepted or carried.
    pub(crate) fn accept_failed(&self, error: &io::Error) {
        self.counters.accept_failed();
        self.notice(&Notice::AcceptFailed { error });
    }

    /// Half of those who were here have left: the acceptor, which has time, cleans up after them.
    pub(crate) fn crowd_has_left(&self) {
        self.crowd_left.store(true, Ordering::Relaxed);
        self.door.ring();
    }

    /// Give back the memory of those who left, if they were many.
    pub(crate) fn clean_up(&self) {
        if self.crowd_left.swap(false, Ordering::Relaxed) {
            memory::give_back();
        }
    }

    pub(crate) fn suspend(&self, suspended: bool) {
        self.suspended.store(suspended, Ordering::Relaxed);
        self.door.ring();
    }

    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::Relaxed)
    }

    /// Take nobody in any more and let those who are here finish, for `limit` at most.
    pub(crate) fn drain(&self, limit: Duration) {
        // The earliest end stays: a second order with more time puts nothing off.
        let at = self.clock.now() + limit;
        // The mark first and the orders behind it, while `Admitted::new` enters the list first and
        // looks at the mark behind it: whoever comes in between gets the order from one of the two,
        // or from both, which does no harm.
        self.stop_at.fetch_min(at.as_micros(), Ordering::SeqCst);
        self.door.ring();
        for guest in self.registry.all() {
            guest.mailbox.post(Order::Drain);
        }
    }

    /// Cut everybody off.
    pub(crate) fn stop(&self) {
        // Two orders: the drain counts who was in the middle of something, the abort cuts it off.
        self.drain(Duration::ZERO);
        for guest in self.registry.all() {
            guest.mailbox.post(Order::Abort(EndReason::Stopped));
        }
    }

    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop_at.load(Ordering::SeqCst) != NEVER
    }

    #[inline]
    pub(crate) fn stop_deadline(&self) -> Option<Time> {
        let at = self.stop_at.load(Ordering::Relaxed);
        (at != NEVER).then(|| Time::from_micros(at))
    }

    /// After a stop: conversations end by themselves at its deadline at the latest.
    pub(crate) fn wait_for_the_last(&self) {
        while let Some(deadline) = self.stop_deadline() {
            // Asked anew each time round, for a second order may have brought the end forward.
            let left = self.clock.until(deadline);
            if self.registry.wait_until_empty(left + AFTER_CUT) || left.is_zero() {
                return;
            }
        }
    }
}
