//! The decoder: for every partition of the input it finds the same.

use otherend_core::{Decoded, Decoder, Framing};

/// The first byte chooses the framing, the second the limit, the third how the rest is cut.
pub fn check(input: &[u8]) {
    let [framing, limit, seed, bytes @ ..] = input else {
        return;
    };
    let framing = &Framing::ALL[usize::from(*framing) % Framing::ALL.len()];
    let limit = usize::from(*limit);
    let whole = found(framing, limit, [bytes]);
    assert_eq!(whole, found(framing, limit, bytes.chunks(1)));
    assert_eq!(whole, found(framing, limit, cut(bytes, u32::from(*seed))));
    let (left, right) = bytes.split_at(bytes.len() * usize::from(*seed) / 256);
    assert_eq!(whole, found(framing, limit, [left, right]));
}

/// What the decoder finds, line ends left out: they may depend on the cut.
fn found<'a>(
    framing: &Framing,
    limit: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<String> {
    let mut decoder = Decoder::new(framing, limit);
    let mut found = Vec::new();
    let mut note = |decoded: Decoded<'_>| match decoded {
        Decoded::Message(line, _) => {
            assert!(line.len() <= limit, "a line is longer than allowed");
            found.push(format!("{:?} {}", "line", line.escape_ascii()));
        }
        other => found.push(format!("{other:?}")),
    };
    for piece in pieces {
        let mut feed = decoder.feed(piece);
        while let Some(decoded) = feed.next() {
            note(decoded);
        }
        assert!(feed.rest().is_empty(), "an input is used whole");
    }
    while let Some(decoded) = decoder.finish() {
        note(decoded);
    }
    assert!(decoder.finish().is_none(), "the end is the end");
    found
}

/// Pieces of pseudo-random lengths; the seed is part of the input, so a finding can be repeated.
fn cut(bytes: &[u8], seed: u32) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut pieces = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let length = 1 + state as usize % 90;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
