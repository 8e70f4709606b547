//! A stream of the peer's bytes made fit for a terminal, however the stream is cut.

use otherend_core::{Escaper, escaped};

/// Escapes everything but line ends; keeps back what only the next bytes can decide.
#[derive(Debug, Default)]
pub(crate) struct TerminalText {
    /// The beginning of a character or of CR LF, at most three bytes.
    kept: Vec<u8>,
    /// What it has seen of the unfinished line.
    escaper: Escaper,
}

impl TerminalText {
    /// Append the next bytes of the stream to `out`.
    pub(crate) fn next_into(&mut self, out: &mut Vec<u8>, bytes: &[u8]) {
        let mut text = std::mem::take(&mut self.kept);
        text.extend_from_slice(bytes);
        // `é` is two bytes, and a read may end between them; a CR may be the first half of a line
        // end. What depends on the next byte is kept until that has come, so a cut is never seen on
        // the screen.
        let undecided = undecided(&text);
        self.kept = text.split_off(text.len() - undecided);
        self.show_into(out, &text);
    }

    /// The stream has ended: append what was kept back.
    pub(crate) fn finish_into(&mut self, out: &mut Vec<u8>) {
        let kept = std::mem::take(&mut self.kept);
        self.show_into(out, &kept);
    }

    fn show_into(&mut self, out: &mut Vec<u8>, text: &[u8]) {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let Some(content) = line.strip_suffix(b"\n") else {
                self.escaper.escape_into(out, line);
                continue;
            };
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            self.escaper.escape_into(out, content);
            self.escaper = Escaper::default();
            out.push(b'\n');
        }
    }
}

/// A text of several lines whose parts may come from anywhere (a file's name, a page's title), fit
/// for a terminal: everything is escaped but the ends of its lines.
pub(crate) fn tamed(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| escaped(line.as_bytes()))
        .collect();
    lines.join("\n")
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

    #[test]
    fn marks_are_counted_across_cuts_and_not_across_lines() {
        let mark = "\u{301}".as_bytes();
        let pieces = [&b"e"[..]]
            .into_iter()
            .chain([mark; 9])
            .chain([&b"\n"[..], mark]);
        let pieces: Vec<&[u8]> = pieces.collect();
        let expected = format!("e{}\\u{{301}}\n\u{301}", "\u{301}".repeat(8));
        assert_eq!(shown(&pieces), expected);
    }

    #[test]
    fn a_text_keeps_its_lines_and_nothing_else() {
        assert_eq!(tamed("a\r\n\u{9b}b\tc\n"), "a\\r\n\\u{9b}b\\tc\n");
    }

    proptest! {
        #[test]
        fn how_the_stream_is_cut_does_not_matter(
            text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(0xe2), Just(0xcc), Just(0x81)], 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let (left, right) = text.split_at(cut.index(text.len() + 1));
            prop_assert_eq!(shown(&[left, right]), shown(&[&text]));
        }
    }
}
