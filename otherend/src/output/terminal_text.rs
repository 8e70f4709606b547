//! A stream of the peer's bytes made fit for a terminal, however the stream is cut.

use otherend_core::escape_into;

/// Escapes everything but line ends; keeps back what only the next bytes can decide.
#[derive(Debug, Default)]
pub(crate) struct TerminalText {
    /// The beginning of a character or of CR LF, at most three bytes.
    kept: Vec<u8>,
}

impl TerminalText {
    /// Append the next bytes of the stream to `out`.
    pub(crate) fn next_into(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        let mut text = std::mem::take(&mut self.kept);
        text.extend_from_slice(bytes);
        let undecided = undecided(&text);
        self.kept = text.split_off(text.len() - undecided);
        show_into(out, &text);
    }

    /// The stream has ended: append what was kept back.
    pub(crate) fn finish_into(&mut self, out: &mut Vec<u8>) {
        show_into(out, &std::mem::take(&mut self.kept));
    }
}

fn show_into(out: &mut Vec<u8>, text: &[u8]) {
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let Some(content) = line.strip_suffix(b"\n") else {
            escape_into(out, line);
            continue;
        };
        escape_into(out, content.strip_suffix(b"\r").unwrap_or(content));
        out.push(b'\n');
    }
}

/// How many bytes at the end are a CR, or a character whose end has not come.
fn undecided(text: &[u8]) -> usize {
    if text.last() == Some(&b'\r') {
        return 1;
    }
    let last = text.utf8_chunks().last();
    let invalid = last.map_or(&[][..], |chunk| chunk.invalid());
    // Only what could still become a character is worth waiting for.
    match std::str::from_utf8(invalid) {
        Err(error) if error.error_len().is_none() => invalid.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(pieces: &[&[u8]]) -> String {
        let (mut text, mut out) = (TerminalText::default(), Vec::new());
        for piece in pieces {
            text.next_into(&mut out, piece);
        }
        text.finish_into(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_end_and_nothing_else_moves_the_cursor() {
        assert_eq!(shown(&[b"a\r\nb\x1b[2J\rc\n"]), "a\nb\\x1b[2J\\rc\n");
        assert_eq!(shown(&[b"no end\r"]), "no end\\r");
    }

    #[test]
    fn characters_and_line_ends_may_be_cut() {
        assert_eq!(shown(&[b"caf\xc3", b"\xa9\r", b"\n"]), "café\n");
        assert_eq!(shown(&[b"\xe2\x82"]), "\u{fffd}");
        assert_eq!(shown(&[b"\xe2", b"x"]), "\u{fffd}x");
    }

    proptest! {
        #[test]
        fn how_the_stream_is_cut_does_not_matter(
            text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(0xe2)], 0..40),
            cut in any::<prop::sample::Index>(),
        ) {
            let (left, right) = text.split_at(cut.index(text.len() + 1));
            prop_assert_eq!(shown(&[left, right]), shown(&[&text]));
        }
    }
}
