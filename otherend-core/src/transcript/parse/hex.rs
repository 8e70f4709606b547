//! Bytes as pairs of hex digits: steps of hex.

use super::{Parsed, Spot, excerpt};
use crate::notation::hex_pair;
use crate::transcript::Wrong;

/// The bytes behind a marker that ends at `from`: groups of pairs, with blanks between them.
pub(super) fn hex(text: &str, from: usize) -> Parsed<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut at = from;
    for group in text[from..].split([' ', '\t']) {
        for (index, pair) in group.as_bytes().chunks(2).enumerate() {
            let pair = String::from_utf8_lossy(pair);
            let wrong = || Spot::new(at + 2 * index, 2, Wrong::HexPair(excerpt(&pair)));
            bytes.push(hex_pair(&pair).ok_or_else(wrong)?);
        }
        at += group.len() + 1;
    }
    Ok(bytes)
}
