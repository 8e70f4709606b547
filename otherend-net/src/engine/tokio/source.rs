//! A stream as a runtime watches it.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncWrite, Interest};
use tokio::net::{TcpStream, UnixStream};

use crate::stream::{self, Stream};
use crate::system::socket::{self, AsSocket, BorrowedSocket};

/// A [`Stream`] whose readiness the runtime knows.
#[derive(Debug)]
pub(crate) struct Source {
    socket: Socket,
    /// The last read has taken all there was: the runtime is asked for more, and not the system.
    emptied: bool,
    /// A read that brings less than it had room for may not have taken all: it ends at urgent data.
    pub(super) may_be_urgent: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Source {
    /// Let the runtime that is entered watch `stream`, which must not block.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub(crate) fn new(stream: Stream) -> io::Result<Source> {
        let socket = match stream {
            Stream::Tcp(stream) => Socket::Tcp(TcpStream::from_std(stream)?),
            Stream::Unix(stream) => Socket::Unix(UnixStream::from_std(stream)?),
            // A server has a loop of its own for datagrams, and a client a thread.
            Stream::Udp(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok(Source {
            socket,
            emptied: false,
            may_be_urgent: false,
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
            // Epoll does not tell again of what stood behind urgent data when a read ended there. So
            // who may send some is read until a read blocks; it costs everybody else nothing.
            let room = match self.may_be_urgent {
                true => 0,
                false => buffer.len(),
            };
            let outcome = self.socket.attempt(Interest::READABLE, room, |socket| {
                socket::read(&socket, buffer)
            })?;
            self.emptied = outcome.is_none_or(|count| 0 < count && count < room);
            if let Some(count) = outcome {
                return Poll::Ready(Ok(count));
            }
        }
    }

    /// Write what there is room for, or have the task woken when there is.
    #[inline(always)]
    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let outcome = self
                .socket
                .attempt(Interest::WRITABLE, bytes.len(), |socket| {
                    socket::write(&socket, bytes)
                })?;
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
        match &self.socket {
            Socket::Tcp(stream) => stream.take_error(),
            Socket::Unix(stream) => stream.take_error(),
        }
    }

    pub(super) fn poll_half_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    /// As [`Stream::reset_on_close`].
    pub(super) fn reset_on_close(&self) {
        if let Socket::Tcp(stream) = &self.socket {
            stream::reset_on_close(stream);
        }
    }
}

impl Socket {
    /// Make a `call` that moves `most` bytes if the runtime knows that it will not block; `None`: it
    /// would.
    ///
    /// One that moved less has emptied the socket, or filled it, and epoll tells of what comes after
    /// it: the runtime hears the same as of a call that would block, and no second one finds
    /// nothing. (An end that it knows of stays known.)
    #[inline(always)]
    fn attempt(
        &self,
        interest: Interest,
        most: usize,
        call: impl FnOnce(BorrowedSocket<'_>) -> io::Result<usize>,
    ) -> io::Result<Option<usize>> {
        let mut part = None;
        let once = || {
            let count = call(self.as_fd())?;
            if 0 < count && count < most {
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
        match self {
            Socket::Tcp(stream) => stream.try_io(interest, call),
            Socket::Unix(stream) => stream.try_io(interest, call),
        }
    }

    /// Have the task woken when something comes. Ready: it may have already.
    #[inline]
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Tcp(stream) => stream.poll_read_ready(cx),
            Socket::Unix(stream) => stream.poll_read_ready(cx),
        }
    }

    /// Have the task woken when there is room. Ready: there may be already.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Tcp(stream) => stream.poll_write_ready(cx),
            Socket::Unix(stream) => stream.poll_write_ready(cx),
        }
    }
}

impl AsSocket for Source {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        self.socket.as_fd()
    }
}

impl AsSocket for Socket {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        match self {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        }
    }
}
