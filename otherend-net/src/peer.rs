//! Who is at the other end.

use otherend_core::Address;

/// Who is at the other end of one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Peer {
    /// Counts up from 1 in the order in which they came; never used twice.
    pub number: u64,
    /// Its address.
    pub address: Address,
    /// The address of ours that it reached.
    pub local: Address,
}
