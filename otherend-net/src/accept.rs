//! How a peer comes in (usually: the accept loop): accepted, checked, let in or turned away with a
//! line.

pub(crate) mod acceptor;
pub(crate) mod admission;
pub(crate) mod backoff;
pub(crate) mod doorstep;
mod grace;
