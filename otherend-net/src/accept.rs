//! How a peer comes in: accepted, checked, let in or turned away with a line.

pub(crate) mod acceptor;
pub(crate) mod admission;
pub(crate) mod backoff;
pub(crate) mod doorstep;
