//! A stream as a runtime watches it.

use std::io;
use std::mem;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::stream::Stream;
use crate::system::socket::{self, AsSocket, BorrowedSocket};

/// A [`Stream`] whose readiness the runtime knows.
#[derive(Debug)]
pub(crate) struct Source {
    socket: Socket,
    /// The last read has taken all there was: the runtime is asked for more, and not the system.
    emptied: bool,
    /// Urgent data has come: a read that brings less than it had room for may have ended there, and
    /// more stands behind it, of which epoll does not tell again. So until a read blocks each read
    /// is followed by another.
    is_urgent: bool,
}

/// What the runtime watches. Not its own `TcpStream`, which is never told of urgent data.
#[derive(Debug)]
struct Socket(AsyncFd<Stream>);

/// What it watches for.
#[cfg(target_os = "linux")]
const WATCHED: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);
#[cfg(not(target_os = "linux"))]
const WATCHED: Interest = Interest::READABLE.add(Interest::WRITABLE);

impl Source {
    /// Let the runtime that is entered watch `stream`, which must not block.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub(crate) fn new(stream: Stream) -> io::Result<Source> {
        if stream.is_datagrams() {
            // A server has a loop of its own for datagrams, and a client a thread.
            return Err(io::ErrorKind::Unsupported.into());
        }
        // A descriptor that closes or changes while it is watched would be the danger: a stream keeps
        // its own to its end. What replaces this call is an unsafe one that has us promise that.
        #[allow(deprecated, reason = "the safe one of two that do the same")]
        let watched = AsyncFd::with_interest(stream, WATCHED)?;
        Ok(Source {
            socket: Socket(watched),
            emptied: false,
            is_urgent: false,
        })
    }

    /// Read what is there, or have the task woken when something is.
    ///
    /// The runtime's own `poll_read` does the same, but takes the task's budget and looks for a
    /// waker before each read, and once more before each wait.
    #[inline]
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if mem::take(&mut self.emptied) {
                ready!(self.socket.poll_readable(cx))?;
            }
            let Some(count) = self.attempt_read(buffer)? else {
                self.emptied = true;
                self.is_urgent = false;
                continue;
            };
            return Poll::Ready(Ok(count));
        }
    }

    /// Read, if the runtime knows that it will not block; `None`: it would.
    ///
    /// For example, `one LF`, an urgent `!` and `two LF` have come, and epoll has told so once. The
    /// first read brings four bytes, and a second one the other five.
    #[inline]
    fn attempt_read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let room = buffer.len();
        let is_short = |count| 0 < count && count < room;
        let was_urgent = self.is_urgent;
        let outcome = self.socket.attempt(
            Interest::READABLE,
            |count| is_short(count) && !was_urgent && !self.socket.hears_of_urgent(),
            |socket| socket::read(&socket, buffer),
        )?;
        if outcome.is_some_and(is_short) && !was_urgent {
            // First it is noted and then forgotten: what comes in between is read in any case.
            self.is_urgent = self.socket.hears_of_urgent();
            self.emptied = !self.is_urgent;
            if self.is_urgent {
                self.socket.forget_urgent();
            }
        }
        Ok(outcome)
    }

    /// Write what there is room for, or have the task woken when there is.
    #[inline(always)]
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let outcome = self.socket.attempt(
                Interest::WRITABLE,
                |count| 0 < count && count < bytes.len(),
                |socket| socket::write(&socket, bytes),
            )?;
            if let Some(count) = outcome {
                return Poll::Ready(Ok(count));
            }
            ready!(self.socket.poll_writable(cx))?;
        }
    }

    /// Have the runtime take it that there is no room to write, until it hears of some.
    pub(super) fn forget_room(&self) {
        let none = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.socket.try_io(Interest::WRITABLE, none);
    }

    /// Have the task woken when there is room to write. Ready: there may be already.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_writable(cx)
    }

    /// What broke it, told once.
    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.0.get_ref().take_error()
    }

    pub(super) fn half_close(&self) -> io::Result<()> {
        self.socket.0.get_ref().half_close()
    }

    /// As [`Stream::reset_on_close`].
    pub(super) fn reset_on_close(&self) {
        self.socket.0.get_ref().reset_on_close();
    }
}

impl Socket {
    /// Make a `call` that moves bytes if the runtime knows that it will not block; `None`: it would.
    ///
    /// One that moved less than it could `is_the_last` to, for now: it has emptied the socket, or
    /// filled it, and epoll tells of what comes after it. The runtime hears the same as of a call that
    /// would block, and no second one finds nothing. (An end that it knows of stays known.)
    #[inline(always)]
    fn attempt(
        &self,
        interest: Interest,
        is_the_last: impl FnOnce(usize) -> bool,
        call: impl FnOnce(BorrowedSocket<'_>) -> io::Result<usize>,
    ) -> io::Result<Option<usize>> {
        let mut part = None;
        let once = || {
            let count = call(self.as_fd())?;
            if is_the_last(count) {
                part = Some(count);
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(count)
        };
        match self.try_io(interest, once) {
            Ok(count) => Ok(Some(count)),
            Err(_) if part.is_some() => Ok(part),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[inline]
    fn try_io<R>(&self, interest: Interest, call: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.0.try_io(interest, |_| call())
    }

    /// Urgent data has come since this was last forgotten.
    #[cfg(target_os = "linux")]
    #[inline]
    fn hears_of_urgent(&self) -> bool {
        self.try_io(Interest::PRIORITY, || Ok(())).is_ok()
    }

    /// Where the runtime cannot say, the system is asked.
    #[cfg(not(target_os = "linux"))]
    fn hears_of_urgent(&self) -> bool {
        crate::system::poll::is_before_urgent(self)
    }

    fn forget_urgent(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.try_io(Interest::PRIORITY, || {
            Err::<(), _>(io::ErrorKind::WouldBlock.into())
        });
    }

    /// Have the task woken when something comes. Ready: it may have already.
    #[inline]
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_read_ready(cx).map_ok(|_| ())
    }

    /// Have the task woken when there is room. Ready: there may be already.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_write_ready(cx).map_ok(|_| ())
    }
}

impl AsSocket for Source {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        self.socket.as_fd()
    }
}

impl AsSocket for Socket {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        AsSocket::as_fd(self.0.get_ref())
    }
}
