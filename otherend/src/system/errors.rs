//! What the system's error numbers mean, where [`std::io::ErrorKind`] has no word for it.

use std::io;

use rustix::io::Errno;

/// It was opened for the other direction only, or not at all.
pub(crate) fn is_not_open_for_this(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::BADF)
}

/// No descriptor is left, or no memory for one more socket.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    let exhausted = |errno| {
        matches!(
            errno,
            Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM
        )
    };
    errno.is_some_and(exhausted)
}

/// A connection is on its way (connect(2) of a socket that does not block).
pub(crate) fn is_under_way(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::INPROGRESS)
}
