//! Waiting for sockets or a moment. The poller counts in milliseconds, too coarse for an open
//! loop, so there a timer of the system wakes it.

use std::io;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};

/// Events taken at a time.
const EVENTS: usize = 1024;
/// Nobody's token but the timer's.
pub(crate) const TIMER: Token = Token(usize::MAX);

/// Waits for sockets and moments.
#[derive(Debug)]
pub(crate) struct Poller {
    pub(crate) poll: Poll,
    timer: Option<timer::Timer>,
}

impl Poller {
    /// With `precise`, moments are met to some microseconds where the system can do that.
    pub(crate) fn new(precise: bool) -> io::Result<Poller> {
        let poll = Poll::new()?;
        let timer = match precise {
            true => timer::Timer::new(&poll)?,
            false => None,
        };
        Ok(Poller { poll, timer })
    }

    pub(crate) fn events() -> Events {
        Events::with_capacity(EVENTS)
    }

    pub(crate) fn register(
        &self,
        stream: &mut mio::net::TcpStream,
        token: Token,
    ) -> io::Result<()> {
        // Both from the start: mio tells of changes only (edge-triggered), so to ask for room when
        // there is none would need a call each time.
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(stream, token, interest)
    }

    /// Wait until something is ready or `limit` has passed.
    pub(crate) fn wait(&mut self, events: &mut Events, limit: Duration) -> io::Result<()> {
        let waited = match &self.timer {
            // At 10,000 lines a second one is due every 100 µs. A wait that is rounded up to 1 ms
            // would say ten at once and call the load late.
            Some(timer) if !limit.is_zero() => {
                timer.set(limit)?;
                self.poll.poll(events, None)
            }
            _ => self.poll.poll(events, Some(limit)),
        };
        match waited {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            waited => waited,
        }
    }
}

#[cfg(target_os = "linux")]
mod timer {
    use super::*;
    use std::os::fd::{AsRawFd, OwnedFd};

    use mio::unix::SourceFd;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };

    /// A timer that makes the poller wake up.
    #[derive(Debug)]
    pub(super) struct Timer(OwnedFd);

    impl Timer {
        pub(super) fn new(poll: &Poll) -> io::Result<Option<Timer>> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let source = timer.as_raw_fd();
            poll.registry()
                .register(&mut SourceFd(&source), TIMER, Interest::READABLE)?;
            Ok(Some(Timer(timer)))
        }

        /// Setting it anew also takes back an expiry that nobody read.
        pub(super) fn set(&self, limit: Duration) -> io::Result<()> {
            let once = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            let value = Timespec {
                tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: limit.subsec_nanos().into(),
            };
            let spec = Itimerspec {
                it_interval: once,
                it_value: value,
            };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &spec)?;
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod timer {
    use super::*;

    /// There is none: moments are met to a millisecond.
    #[derive(Debug)]
    pub(super) enum Timer {}

    impl Timer {
        pub(super) fn new(_poll: &Poll) -> io::Result<Option<Timer>> {
            Ok(None)
        }

        pub(super) fn set(&self, _limit: Duration) -> io::Result<()> {
            match *self {}
        }
    }
}
