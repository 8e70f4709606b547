//! Waiting for sockets (usually: a readiness selector), in one call for however many there are.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::socket::AsSocket;

/// What a socket is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interest(PollFlags);

impl Interest {
    /// Something to read, or somebody to accept.
    pub(crate) const READ: Interest = Interest(PollFlags::IN);
    /// Nothing but its end, which is told whatever is asked.
    pub(crate) const NONE: Interest = Interest(PollFlags::empty());
    /// Room to write, or a connect that is decided.
    pub(crate) const WRITE: Interest = Interest(PollFlags::OUT);

    /// In something to read, in room to write, in both, or in neither as [`NONE`](Self::NONE).
    #[inline]
    pub(crate) fn of(read: bool, write: bool) -> Interest {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, read);
        flags.set(PollFlags::OUT, write);
        Interest(flags)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn reads(self) -> bool {
        self.0.contains(PollFlags::IN)
    }
}

/// What a wait has found out about one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Readiness(PollFlags);

/// Told whether it was asked for or not, at once and for ever.
const GONE: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);

impl Readiness {
    /// Anything at all.
    pub(crate) fn is_any(self) -> bool {
        !self.0.is_empty()
    }

    /// A read would not block: there are bytes, or there is an end or an error to be told.
    #[inline]
    pub(crate) fn is_readable(self) -> bool {
        self.0.intersects(PollFlags::IN.union(GONE))
    }

    /// The other end has hung up, or the socket is broken.
    pub(crate) fn is_gone(self) -> bool {
        self.0.intersects(GONE)
    }

    /// An error waits to be taken.
    pub(crate) fn is_broken(self) -> bool {
        self.0.contains(PollFlags::ERR)
    }
}

/// One socket among those that are waited for; the system's own record, so that a wait copies nothing.
pub(crate) type Awaited<'a> = PollFd<'a>;

/// `socket`, to be waited for.
#[inline]
pub(crate) fn awaited(socket: &impl AsSocket, interest: Interest) -> Awaited<'_> {
    PollFd::from_borrowed_fd(socket.as_fd(), interest.0)
}

/// What the last wait has found out about it.
#[inline]
pub(crate) fn readiness(awaited: &Awaited<'_>) -> Readiness {
    Readiness(awaited.revents())
}

/// Wait until something happens or `timeout` has passed. `false`: nothing has happened.
#[inline]
pub(crate) fn wait(all: &mut [Awaited<'_>], timeout: Option<Duration>) -> bool {
    // Rounded up, so that the deadline has passed when the wait is over.
    let timeout = timeout.map(|timeout| timeout.saturating_add(Duration::from_micros(999)));
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    // A signal may end it early, as if nothing had happened: whoever waits looks again.
    poll(all, timeout.as_ref()).is_ok_and(|ready| ready > 0)
}

/// A read of `socket` would not block.
pub(crate) fn is_readable(socket: &impl AsSocket) -> bool {
    wait(&mut [awaited(socket, Interest::READ)], Some(Duration::ZERO))
}

/// Urgent data has come to `socket` and is not read yet.
///
/// A read never goes over its mark, so one that was short has not emptied the socket. For example,
/// of `one LF`, an urgent `!` and `two LF`, the first read brings four bytes and the second five.
pub(crate) fn is_before_urgent(socket: &impl AsSocket) -> bool {
    let mut all = [awaited(socket, Interest(PollFlags::PRI))];
    wait(&mut all, Some(Duration::ZERO)) && all[0].revents().contains(PollFlags::PRI)
}
