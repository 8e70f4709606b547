//! What holes took or said, to be heard or said again (usually: captures).

use crate::short;

/// Where a value is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Holes of the script: one value for all connections of the file.
    File(u32),
    /// Holes of rules: a value for each connection.
    Connection(u32),
}

/// The values of one scope.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values(Vec<Option<Vec<u8>>>);

impl Values {
    fn get(&self, index: usize) -> Option<&[u8]> {
        self.0.get(index).and_then(Option::as_deref)
    }

    /// Where the two differ.
    pub(crate) fn unlike(&self, other: &Values) -> Vec<usize> {
        let most = self.0.len().max(other.0.len());
        (0..most)
            .filter(|index| self.get(*index) != other.get(*index))
            .collect()
    }

    /// Keeps the memory of the value before.
    fn set(&mut self, index: usize, value: &[u8]) {
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        let place = self.0[index].get_or_insert_default();
        place.resize(value.len(), 0);
        short::copy(place, value);
    }
}

/// All that a line on one connection can refer to.
#[derive(Debug)]
pub(crate) struct Known<'v> {
    pub(crate) file: &'v mut Values,
    pub(crate) connection: &'v mut Values,
}

impl Known<'_> {
    pub(crate) fn value(&self, slot: Option<Slot>) -> Option<&[u8]> {
        match slot? {
            Slot::File(index) => self.file.get(index as usize),
            Slot::Connection(index) => self.connection.get(index as usize),
        }
    }

    /// As before anything was remembered there.
    pub(crate) fn forget(&mut self, slot: Option<Slot>) {
        let place = match slot {
            None => None,
            Some(Slot::File(index)) => self.file.0.get_mut(index as usize),
            Some(Slot::Connection(index)) => self.connection.0.get_mut(index as usize),
        };
        if let Some(value) = place {
            *value = None;
        }
    }

    pub(crate) fn remember(&mut self, slot: Option<Slot>, value: &[u8]) {
        match slot {
            None => {}
            Some(Slot::File(index)) => self.file.set(index as usize, value),
            Some(Slot::Connection(index)) => self.connection.set(index as usize, value),
        }
    }
}
