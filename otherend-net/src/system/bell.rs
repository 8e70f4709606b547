//! A bell (usually: a waker, or eventfd) wakes a thread that waits in `poll`: one descriptor, rung
//! from any thread.

use std::io;

use super::socket::{AsSocket, BorrowedSocket, OwnedSocket};

/// Ringing it makes its descriptor readable until it is silenced.
#[derive(Debug)]
pub(crate) struct Bell {
    ear: OwnedSocket,
    #[cfg(not(target_os = "linux"))]
    clapper: OwnedSocket,
}

impl Bell {
    /// # Errors
    ///
    /// When no descriptor is left.
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> io::Result<Bell> {
        use rustix::event::{EventfdFlags, eventfd};
        let ear = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Bell { ear })
    }

    /// # Errors
    ///
    /// When no descriptor is left.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> io::Result<Bell> {
        let (ear, clapper) = std::os::unix::net::UnixStream::pair()?;
        ear.set_nonblocking(true)?;
        clapper.set_nonblocking(true)?;
        Ok(Bell {
            ear: ear.into(),
            clapper: clapper.into(),
        })
    }

    /// Wake whoever waits, now or at its next wait.
    pub(crate) fn ring(&self) {
        #[cfg(target_os = "linux")]
        let clapper = &self.ear;
        #[cfg(not(target_os = "linux"))]
        let clapper = &self.clapper;
        // A full counter or pipe means that it rings already.
        let _ = rustix::io::write(clapper, &1u64.to_ne_bytes());
    }

    /// Heard: wait for the next ring.
    pub(crate) fn silence(&self) {
        let mut rings = [0; 64];
        let _ = rustix::io::read(&self.ear, &mut rings);
    }
}

impl AsSocket for Bell {
    fn as_fd(&self) -> BorrowedSocket<'_> {
        self.ear.as_fd()
    }
}
