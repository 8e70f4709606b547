//! Bytes of a peer made fit for a terminal (usually: sanitising): whatever they are, they are only
//! seen, never obeyed.
//!
//! [`Escaper`] is the one place that says which characters are shown as an escape; each form of
//! output has its own spelling of one: `\u{9b}` in text, `\u009b` in JSON, `\xc2\x9b` in a
//! transcript.

/// So many combining marks are shown above and below one character. More of them, stacked, would
/// cover the lines around; no language's spelling comes near it.
const MARKS: u32 = 8;

/// Goes through a text character by character, and says which ones must not be shown as they are.
///
/// ```
/// let mut escaper = otherend_core::Escaper::default();
/// let odd: Vec<bool> = "a\u{9b}\u{202e}é".chars().map(|c| escaper.escapes(c)).collect();
/// assert_eq!(odd, [false, true, true, false]);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Escaper {
    /// Combining marks since the last character that is none.
    marks: u32,
}

impl Escaper {
    /// The next character of the text: is it to be shown as an escape?
    ///
    /// That holds for control characters (C0 with tab and line ends, DEL, C1), for what turns the
    /// direction of writing or ends a line, for what cannot be seen at all, and for combining marks
    /// past the eighth on one character.
    pub fn escapes(&mut self, character: char) -> bool {
        if matches!(character, ' '..='~') {
            self.marks = 0;
            return false;
        }
        if character.is_control() || drives(character) || hides(character) {
            // The marks go on: what follows the last letter of an escape would stand above it.
            return true;
        }
        if !is_mark(character) {
            self.marks = 0;
            return false;
        }
        self.marks = self.marks.saturating_add(1);
        self.marks > MARKS
    }

    /// Append `text`, the next piece of a longer one, as [`escape_into`] does. A character that is
    /// cut in two is none.
    pub fn escape_into(&mut self, out: &mut Vec<u8>, text: &[u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            let (plain, after) = split_where(rest, |b| !is_plain(b));
            if !plain.is_empty() {
                self.marks = 0;
                out.extend_from_slice(plain);
            }
            // No character lies across this cut: all bytes of one that is not ASCII are odd.
            let (odd, after) = split_where(after, is_plain);
            self.escape_odd(out, odd);
            rest = after;
        }
    }

    fn escape_odd(&mut self, out: &mut Vec<u8>, odd: &[u8]) {
        for chunk in odd.utf8_chunks() {
            for character in chunk.valid().chars() {
                match self.escapes(character) {
                    true => spell(out, character),
                    false => {
                        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                }
            }
            if !chunk.invalid().is_empty() {
                self.marks = 0;
                let mut replaced = [0; 4];
                let replaced = char::REPLACEMENT_CHARACTER.encode_utf8(&mut replaced);
                out.extend_from_slice(replaced.as_bytes());
            }
        }
    }
}

/// Append `text` to `out` so that it is valid UTF-8 and drives nothing.
///
/// What an [`Escaper`] finds comes out as `\n`, `\x1b`, `\u{9b}`. Invalid UTF-8 comes out as U+FFFD.
/// A backslash stays as it is: the result is for reading, and cannot be turned back.
///
/// ```
/// let mut shown = Vec::new();
/// otherend_core::escape_into(&mut shown, b"\x1b[2Jcaf\xc3\xa9\xff");
/// assert_eq!(shown, "\\x1b[2Jcaf\u{e9}\u{fffd}".as_bytes());
/// ```
pub fn escape_into(out: &mut Vec<u8>, text: &[u8]) {
    Escaper::default().escape_into(out, text);
}

/// `text` as [`escape_into`] shows it.
#[must_use]
pub fn escaped(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    escape_into(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn split_where(text: &[u8], ends: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| ends(*b)).unwrap_or(text.len());
    text.split_at(end)
}

fn spell(out: &mut Vec<u8>, character: char) {
    let code = u32::from(character);
    match character {
        '\0' => out.extend_from_slice(b"\\0"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        _ if code < 0x80 => out.extend_from_slice(format!("\\x{code:02x}").as_bytes()),
        _ => out.extend_from_slice(format!("\\u{{{code:x}}}").as_bytes()),
    }
}

/// Characters outside ASCII that a terminal or an editor would act on, so that a line is not read
/// as what it is. A transcript that somebody wrote must not hold them.
pub(crate) fn drives(character: char) -> bool {
    matches!(
        character,
        '\u{80}'..='\u{9f}' // C1
        | '\u{61c}' | '\u{200e}' | '\u{200f}' // marks of direction
        | '\u{2028}' | '\u{2029}' // line and paragraph separator
        | '\u{202a}'..='\u{202e}' // embeddings and overrides of direction
        | '\u{2066}'..='\u{2069}' // isolates
        | '\u{feff}' // byte order mark
        | '\u{fff9}'..='\u{fffb}' // interlinear annotation
        | '\u{e0000}'..='\u{e007f}' // tags: text that nobody sees
    )
}

/// Characters that take no room and show nothing (Unicode's `Default_Ignorable_Code_Point`), beside
/// those that [`drives`] has and the selectors of a variant, which change what stands before them.
///
/// Some have their use (U+200D in emojis of families, U+200C in Persian), so a transcript may hold
/// them; in what a peer says they are as good for hiding one text in another.
fn hides(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' // soft hyphen
        | '\u{34f}' // joins graphemes
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // fillers of Hangul
        | '\u{17b4}' | '\u{17b5}' // vowels of Khmer that are not written
        | '\u{180b}'..='\u{180f}' // of Mongolian
        | '\u{200b}'..='\u{200d}' // space without width, joiners
        | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' // joiner, signs nobody sees
        | '\u{fff0}'..='\u{fff8}' | '\u{fffe}' | '\u{ffff}' // no characters
        | '\u{1bca0}'..='\u{1bca3}' // of shorthand
        | '\u{1d173}'..='\u{1d17a}' // of music
        | '\u{e0080}'..='\u{e0fff}' // room for more tags, selectors nobody uses
    )
}

/// It stands above, below or in the character before it.
///
/// The standard library has the table (`Grapheme_Extend`) for showing text in quotes, and no other
/// door to it: `char::escape_debug` spells such characters out, and else only those that have no
/// shape of their own. Blanks and what is for private use are among the latter and take their room.
fn is_mark(character: char) -> bool {
    let private = matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    character >= '\u{300}'
        && !private
        && !character.is_whitespace()
        && character.escape_debug().len() > 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn shows(text: &[u8], shown: &str) {
        assert_eq!(escaped(text), shown);
    }

    #[test]
    fn readable_text_is_untouched() {
        shows(b"", "");
        shows(b"From server -> C:\\dir ~", "From server -> C:\\dir ~");
        let text = "Grüße, 日本\u{3000}नमस्ते שָׁלוֹם ไม่ ❤️👍🏽 ₿ \u{e0b0}";
        shows(text.as_bytes(), text);
    }

    #[test]
    fn control_characters_are_spelt_out() {
        shows(b"a\tb\r\n\0", "a\\tb\\r\\n\\0");
        shows(b"\x1b]0;title\x07\x7f\x08", "\\x1b]0;title\\x07\\x7f\\x08");
        shows("\u{9b}31m".as_bytes(), "\\u{9b}31m");
        shows(
            "\u{202e}txt.exe\u{2066}".as_bytes(),
            "\\u{202e}txt.exe\\u{2066}",
        );
        shows("\u{feff}Exit\u{2028}".as_bytes(), "\\u{feff}Exit\\u{2028}");
        shows("\u{e0041}".as_bytes(), "\\u{e0041}");
    }

    #[test]
    fn what_cannot_be_seen_is_spelt_out() {
        let unseen = "\u{ad}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{3164}\u{e0100}";
        let shown: String = unseen
            .chars()
            .map(|c| c.escape_unicode().to_string())
            .collect();
        shows(unseen.as_bytes(), &shown);
    }

    #[test]
    fn a_character_has_eight_marks_at_most() {
        let marks = |count| "\u{301}".repeat(count);
        shows(
            format!("e{}x", marks(8)).as_bytes(),
            &format!("e{}x", marks(8)),
        );
        let shown = format!("e{}{}e{}", marks(8), "\\u{301}".repeat(2), marks(1));
        shows(format!("e{}e{}", marks(10), marks(1)).as_bytes(), &shown);
        // Nor what follows something that is spelt out, or that is replaced.
        let hidden = format!("e{}\u{200b}\u{301}", marks(8));
        let shown = format!("e{}\\u{{200b}}\\u{{301}}", marks(8));
        shows(hidden.as_bytes(), &shown);
        for kind in [
            '\u{5b0}',
            '\u{64b}',
            '\u{e34}',
            '\u{20dd}',
            '\u{fe0f}',
            '\u{1ab0}',
            '\u{1d167}',
        ] {
            let many = kind.to_string().repeat(5000);
            let shown = escaped(many.as_bytes());
            assert_eq!(shown.chars().filter(|c| *c == kind).count(), 8, "{kind:?}");
        }
    }

    #[test]
    fn pieces_of_a_text_are_one_text() {
        let text = format!("e{}", "\u{301}".repeat(20));
        let (mut escaper, mut out) = (Escaper::default(), Vec::new());
        for piece in text.split_inclusive('\u{301}') {
            escaper.escape_into(&mut out, piece.as_bytes());
        }
        assert_eq!(String::from_utf8(out).unwrap(), escaped(text.as_bytes()));
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        shows(b"a\xffb\x9bc", "a\u{fffd}b\u{fffd}c");
        shows(b"\xe2\x82", "\u{fffd}");
        shows(b"\xe2\x82\x1b", "\u{fffd}\\x1b");
        shows(b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}");
    }

    proptest! {
        #[test]
        fn no_bytes_drive_a_terminal(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            escape_into(&mut out, &text);
            let out = String::from_utf8(out).unwrap();
            let mut escaper = Escaper::default();
            prop_assert!(!out.chars().any(|c| escaper.escapes(c)), "{out:?}");
        }

        #[test]
        fn no_text_drives_a_terminal(text in any::<String>()) {
            let out = escaped(text.as_bytes());
            let mut escaper = Escaper::default();
            prop_assert!(!out.chars().any(|c| escaper.escapes(c)), "{out:?}");
        }

        #[test]
        fn plain_text_is_its_own_escape(text in "[ -~à-ü]{0,80}") {
            prop_assert_eq!(escaped(text.as_bytes()), text);
        }
    }
}
