//! How many descriptors this process may have, and what to do once it has them all.

use super::socket::{AsSocket, OwnedSocket};

/// How many descriptors this process may have.
pub(crate) fn descriptor_limit() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit
        .current
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX)
}

/// Allow this process as many descriptors as it may have at all; programs that serve many call it
/// first.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Without the right to it the limit stays as it is, and `Server::bind` counts with that.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
}

/// A descriptor to give up, by dropping this, when there are none left.
#[derive(Debug)]
pub(crate) struct Reserve(#[expect(dead_code, reason = "held for its drop")] OwnedSocket);

impl Reserve {
    /// A second descriptor for `socket`. `None`: there is none to be had.
    pub(crate) fn new(socket: &impl AsSocket) -> Option<Reserve> {
        socket.as_fd().try_clone_to_owned().ok().map(Reserve)
    }
}
