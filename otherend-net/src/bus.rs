//! The bus (usually: publish and subscribe, with presence): carries what is said in rooms between
//! conversations, in this process or between machines. This is the contract that both have.
//!
//! ```text
//!             bounded: Publication::Full              one order for everybody
//! Member::say ──▶ requests that wait ──▶ Courier::next ──▶ this process, or other machines ──┐
//! Member::told ◀── the room's newest records, each member at its own pace ◀── Courier::deliver
//! ```
//!
//! Nothing here waits for the courier: a line to be said is taken or refused at once, and the
//! answer to one who wants to enter comes later. Nobody waits for a slow member: it misses what the
//! room no longer keeps, and is told how much. While the courier takes nothing, because what
//! carries its messages is away, lines wait in order up to a limit, and then whoever says one is
//! told that it is full.

mod courier;
mod name;
mod requests;
mod room;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::watch::ring::slots::{Slots, Start};
use crate::watch::ring::{Reader, Taken};

pub use courier::Courier;
pub use name::{Name, NameError};
pub use requests::{Entry, Request, Saying};
pub use room::RoomEvent;

use requests::{Answer, Requests};
use room::Room;

/// How much a bus keeps.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BusConfig {
    /// How many bytes of lines may wait for the courier (1 MiB).
    pub waiting: usize,
    /// How many records a room keeps for members that are slow (1,000).
    pub room_records: usize,
    /// How many bytes they may take (1 MiB).
    pub room_bytes: usize,
    /// How many of them somebody who enters is told of (20).
    pub history: usize,
}

impl Default for BusConfig {
    fn default() -> Self {
        BusConfig {
            waiting: 1 << 20,
            room_records: 1000,
            room_bytes: 1 << 20,
            history: 20,
        }
    }
}

/// The two ends of a bus: the one for conversations, and the one for whoever carries.
///
/// ```
/// use std::time::Duration;
///
/// use otherend_net::bus::{BusConfig, Name, Request, RoomEvent, bus};
///
/// let limit = Duration::from_secs(5);
/// let (bus, courier) = bus(BusConfig::default());
/// let (lobby, ann): (Name, Name) = ("lobby".parse()?, "ann".parse()?);
///
/// // A courier lets somebody in; its rooms begin at message 0.
/// let mut entering = bus.enter(lobby.clone(), ann);
/// let Some(Request::Enter(entry)) = courier.next(limit) else { panic!() };
/// courier.admit(entry, 0);
/// let mut ann = entering.wait(limit).expect("there is an answer")?;
///
/// // What she says goes to the courier, and comes back to all as message 1.
/// ann.say(b"hello");
/// let Some(Request::Say(saying)) = courier.next(limit) else { panic!() };
/// let told = RoomEvent::Said { from: saying.from, line: saying.line };
/// courier.deliver(&lobby, 1, told.clone());
/// assert_eq!(*ann.told().wait(1, limit).records[0], told);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn bus(config: BusConfig) -> (Bus, Courier) {
    let link = Arc::new(Link {
        requests: Requests::new(config.waiting),
        rooms: Mutex::default(),
        members: AtomicU64::new(0),
        config,
    });
    (Bus(Arc::clone(&link)), Courier::new(link))
}

/// Lets conversations into rooms; clone it freely.
#[derive(Clone)]
pub struct Bus(Arc<Link>);

/// What lies between the two ends.
struct Link {
    config: BusConfig,
    requests: Requests,
    /// A room is there as long as it has members here.
    rooms: Mutex<HashMap<Name, Weak<Room>>>,
    /// The last member's number.
    members: AtomicU64,
}

impl Bus {
    /// Ask to be let into `room` as `name`; the answer comes later.
    #[must_use]
    pub fn enter(&self, room: Name, name: Name) -> Entering {
        let link = &self.0;
        let answers = Arc::new(Slots::new(1, usize::MAX, 0));
        let stay = Stay {
            link: Arc::clone(link),
            number: link.members.fetch_add(1, Ordering::Relaxed) + 1,
            room,
            name,
        };
        let answer = Reader::new(Arc::clone(&answers), Start::Oldest);
        link.requests.enter(&stay, answers);
        Entering {
            answer,
            stay: Some(stay),
        }
    }
}

/// A request to enter that the courier must be told to forget again: said exactly once, behind it,
/// however it ends.
struct Stay {
    link: Arc<Link>,
    number: u64,
    room: Name,
    name: Name,
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.link.requests.leave(self);
    }
}

/// Somebody at a room's door: a future of the [`Member`], for tasks, and [`wait`](Self::wait) for
/// threads. Whoever drops it does not enter.
pub struct Entering {
    answer: Reader<Answer>,
    /// Until it is decided. Dropped last: who takes its leave finds the room without it.
    stay: Option<Stay>,
}

/// Why somebody was not let into a room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAdmitted {
    /// The courier refused, for this reason: the name is taken, the room is full …
    #[error("{0}")]
    Refused(String),
    /// There is no courier any more.
    #[error("nothing carries messages any more")]
    Gone,
}

impl Entering {
    /// Wait for the answer, for `limit` at most; `None`: there is none yet, or it was given before.
    pub fn wait(&mut self, limit: Duration) -> Option<Result<Member, NotAdmitted>> {
        self.stay.as_ref()?;
        let taken = self.answer.wait(1, limit);
        (!taken.is_empty()).then(|| self.decided(&taken))?
    }

    fn decided(&mut self, taken: &Taken<Answer>) -> Option<Result<Member, NotAdmitted>> {
        let stay = self.stay.take()?;
        let (room, begin) = match taken.records.first().map(|answer| &**answer) {
            Some(Answer::Admitted(room, begin)) => (Arc::clone(room), *begin),
            Some(Answer::Refused(why)) => return Some(Err(NotAdmitted::Refused(why.clone()))),
            None => return Some(Err(NotAdmitted::Gone)),
        };
        Some(Ok(Member {
            told: Reader::new(Arc::clone(&room.records), Start::At(begin)),
            room,
            said: AtomicU64::new(0),
            stay,
        }))
    }
}

impl Future for Entering {
    type Output = Result<Member, NotAdmitted>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Poll::Ready(taken) = self.answer.poll_take(cx, 1) else {
            return Poll::Pending;
        };
        Poll::Ready(self.decided(&taken).unwrap_or(Err(NotAdmitted::Gone)))
    }
}

/// A conversation in a room; dropping it leaves.
pub struct Member {
    room: Arc<Room>,
    told: Reader<RoomEvent>,
    /// The last line's number.
    said: AtomicU64,
    /// Dropped last: who takes its leave finds the room without it.
    stay: Stay,
}

/// What became of a line that was to be said in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Publication {
    /// It is said once those before it are, if the courier stays; whoever said it is told of it as
    /// everybody is.
    Taken,
    /// So many lines wait already that it was not taken; later there may be room.
    Full,
    /// Nothing carries it any more.
    Gone,
}

impl Member {
    /// Say a line to everybody in the room. Never waits.
    pub fn say(&self, line: &[u8]) -> Publication {
        let number = &self.said;
        self.stay.link.requests.say(&self.stay, line, number)
    }

    /// What is told in the room, beginning with its history, at one's own pace. What is skipped was
    /// missed for being slow, or never reached this machine.
    pub fn told(&mut self) -> &mut Reader<RoomEvent> {
        &mut self.told
    }

    /// Who is in the room, on all machines.
    #[must_use]
    pub fn present(&self) -> Vec<Name> {
        self.room.present()
    }

    /// One's own name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.stay.name
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Member");
        out.field("room", &self.stay.room);
        out.field("name", &self.stay.name).finish_non_exhaustive()
    }
}
