//! What the system's error numbers mean, where [`std::io::ErrorKind`] has no word for it.

use std::io;

use rustix::io::Errno;

/// A connection is on its way (connect(2) of a socket that does not block).
pub(crate) fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || Errno::from_io_error(error) == Some(Errno::INPROGRESS)
}

/// The call is to be made again, later or at once.
pub(crate) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// There are no descriptors or no memory left.
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(
        errno,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

/// The connection is gone or was never possible; the listener is as good as before (accept(2)).
pub(crate) fn concerns_one_connection(error: &io::Error) -> bool {
    let Some(errno) = Errno::from_io_error(error) else {
        return false;
    };
    // Linux passes errors that wait on the new socket on from accept, as if it were the listener
    // that has them: a peer that resets while it waits in the backlog gives CONNABORTED here, and
    // one whose route went away HOSTUNREACH. To stop listening for those would let one peer end all.
    matches!(
        errno,
        Errno::CONNABORTED
            | Errno::INTR
            | Errno::PERM
            | Errno::PROTO
            | Errno::NOPROTOOPT
            | Errno::NETDOWN
            | Errno::NETUNREACH
            | Errno::HOSTDOWN
            | Errno::HOSTUNREACH
            | Errno::OPNOTSUPP
            | Errno::TIMEDOUT
    )
}
