//! One room, as this machine sees it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::{BusConfig, Name};
use crate::lock::lock;
use crate::watch::ring::slots::{Slots, Weighed};

/// What the members of a room are told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Somebody said this line.
    Said {
        /// Who.
        from: Name,
        /// What, without an end.
        line: Vec<u8>,
    },
    /// Somebody entered.
    Joined(Name),
    /// Somebody left.
    Left(Name),
    /// What carries messages is away: lines wait until it is back.
    Away,
    /// It is back.
    Back,
}

/// A room with members here.
pub(super) struct Room {
    pub(super) records: Arc<Slots<RoomEvent>>,
    inside: Mutex<Inside>,
}

struct Inside {
    /// The number of the last message in the order that all machines share.
    sequence: u64,
    present: BTreeSet<Name>,
}

impl Room {
    /// A room in which the message after `sequence` comes next.
    pub(super) fn new(config: &BusConfig, sequence: u64) -> Self {
        Room {
            records: Arc::new(Slots::new(config.room_records, config.room_bytes, 0)),
            inside: Mutex::new(Inside {
                sequence,
                present: BTreeSet::new(),
            }),
        }
    }

    /// A message in the order that all machines share. `false`: it has come before.
    pub(super) fn deliver(&self, sequence: u64, told: RoomEvent) -> bool {
        // Locked until it is kept: two at once would swap places.
        let mut inside = lock(&self.inside);
        if sequence <= inside.sequence {
            return false;
        }
        let missing = sequence - inside.sequence - 1;
        inside.sequence = sequence;
        self.records.push_behind(missing, weighed(told));
        true
    }

    /// Something of this machine alone, which has no place in that order.
    pub(super) fn tell(&self, told: RoomEvent) {
        self.records.push_behind(0, weighed(told));
    }

    pub(super) fn present(&self) -> Vec<Name> {
        lock(&self.inside).present.iter().cloned().collect()
    }

    pub(super) fn arrived(&self, name: Name) {
        lock(&self.inside).present.insert(name);
    }

    pub(super) fn departed(&self, name: &Name) {
        lock(&self.inside).present.remove(name);
    }
}

fn weighed(told: RoomEvent) -> Weighed<RoomEvent> {
    let line = match &told {
        RoomEvent::Said { line, .. } => line.len(),
        _ => 0,
    };
    let size = size_of::<RoomEvent>() + line;
    Weighed { record: told, size }
}
