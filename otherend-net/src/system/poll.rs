//! Waiting for descriptors.

use std::time::Duration;

use rustix::event::{PollFd, Timespec, poll};

/// Poll until something happens or `timeout` has passed. `false`: nothing has happened.
pub(crate) fn wait(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> bool {
    // Rounded up, so that the deadline has passed when the wait is over.
    let timeout = timeout.map(|timeout| timeout + Duration::from_micros(999));
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    poll(fds, timeout.as_ref()).is_ok_and(|ready| ready > 0)
}
