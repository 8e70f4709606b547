//! The two edges of a line (usually: a prefilter): whatever differs there cannot fit, and most of
//! what does not fit does.

/// So many bytes of a line at either end.
const EDGE: usize = size_of::<u64>();

/// The first and the last bytes of a line; those nearest to the end are the lowest in the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edges {
    head: u64,
    tail: u64,
}

impl Edges {
    /// Those of `line`, which reach over each other in a short one.
    #[inline]
    pub(super) fn of(line: &[u8]) -> Self {
        Edges {
            head: head(line),
            tail: tail(line),
        }
    }
}

/// What the edges of a line must be to fit.
#[derive(Debug)]
pub(super) struct Sieve {
    wanted: Edges,
    mask: Edges,
}

impl Sieve {
    /// A line begins with `before` and ends with `after`.
    pub(super) fn new(before: &[u8], after: &[u8]) -> Self {
        let ones = [0xff; EDGE];
        Sieve {
            wanted: Edges {
                head: head(before),
                tail: tail(after),
            },
            mask: Edges {
                head: head(&ones[..before.len().min(EDGE)]),
                tail: tail(&ones[..after.len().min(EDGE)]),
            },
        }
    }

    /// `false`: a line with these edges cannot fit.
    #[inline]
    pub(super) fn passes(&self, edges: Edges) -> bool {
        // Two comparisons for a line and a rule, where most rules do not fit most lines:
        //
        //     rule   GET {{key:word}}\r\n    wanted 'G' 'E' 'T' ' ', mask ff ff ff ff 00 00 00 00
        //     line   PUT a\r\n              'P' differs: the rule need not be looked at
        let head = (edges.head ^ self.wanted.head) & self.mask.head;
        let tail = (edges.tail ^ self.wanted.tail) & self.mask.tail;
        head | tail == 0
    }
}

#[inline]
fn head(bytes: &[u8]) -> u64 {
    // What a shorter line lacks reads as zeros. So one with zeros in it may pass that should not,
    // and never the other way round: a sieve only saves work, and `Template::fit` decides.
    match bytes.first_chunk() {
        Some(first) => u64::from_le_bytes(*first),
        None => bytes.iter().rev().fold(0, append),
    }
}

#[inline]
fn tail(bytes: &[u8]) -> u64 {
    match bytes.last_chunk() {
        Some(last) => u64::from_be_bytes(*last),
        None => bytes.iter().fold(0, append),
    }
}

fn append(number: u64, byte: &u8) -> u64 {
    number << 8 | u64::from(*byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Nothing that begins and ends as it should is held back.
        #[test]
        fn passes_what_fits(before in "[ab\0]{0,10}", inside in "[ab\0]{0,10}", after in "[ab\0]{0,10}") {
            let line = [&before[..], &inside, &after].concat();
            let sieve = Sieve::new(before.as_bytes(), after.as_bytes());
            prop_assert!(sieve.passes(Edges::of(line.as_bytes())));
        }

        /// Any other byte that it looks at is noticed.
        #[test]
        fn holds_back_what_differs(before in "[a-z]{0,8}", after in "[a-z]{0,8}", at in 0usize..16) {
            let mut line = format!("{before}--------{after}").into_bytes();
            let at = at % (before.len() + after.len()).max(1);
            let at = if at < before.len() { at } else { at + 8 };
            prop_assume!(at < line.len());
            line[at] = b'!';
            let sieve = Sieve::new(before.as_bytes(), after.as_bytes());
            prop_assert!(!sieve.passes(Edges::of(&line)));
        }
    }
}
