//! A watcher for those that may be slow (usually: a bounded ring buffer, or lossy broadcast): a
//! browser, a bus, a remote screen.
//!
//! ```text
//! conversations ──▶ Ring: the newest N records ──▶ Reader: a screen that keeps up
//!       never wait        the oldest go            Reader: a browser that sleeps; later it is
//!                                                          told how many it has missed
//! ```
//!
//! Not a channel for each reader: the slowest would then have all the memory, or the conversations'
//! time. No conversation waits for a reader. What a reader was too slow for is gone for it, and counted:
//! between what it takes stands how many it missed, to the last one.

mod reader;
mod record;
pub(crate) mod slots;

use std::sync::Arc;

use otherend_core::{Event, Observer, OwnedEvent, Time, Wants};

use super::{Notice, Watcher};
use crate::peer::Peer;

pub use reader::Reader;
pub use record::{Happened, Record, Taken};
use slots::{Slots, Start, Weighed};

/// So many events of one conversation are gathered before they are handed on in mid-input.
const GATHERED: usize = 64;
/// Or so many bytes of them.
const GATHERED_BYTES: usize = 64 * 1024;

/// Keeps the newest records of all conversations that it watches, for any number of [`Reader`]s.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use otherend_net::core::{AnyBehaviour, Echo, Event};
/// use otherend_net::ring::{Happened, Ring};
/// use otherend_net::{Client, ConnectOptions, Server, ServerConfig};
///
/// let ring = Arc::new(Ring::new(10_000, 16 << 20));
/// let mut reader = ring.reader();
/// let echo = |_: &_| AnyBehaviour::Echo(Echo::default());
/// let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?
///     .watched_by(ring)
///     .start()?;
/// Client::connect(&server.addresses()[0], &ConnectOptions::default())?.say(b"hello")?;
///
/// let mut heard = Vec::new();
/// while heard.is_empty() {
///     let taken = reader.wait(100, Duration::from_secs(5));
///     assert!(!taken.is_empty(), "it took too long");
///     assert_eq!(taken.skipped, 0);
///     for record in taken.records {
///         let Happened::InConversation(peer, event) = &record.what else {
///             continue;
///         };
///         if let Event::Heard { message, .. } = event.as_event() {
///             assert_eq!(peer.number, 1);
///             heard.push(message.to_vec());
///         }
///     }
/// }
/// assert_eq!(heard, [b"hello"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Ring {
    pen: Arc<Pen>,
    wants: Wants,
}

impl Record {
    fn weighed(self) -> Weighed<Record> {
        let heap = match &self.what {
            Happened::InConversation(_, event) => event.heap_size(),
            Happened::AtTheDoor(_) => 0,
        };
        let size = size_of::<Record>() + heap;
        Weighed { record: self, size }
    }
}

/// Whoever can still write into the slots holds it: with the last one the readers come to an end.
struct Pen(Arc<Slots<Record>>);

impl Ring {
    /// Keep the newest `records`, which take `bytes` of memory at most. A single record that takes
    /// more is not kept, and counts as missed. What readers have taken is theirs, and not counted.
    #[must_use]
    pub fn new(records: usize, bytes: usize) -> Self {
        Ring {
            pen: Arc::new(Pen(Arc::new(Slots::new(records, bytes, 0)))),
            wants: Wants::ALL,
        }
    }

    /// Of the kinds that come often keep only these; all others are always kept.
    #[must_use]
    pub fn wanting(mut self, wants: Wants) -> Self {
        self.wants = wants;
        self
    }

    /// A reader that begins with the oldest record there is.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.pen.0), Start::Oldest)
    }

    /// A reader that goes on behind the record with this number, as a browser does that was away:
    /// what came since then and is gone, it has missed. A number that no record has yet is the
    /// newest one's.
    #[must_use]
    pub fn reader_behind(&self, number: u64) -> Reader {
        Reader::new(Arc::clone(&self.pen.0), Start::At(number.saturating_add(1)))
    }
}

impl Watcher for Ring {
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>> {
        Some(Box::new(Jotter {
            pen: Arc::clone(&self.pen),
            wants: self.wants,
            peer: Arc::new(peer.clone()),
            gathered: Vec::new(),
            bytes: 0,
        }))
    }

    fn notice(&self, now: Time, notice: &Notice<'_>) {
        let what = Happened::AtTheDoor(notice.into());
        self.pen.0.push([Record { at: now, what }.weighed()]);
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Watches one conversation: gathers what one input brings, so that the lock that all share is
/// taken once for it.
struct Jotter {
    pen: Arc<Pen>,
    wants: Wants,
    peer: Arc<Peer>,
    gathered: Vec<(Time, OwnedEvent)>,
    bytes: usize,
}

impl Jotter {
    fn hand_on(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        self.bytes = 0;
        let peer = &self.peer;
        let gathered = self.gathered.drain(..);
        self.pen.0.push(gathered.map(|(at, event)| {
            let what = Happened::InConversation(Arc::clone(peer), event);
            Record { at, what }.weighed()
        }));
        // An idle conversation keeps no memory.
        self.gathered.shrink_to_fit();
    }
}

impl Observer for Jotter {
    fn on_event(&mut self, now: Time, event: &Event<'_>) {
        let event = OwnedEvent::from(event);
        self.bytes += event.heap_size();
        self.gathered.push((now, event));
        if self.gathered.len() >= GATHERED || self.bytes >= GATHERED_BYTES {
            self.hand_on();
        }
    }

    fn wants(&self) -> Wants {
        self.wants
    }

    fn on_pause(&mut self) {
        self.hand_on();
    }
}

impl Drop for Jotter {
    fn drop(&mut self) {
        // A panic of another observer may have come before the pause.
        self.hand_on();
    }
}

#[cfg(test)]
mod tests;
