//! Counting things of which there are a few kinds.

use std::sync::Mutex;

use crate::lock::lock;

/// How many there were of each kind, in the order in which the kinds first came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<K>(Vec<(K, u64)>);

impl<K: Copy + Eq> Tally<K> {
    /// How many there were of this kind.
    #[must_use]
    pub fn of(&self, kind: K) -> u64 {
        let mut kinds = self.iter();
        kinds
            .find(|(this, _)| *this == kind)
            .map_or(0, |(_, count)| count)
    }

    /// Every kind that there was.
    pub fn iter(&self) -> impl Iterator<Item = (K, u64)> {
        self.0.iter().copied()
    }
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Tally(Vec::new())
    }
}

/// A tally that many threads add to. A lock and no array of atomics: what it counts happens once a
/// conversation, and its kinds may grow.
#[derive(Debug)]
pub(super) struct SharedTally<K>(Mutex<Tally<K>>);

impl<K: Copy + Eq> SharedTally<K> {
    pub(super) fn add(&self, kind: K) {
        let mut tally = lock(&self.0);
        match tally.0.iter_mut().find(|(this, _)| *this == kind) {
            Some((_, count)) => *count += 1,
            None => tally.0.push((kind, 1)),
        }
    }

    pub(super) fn so_far(&self) -> Tally<K> {
        lock(&self.0).clone()
    }
}

impl<K> Default for SharedTally<K> {
    fn default() -> Self {
        SharedTally(Mutex::default())
    }
}
