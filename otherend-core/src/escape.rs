//! Bytes of a peer made fit for a terminal: whatever they are, they are only seen, never obeyed.

/// Append `text` to `out` so that it is valid UTF-8 and drives nothing.
///
/// Control characters (C0, DEL, C1) come out as `\n`, `\x1b`, `\u{9b}`; so do the characters
/// that turn the direction of writing, break lines or cannot be seen at all (a byte order mark).
/// Invalid UTF-8 comes out as U+FFFD. A backslash stays as it is: the result is for reading, and
/// cannot be turned back.
///
/// ```
/// let mut shown = Vec::new();
/// otherend_core::escape_into(&mut shown, b"\x1b[2Jcaf\xc3\xa9\xff");
/// assert_eq!(shown, "\\x1b[2Jcaf\u{e9}\u{fffd}".as_bytes());
/// ```
pub fn escape_into(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while !rest.is_empty() {
        let (plain, after) = split_where(rest, |b| !is_plain(b));
        out.extend_from_slice(plain);
        // No character lies across this cut: all bytes of one that is not ASCII are odd.
        let (odd, after) = split_where(after, is_plain);
        escape_odd(out, odd);
        rest = after;
    }
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

fn escape_odd(out: &mut Vec<u8>, odd: &[u8]) {
    for chunk in odd.utf8_chunks() {
        for character in chunk.valid().chars() {
            push(out, character);
        }
        if !chunk.invalid().is_empty() {
            push(out, char::REPLACEMENT_CHARACTER);
        }
    }
}

fn push(out: &mut Vec<u8>, character: char) {
    let code = u32::from(character);
    match character {
        '\0' => out.extend_from_slice(b"\\0"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        _ if code < 0x80 => out.extend_from_slice(format!("\\x{code:02x}").as_bytes()),
        _ if drives(character) => out.extend_from_slice(format!("\\u{{{code:x}}}").as_bytes()),
        _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// Characters outside ASCII that a terminal would act on, or that hide.
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
        shows("Grüße, 日本 👩‍👩‍👧 ₿".as_bytes(), "Grüße, 日本 👩‍👩‍👧 ₿");
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
            prop_assert!(!out.chars().any(|c| c.is_control() || drives(c)), "{out:?}");
        }

        #[test]
        fn no_text_drives_a_terminal(text in any::<String>()) {
            let out = escaped(text.as_bytes());
            prop_assert!(!out.chars().any(|c| c.is_control() || drives(c)), "{out:?}");
        }

        #[test]
        fn plain_text_is_its_own_escape(text in "[ -~à-ü]{0,80}") {
            prop_assert_eq!(escaped(text.as_bytes()), text);
        }
    }
}
