//! Waiting for one of the three standard streams, and reading and writing them without their buffers.

use std::io;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

pub(crate) use rustix::fd::{AsFd as AsDescriptor, BorrowedFd as BorrowedDescriptor};

/// What a descriptor is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Interest {
    /// Something to read, or an end.
    Read,
    /// Room to write.
    Write,
    /// Only that nobody is at the other end any more.
    Gone,
}

/// Wait for that, or for `limit`. `false`: the time is up, or a signal came first, and whoever waits
/// tries again.
///
/// # Errors
///
/// As poll(2).
pub(crate) fn wait(
    descriptor: &impl AsDescriptor,
    interest: Interest,
    limit: Option<Duration>,
) -> io::Result<bool> {
    let flags = match interest {
        Interest::Read => PollFlags::IN,
        Interest::Write => PollFlags::OUT,
        // Without being asked poll tells of errors only: the last reader of a pipe has gone, the
        // terminal was closed.
        Interest::Gone => PollFlags::empty(),
    };
    let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
    match poll(&mut [PollFd::new(descriptor, flags)], limit.as_ref()) {
        Err(Errno::INTR) => Ok(false),
        ready => Ok(ready? > 0),
    }
}

/// Read once.
///
/// # Errors
///
/// As read(2).
pub(crate) fn read(descriptor: &impl AsDescriptor, bytes: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(descriptor, bytes)?)
}

/// Read once, at most what there is `room` for, behind what is in `memory`.
///
/// # Errors
///
/// As read(2).
pub(crate) fn read_behind(
    descriptor: &impl AsDescriptor,
    memory: &mut Vec<u8>,
    room: usize,
) -> io::Result<usize> {
    memory.reserve_exact(room);
    Ok(rustix::io::read(descriptor, spare_capacity(memory))?)
}

/// How many bytes can be read at once.
///
/// # Errors
///
/// As ioctl(2), of what has no such count.
pub(crate) fn unread_bytes(descriptor: &impl AsDescriptor) -> io::Result<u64> {
    Ok(rustix::io::ioctl_fionread(descriptor)?)
}

/// Write once; a part of it may be all that is taken.
///
/// # Errors
///
/// As write(2).
pub(crate) fn write(descriptor: &impl AsDescriptor, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::io::write(descriptor, bytes)?)
}
