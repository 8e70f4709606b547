//! The one place that knows the operating system: waiting, waking, sockets' options, files, error
//! numbers, limits, memory, the clock. What differs between systems differs here, and the rooms
//! above say what they want in words that every system has.
//!
//! Two things that are of one system stand elsewhere: what a Unix socket is, in `stream::unix`, and
//! that the runtime can watch one, in `engine::tokio`.

pub(crate) mod bell;
pub(crate) mod clock;
pub(crate) mod errors;
pub(crate) mod files;
pub(crate) mod limits;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod poll;
pub(crate) mod socket;
