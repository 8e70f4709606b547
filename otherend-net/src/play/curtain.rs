//! Ends a performance from another thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::system::bell::Bell;

/// What the performance is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Go on.
    Play,
    /// End when whoever is here has left.
    Finish,
    /// End at once.
    Stop,
}

/// Wakes the thread of a performance and tells it how to end.
#[derive(Debug)]
pub(super) struct Curtain {
    bell: Bell,
    call: AtomicU8,
}

impl Curtain {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Curtain {
            bell: Bell::new()?,
            call: AtomicU8::new(Call::Play as u8),
        })
    }

    pub(super) fn ask(&self, call: Call) {
        self.call.store(call as u8, Ordering::Release);
        self.bell.ring();
    }

    /// What was asked last.
    pub(super) fn call(&self) -> Call {
        self.bell.silence();
        match self.call.load(Ordering::Acquire) {
            0 => Call::Play,
            1 => Call::Finish,
            _ => Call::Stop,
        }
    }
}

impl AsFd for Curtain {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}
