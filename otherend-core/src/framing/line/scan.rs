//! Finding line ends sixty-four bytes at a time: which bytes of a block are one of a few.
//!
//! One bit mask (a "movemask") answers for a whole block, so that short lines cost a bit operation
//! each instead of a search call each. What the processor offers beyond its baseline is chosen
//! when the program runs: whoever wants that calls [`Scan`] inside `fearless_simd::dispatch!`.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::Lines;

/// How many bytes one mask covers.
pub(crate) const BLOCK: usize = 64;

/// Bit `i` is set where `block[i]` is one of `needles`.
///
/// Never inlined: where the compiler sees what becomes of single bits of the mask, it sometimes
/// takes it apart, byte by byte.
#[inline(never)]
pub(super) fn positions(block: &[u8; BLOCK], needles: [u8; 3]) -> u64 {
    // The baseline is known when this is compiled: nothing is chosen here.
    dispatch!(Level::baseline(), simd => among(simd, block, needles))
}

/// As [`positions`], for the last bytes of an input, fewer than a block.
#[inline]
pub(super) fn positions_of_rest(rest: &[u8], needles: [u8; 3]) -> u64 {
    positions(&pad(rest), needles)
}

/// A block that begins with `rest`. The padding is no needle: line ends are never NUL.
#[inline]
fn pad(rest: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block
}

#[inline(always)]
fn among<S: Simd>(simd: S, block: &[u8; BLOCK], [a, b, c]: [u8; 3]) -> u64 {
    let bytes = u8x64::simd_from(simd, *block);
    (bytes.simd_eq(a) | bytes.simd_eq(b) | bytes.simd_eq(c)).to_bitmask()
}

/// Where each LF of an input stands.
#[derive(Debug)]
pub(crate) struct Lfs<'i> {
    level: Level,
    input: &'i [u8],
    /// Where the block under search starts.
    block: usize,
    /// The LF of that block which were not given yet.
    mask: u64,
}

impl<'i> Lfs<'i> {
    #[inline]
    pub(crate) fn of(input: &'i [u8]) -> Self {
        let level = Level::new();
        Lfs {
            level,
            input,
            block: 0,
            mask: lfs(level, input),
        }
    }
}

impl Iterator for Lfs<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.mask == 0 {
            self.block += BLOCK;
            self.mask = lfs(self.level, self.input.get(self.block..)?);
        }
        let at = self.block + self.mask.trailing_zeros() as usize;
        self.mask &= self.mask - 1;
        Some(at)
    }
}

/// Which of the first bytes of `rest` are LF. Not inlined, as [`positions`].
#[inline(never)]
fn lfs(level: Level, rest: &[u8]) -> u64 {
    match rest.first_chunk() {
        Some(block) => dispatch!(level, simd => among(simd, block, [b'\n'; 3])),
        None => positions_of_rest(rest, [b'\n'; 3]),
    }
}

/// Goes through an input in blocks, from the start of a line and with nothing pending, and tells
/// plain line ends from what a [`Feed`](super::Feed) must look at.
#[derive(Debug)]
pub(crate) struct Scan<'i, S> {
    simd: S,
    lines: Lines,
    input: &'i [u8],
    /// Where the next block starts; behind the input, once an odd byte was met.
    next: usize,
    /// A block with any of these, or with CR, is looked at more closely.
    other: u8,
}

/// The line ends of one block. Bit `i` is the byte at `start + i`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: usize,
    /// Each LF or CR that ends a line, up to the first byte that is odd: one that changes how lines
    /// end, or at which what comes next must be known.
    pub(crate) ends: u64,
    /// Each LF behind a CR, which is no text then.
    pub(crate) behind_cr: u64,
}

impl<'i, S: Simd> Scan<'i, S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, lines: Lines, input: &'i [u8]) -> Self {
        Scan {
            simd,
            lines,
            input,
            next: 0,
            other: match lines {
                Lines::Crlf => b'\n',
                _ => b'\r',
            },
        }
    }

    /// The next block, the last one with fewer bytes. `None`: there is none, or the last one had
    /// an odd byte.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<Block> {
        let start = self.next;
        let rest = self.input.get(start..)?;
        self.next = start + BLOCK;
        match rest.first_chunk() {
            Some(block) => Some(self.marks(start, block, 0)),
            None => self.last(start, rest),
        }
    }

    #[inline(always)]
    fn last(&mut self, start: usize, rest: &[u8]) -> Option<Block> {
        if rest.is_empty() {
            return None;
        }
        let padded;
        // The last 64 bytes of the input end with this rest: what was seen already is shifted out.
        let (block, seen) = match self.input.last_chunk() {
            Some(block) => (block, BLOCK - rest.len()),
            None => {
                padded = pad(rest);
                (&padded, 0)
            }
        };
        Some(self.marks(start, block, seen))
    }

    #[inline(always)]
    fn marks(&mut self, start: usize, block: &[u8; BLOCK], seen: usize) -> Block {
        let bytes = u8x64::simd_from(self.simd, *block);
        let ends = bytes.simd_eq(b'\n').to_bitmask() >> seen;
        let is_cr = bytes.simd_eq(b'\r');
        let is_other = bytes.simd_eq(self.other);
        // For most blocks that is all. An LF that comes first may be behind a CR.
        if !(is_cr | is_other).any_true() && ends & 1 == 0 {
            return Block {
                start,
                ends,
                behind_cr: 0,
            };
        }
        let crs = is_cr.to_bitmask() >> seen;
        self.look(start, ends, crs)
    }

    /// The block at `start` has LF at `lfs` and CR at `crs`.
    ///
    /// A CR and its LF may stand in two blocks: both sides look at the byte beyond their end.
    #[inline(always)]
    fn look(&mut self, start: usize, lfs: u64, crs: u64) -> Block {
        // As bits, the first byte on the left, for `a CR LF b LF CR`:
        //
        //     lfs          0 0 1 0 1 0
        //     crs          0 1 0 0 0 1
        //     behind_cr    0 0 1 0 0 0     an LF with a CR before it
        //     lone         0 0 0 0 0 1     a CR with no LF behind it
        //
        // A shift by one lays each CR over the byte behind it. What it shifts out at an end of the
        // block has its other half in the neighbouring one, and that byte is looked up in the
        // input.
        let mut behind_cr = lfs & crs << 1;
        if lfs & 1 != 0 && start > 0 && self.input[start - 1] == b'\r' {
            behind_cr |= 1;
        }
        let mut lone = crs & !(lfs >> 1);
        if lone >> (BLOCK - 1) != 0 && self.input.get(start + BLOCK) == Some(&b'\n') {
            lone &= !(1 << (BLOCK - 1));
        }
        let mut block = Block {
            start,
            ends: lfs,
            behind_cr,
        };
        let odd = match self.lines {
            // The usual case by itself, before the compiler makes a table of jumps of the rest.
            lines if lines == Lines::Auto && lone == 0 => 0,
            // A CR that does not belong to an LF is text.
            Lines::Lf | Lines::Raw => 0,
            // So is an LF without a CR, here.
            Lines::Crlf => {
                block.ends = behind_cr;
                0
            }
            Lines::Dotnet | Lines::Auto | Lines::Telnet => {
                block.ends |= lone;
                // Behind a CR that came last an LF may follow.
                lone & self.very_last(start)
            }
        };
        if odd != 0 {
            self.next = usize::MAX;
            // All bits below the lowest of `odd`.
            block.ends &= (odd & odd.wrapping_neg()) - 1;
        }
        block
    }

    /// The last byte of the input, if it is in the block at `start`.
    #[inline(always)]
    fn very_last(&self, start: usize) -> u64 {
        match self.input.len() - start {
            left @ 1..=BLOCK => 1 << (left - 1),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEEDLES: [u8; 3] = [b'\n', b'\r', 0xff];

    fn plainly(block: &[u8; BLOCK], needles: [u8; 3]) -> u64 {
        (0..BLOCK)
            .filter(|&i| needles.contains(&block[i]))
            .map(|i| 1 << i)
            .sum()
    }

    proptest! {
        #[test]
        fn finds_what_a_plain_search_finds(block in prop::array::uniform32(0u8..20), other in prop::array::uniform32(0u8..=255)) {
            let mut both = [0; BLOCK];
            both[..32].copy_from_slice(&block);
            both[32..].copy_from_slice(&other);
            prop_assert_eq!(positions(&both, NEEDLES), plainly(&both, NEEDLES));
            for level in [Level::fallback(), Level::new()] {
                let found = dispatch!(level, simd => among(simd, &both, NEEDLES));
                prop_assert_eq!(found, plainly(&both, NEEDLES));
            }
        }
    }

    #[test]
    fn every_lf_of_an_input_is_found() {
        for length in 0..200 {
            let input: Vec<u8> = (0..length).map(|i| i % 7 + i % 3 + 8).collect();
            let plainly: Vec<usize> = (0..input.len()).filter(|&i| input[i] == b'\n').collect();
            assert_eq!(Lfs::of(&input).collect::<Vec<_>>(), plainly);
        }
    }

    #[test]
    fn the_rest_of_an_input_is_searched_without_its_padding() {
        assert_eq!(positions_of_rest(b"a\nb\r", NEEDLES), 0b1010);
        assert_eq!(positions_of_rest(b"", NEEDLES), 0);
    }
}
