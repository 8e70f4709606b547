//! UDP beside TCP: one conversation for each peer address, one datagram is one line.
//!
//! A datagram's source address may be a lie, so a server here is no weapon: it says nothing that
//! nobody asked for, beyond loopback never more bytes than it was sent, nothing to ports under 1024,
//! and it stops answering whoever only says back what it is told ([`Server`](crate::Server)).

mod correspondent;
mod exchange;
mod guard;
mod rate_limit;

pub(crate) use exchange::Exchange;
