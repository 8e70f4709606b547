//! What happens in a tapped connection, for whoever watches.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use otherend_core::{Role, Time};

use super::Fault;
use crate::client::ConnectError;
use crate::peer::Peer;
use crate::watch::Notice;

/// Something that happened in one tapped connection.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The client is here, and the target is being connected to.
    Accepted,
    /// The target answered: from here on bytes pass.
    Connected {
        /// The address that answered.
        target: SocketAddr,
        /// Our own address towards it.
        local: SocketAddr,
        /// How long it took.
        after: Duration,
    },
    /// The target could not be reached; the client is closed in good order.
    NotConnected {
        /// Why.
        error: &'a ConnectError,
    },
    /// One end said these bytes and they are passed on. How they are cut is TCP's choice.
    Bytes {
        /// Who said them.
        from: Role,
        /// The bytes as they are passed on.
        bytes: &'a [u8],
    },
    /// A fault met this line of one end; at the start of a connection there is none.
    Fault {
        /// Whose line it is.
        from: Role,
        /// The fault.
        fault: &'a Fault,
        /// The line with its end, as it was said.
        line: &'a [u8],
    },
    /// What was passed on so far stands by itself: a fault parts it from what follows.
    Boundary {
        /// Who said it.
        from: Role,
    },
    /// One end has finished sending, and the other is told so.
    Finished {
        /// Who has finished.
        from: Role,
    },
    /// It is over; nothing comes after this.
    Ended {
        /// Why.
        ending: Ending,
        /// Bytes of the client that were passed on.
        from_client: u64,
        /// Bytes of the server that were passed on.
        from_server: u64,
    },
}

/// Why a tapped connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// Both ends have finished sending and all of it was passed on.
    Finished,
    /// This end reset the connection; so was the other.
    Reset(Role),
    /// This end could no longer be reached; the other was reset.
    Unreachable(Role),
    /// The target was never reached.
    NotConnected,
    /// A fault cut a line of this end, and both were closed.
    CutByFault(Role),
    /// A fault at a line of this end reset both.
    ResetByFault(Role),
    /// Somebody at the tap closed it.
    ClosedHere,
    /// The tap is stopping, and nothing was under way.
    Drained,
    /// The tap stopped before the ends were done.
    Stopped,
    /// The observer panicked; both ends were reset.
    Panicked,
}

impl Ending {
    /// A stable word, for metrics and JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Ending::Finished => "finished",
            Ending::Reset(Role::Client) => "client-reset",
            Ending::Reset(Role::Server) => "server-reset",
            Ending::Unreachable(Role::Client) => "client-unreachable",
            Ending::Unreachable(Role::Server) => "server-unreachable",
            Ending::NotConnected => "not-connected",
            Ending::CutByFault(_) => "cut-by-fault",
            Ending::ResetByFault(_) => "reset-by-fault",
            Ending::ClosedHere => "closed-here",
            Ending::Drained => "drained",
            Ending::Stopped => "stopped",
            Ending::Panicked => "panicked",
        }
    }

    /// It ended as it should, or as somebody wanted: neither an end nor the tap broke it.
    #[must_use]
    pub const fn is_orderly(self) -> bool {
        matches!(
            self,
            Ending::Finished
                | Ending::CutByFault(_)
                | Ending::ResetByFault(_)
                | Ending::ClosedHere
                | Ending::Drained
        )
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ending::Finished => "both ends have finished",
            Ending::Reset(Role::Client) => "the client reset the connection",
            Ending::Reset(Role::Server) => "the server reset the connection",
            Ending::Unreachable(Role::Client) => "the client can no longer be reached",
            Ending::Unreachable(Role::Server) => "the server can no longer be reached",
            Ending::NotConnected => "the target was not reached",
            Ending::CutByFault(_) => "cut by a fault",
            Ending::ResetByFault(_) => "reset by a fault",
            Ending::ClosedHere => "closed at the tap",
            Ending::Drained => "the tap is stopping",
            Ending::Stopped => "cut off, the tap stopped",
            Ending::Panicked => "the observer panicked",
        })
    }
}

/// Watches one tapped connection.
///
/// Calls come from the thread that moves the bytes, and while they wait: an observer that takes
/// long delays both ends.
pub trait Observer: Send {
    /// Something happened at `now`. Slices live for this call only.
    fn on_event(&mut self, now: Time, event: &Event<'_>);

    /// All that came at once is worked off: the moment to hand on what was gathered.
    fn on_pause(&mut self) {}

    /// When [`tick`](Self::tick) is due at the latest; `None`: never.
    fn deadline(&self) -> Option<Time> {
        None
    }

    /// Time has passed.
    fn tick(&mut self, now: Time) {
        let _ = now;
    }
}

/// Watches a tap: says who watches each connection, and is told what happens at the door.
pub trait Audience: Send + Sync {
    /// Who watches the connection of `peer`, which was just accepted; `None`: nobody.
    fn observer(&self, peer: &Peer) -> Option<Box<dyn Observer>>;

    /// Something happened at the door.
    fn notice(&self, now: Time, notice: &Notice<'_>) {
        let _ = (now, notice);
    }
}
