//! Who is at the other end.

use std::net::SocketAddr;

/// Who is at the other end of one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Counts up from 1 in the order in which they came; never used twice.
    pub number: u64,
    /// Its address.
    pub address: SocketAddr,
    /// The address of ours that it reached.
    pub local: SocketAddr,
}
