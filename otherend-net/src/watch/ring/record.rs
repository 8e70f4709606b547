//! What a ring keeps of what happened (usually: log records), and what a reader takes at once.

use std::sync::Arc;

use otherend_core::{OwnedEvent, Time};

use crate::peer::Peer;
use crate::watch::notice::OwnedNotice;

/// Something that happened, for whoever looks later.
#[derive(Debug)]
#[non_exhaustive]
pub struct Record {
    /// When it happened, as the server counts time.
    pub at: Time,
    /// What.
    pub what: Happened,
}

/// What a [`Record`] tells of.
#[derive(Debug)]
#[non_exhaustive]
pub enum Happened {
    /// An event in the conversation with this peer.
    InConversation(Arc<Peer>, OwnedEvent),
    /// Something before a conversation could begin.
    AtTheDoor(OwnedNotice),
}

/// What a [`Reader`](super::Reader) took.
#[derive(Debug)]
#[non_exhaustive]
pub struct Taken<T = Record> {
    /// So many came before these that were gone already, or never kept.
    pub skipped: u64,
    /// The number of the first of these; the others count up from it. Numbers begin with 1.
    pub first: u64,
    /// Those that come next, without a gap between them.
    pub records: Vec<Arc<T>>,
    /// Nothing comes after these.
    pub is_last: bool,
}

impl<T> Taken<T> {
    /// There was nothing: neither a record, nor one missed, nor the end.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.skipped == 0 && self.records.is_empty() && !self.is_last
    }
}
