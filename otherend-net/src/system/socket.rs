//! What the system knows as a socket, and the options that not every system has.
//!
//! The three names are Unix's descriptors here, and would be Windows' socket handles there, where a
//! file is something else. Above this folder nobody asks which they are.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

pub(crate) use rustix::fd::{
    AsFd as AsSocket, BorrowedFd as BorrowedSocket, OwnedFd as OwnedSocket,
};
#[cfg(feature = "tokio")]
pub(crate) use rustix::fd::{AsRawFd as AsRawSocket, RawFd as RawSocket};
#[cfg(feature = "tokio")]
use rustix::net::{RecvFlags, SendFlags};
use socket2::Socket;

/// Let a listener have the port of one that was here before and whose connections are still being
/// forgotten. SO_REUSEADDR means that on Unix, and never lets two listen at once; where it does, as
/// on Windows, it must not be set.
pub(crate) fn take_over_port(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_address(true)
}

/// Let `listener` hear nothing that comes from now on; what it has already stays.
#[cfg(target_os = "linux")]
pub(crate) fn hear_nothing(listener: &impl AsSocket) -> io::Result<()> {
    // A program of one instruction (BPF_RET | BPF_K, classic BPF): of each packet keep 0 bytes.
    let keep_nothing = socket2::SockFilter::new(0x06, 0, 0, 0);
    socket2::SockRef::from(&listener.as_fd()).attach_filter(&[keep_nothing])
}

/// Other systems have no filter for one socket.
#[cfg(not(target_os = "linux"))]
pub(crate) fn hear_nothing(_listener: &impl AsSocket) -> io::Result<()> {
    Ok(())
}

/// How long what was sent may stay unacknowledged before the connection counts as lost.
#[cfg(target_os = "linux")]
pub(crate) fn limit_unacknowledged(stream: &TcpStream, limit: Duration) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(limit))
}

/// Other systems cannot be told; there keepalive alone notices.
#[cfg(not(target_os = "linux"))]
pub(crate) fn limit_unacknowledged(_stream: &TcpStream, _limit: Duration) -> io::Result<()> {
    Ok(())
}

/// Read from a socket that a runtime has, past what the runtime knows of it.
#[cfg(feature = "tokio")]
pub(crate) fn read(socket: &impl AsSocket, buffer: &mut [u8]) -> io::Result<usize> {
    let (count, _) = rustix::net::recv(socket.as_fd(), &mut *buffer, RecvFlags::empty())?;
    Ok(count)
}

/// Write to a socket that a runtime has, past what the runtime knows of it.
#[cfg(feature = "tokio")]
pub(crate) fn write(socket: &impl AsSocket, bytes: &[u8]) -> io::Result<usize> {
    // The signal would end a program that does not ignore it. Where the flag is missing, the standard
    // library has told the socket so when it was made, or there is no such signal.
    #[cfg(not(any(target_vendor = "apple", windows)))]
    let flags = SendFlags::NOSIGNAL;
    #[cfg(any(target_vendor = "apple", windows))]
    let flags = SendFlags::empty();
    let sent = rustix::io::retry_on_intr(|| rustix::net::send(socket.as_fd(), bytes, flags));
    Ok(sent?)
}
