//! Finding line ends sixty-four bytes at a time: which bytes of a block are one of a few.
//!
//! One bit mask (a "movemask") answers for a whole block, so that short lines cost a bit operation
//! each instead of a search call each.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

/// How many bytes one mask covers.
pub(super) const BLOCK: usize = 64;

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

/// A block that begins with `rest`. The padding is no needle: line ends and IAC are never NUL.
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
    fn the_rest_of_an_input_is_searched_without_its_padding() {
        assert_eq!(positions_of_rest(b"a\nb\r", NEEDLES), 0b1010);
        assert_eq!(positions_of_rest(b"", NEEDLES), 0);
    }
}
