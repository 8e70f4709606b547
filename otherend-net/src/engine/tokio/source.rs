//! A stream as a runtime watches it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::stream::{self, Stream};
use crate::system::socket::{AsSocket, BorrowedSocket};

/// A [`Stream`] whose readiness the runtime knows.
#[derive(Debug)]
pub(crate) enum Source {
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
        match stream {
            Stream::Tcp(stream) => TcpStream::from_std(stream).map(Source::Tcp),
            Stream::Unix(stream) => UnixStream::from_std(stream).map(Source::Unix),
            // A server has a loop of its own for datagrams, and a client a thread.
            Stream::Udp(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    #[inline]
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Source::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Source::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }

    #[inline]
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Source::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Source::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    pub(super) fn poll_half_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Source::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Source::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    /// As [`Stream::reset_on_close`].
    pub(super) fn reset_on_close(&self) {
        if let Source::Tcp(stream) = self {
            stream::reset_on_close(stream);
        }
    }
}

impl AsSocket for Source {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        match self {
            Source::Tcp(stream) => stream.as_fd(),
            Source::Unix(stream) => stream.as_fd(),
        }
    }
}
