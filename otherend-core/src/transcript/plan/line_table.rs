//! Plain lines, to be found by one look: an open-addressing hash table that only grows.
//!
//! A mock server asks it for every line. The standard library's table, with the same hash, takes
//! twice the time: it calls `memcmp` for what is mostly a line of 30 bytes.

use crate::short;

/// Lines and a number for each.
#[derive(Debug, Default)]
pub(super) struct LineTable {
    entries: Vec<(Box<[u8]>, usize)>,
    /// The place of an entry, from 1; 0 is empty. As many as a power of two, or none.
    slots: Vec<u32>,
}

impl LineTable {
    /// The number of `line`; `number`, if it had none.
    pub(super) fn number_or(&mut self, line: &[u8], number: usize) -> usize {
        if let Some(known) = self.get(line) {
            return known;
        }
        self.entries.push((line.into(), number));
        // At most half of the slots are taken: the search always comes to an empty one.
        if self.slots.len() < 2 * self.entries.len() {
            self.slots = vec![0; 4 * self.entries.len().next_power_of_two()];
            (0..self.entries.len()).for_each(|entry| self.settle(entry));
        } else {
            self.settle(self.entries.len() - 1);
        }
        number
    }

    /// Find a slot for an entry.
    fn settle(&mut self, entry: usize) {
        let mask = self.slots.len() - 1;
        let mut at = hash(&self.entries[entry].0) & mask;
        while self.slots[at] != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = u32::try_from(entry + 1).unwrap_or_default();
    }

    /// The number of `line`.
    #[inline(always)]
    pub(super) fn get(&self, line: &[u8]) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash(line);
        loop {
            let place = self.slots[at & mask] as usize;
            let (text, number) = self.entries.get(place.checked_sub(1)?)?;
            if short::same(text, line) {
                return Some(*number);
            }
            at = (at & mask) + 1;
        }
    }

    /// All lines with their numbers, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], usize)> {
        self.entries.iter().map(|(line, number)| (&**line, *number))
    }
}

/// Eight bytes at a time.
///
/// It need not withstand an attack: whoever writes the file chooses what is in the table, and a
/// peer's line is only looked up.
#[inline]
fn hash(line: &[u8]) -> usize {
    let mix =
        |all: u64, bytes: u64| (all.rotate_left(5) ^ bytes).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut all = line.len() as u64;
    let mut rest = line;
    while let Some((chunk, more)) = rest.split_first_chunk::<8>() {
        all = mix(all, u64::from_le_bytes(*chunk));
        rest = more;
    }
    // Bytes that were mixed already do no harm, and a fixed number of them is faster.
    all = match line.last_chunk() {
        Some(last) => mix(all, u64::from_le_bytes(*last)),
        None => mix(all, rest.iter().fold(0, |all, b| all << 8 | u64::from(*b))),
    };
    // The upper bits are mixed best, the lower ones choose the slot.
    (all ^ all >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_length_are_found_and_no_others() {
        let lines: Vec<Vec<u8>> = (0..300).map(|n| vec![b'x'; n]).collect();
        let mut table = LineTable::default();
        assert_eq!(table.get(b""), None);
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(table.get(line), None);
            assert_eq!(table.number_or(line, number), number);
            assert_eq!(table.number_or(line, 1000), number);
        }
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(table.get(line), Some(number));
            let mut other = line.clone();
            if let Some(last) = other.last_mut() {
                *last = b'y';
                assert_eq!(table.get(&other), None);
            }
        }
        let all: Vec<usize> = table.iter().map(|(_, number)| number).collect();
        assert!(all.into_iter().eq(0..300));
    }
}
