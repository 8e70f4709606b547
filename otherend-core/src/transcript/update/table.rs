//! Which lines of a file are which of those that were heard: the longest common run of them.

use std::ops::Range;

/// For each text beside each line near it: whether they fit, and the longest run from there on.
pub(super) struct Table {
    pub(super) rows: usize,
    columns: usize,
    /// How many columns of a row are looked at.
    width: usize,
    cells: Vec<(bool, u32)>,
}

impl Table {
    /// So many places are looked at; 2,000 lines against 2,000 are that many.
    const MOST: usize = 1 << 22;

    pub(super) fn new(rows: usize, columns: usize) -> Self {
        let width = columns.min((Self::MOST / rows.max(1)).max(1));
        Table {
            rows,
            columns,
            width,
            cells: vec![(false, 0); rows * width],
        }
    }

    /// The columns of a row: all of them, or those around the same place.
    pub(super) fn near(&self, row: usize) -> Range<usize> {
        let middle = row * self.columns / self.rows.max(1);
        let most = self.columns - self.width;
        let start = middle.saturating_sub(self.width / 2).min(most);
        start..start + self.width
    }

    fn at(&self, row: usize, column: usize) -> (bool, u32) {
        if row >= self.rows || !self.near(row).contains(&column) {
            return (false, 0);
        }
        self.cells[row * self.width + column - self.near(row).start]
    }

    pub(super) fn set(&mut self, row: usize, column: usize, fits: bool) {
        let longest = match fits {
            true => self.at(row + 1, column + 1).1 + 1,
            false => self.at(row + 1, column).1.max(self.at(row, column + 1).1),
        };
        let cell = row * self.width + column - self.near(row).start;
        self.cells[cell] = (fits, longest);
    }

    /// The places of the longest run.
    pub(super) fn path(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let (mut row, mut column) = (0, 0);
        std::iter::from_fn(move || {
            while row < self.rows && column < self.columns {
                if self.at(row, column).0 {
                    (row, column) = (row + 1, column + 1);
                    return Some((row - 1, column - 1));
                }
                if self.at(row + 1, column).1 >= self.at(row, column + 1).1 {
                    row += 1;
                } else {
                    column += 1;
                }
            }
            None
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(a: &[u32], b: &[u32]) -> Vec<(usize, usize)> {
        let mut table = Table::new(a.len(), b.len());
        for row in (0..a.len()).rev() {
            for column in table.near(row).rev() {
                table.set(row, column, a[row] == b[column]);
            }
        }
        table.path().collect()
    }

    #[test]
    fn the_longest_common_run_is_found() {
        assert_eq!(pairs(&[1, 2, 3], &[1, 9, 3]), [(0, 0), (2, 2)]);
        assert_eq!(pairs(&[1, 2, 3, 4], &[3, 4, 1]), [(2, 0), (3, 1)]);
        assert_eq!(pairs(&[], &[1]), []);
        assert_eq!(pairs(&[1], &[]), []);
    }

    #[test]
    fn thousands_of_lines_are_compared_near_the_same_place() {
        let a: Vec<u32> = (0..50_000).collect();
        let b: Vec<u32> = (0..50_000).filter(|line| line % 1000 != 7).collect();
        let found = pairs(&a, &b);
        // A line that is missing moves all that follow by one.
        assert!(found.len() > 49_000, "{}", found.len());
        assert!(found.iter().all(|(row, column)| a[*row] == b[*column]));
        let all: Vec<_> = (0..50_000).map(|at| (at, at)).collect();
        assert_eq!(pairs(&a, &a), all);
    }
}
