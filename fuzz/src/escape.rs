//! Terminal escaping: whatever the bytes, the result drives no terminal and hides nothing.

use otherend_core::{escape_into, escaped};

/// Escape `input`, then look at the result with other eyes.
pub fn check(input: &[u8]) {
    let mut out = Vec::new();
    escape_into(&mut out, input);
    let shown = String::from_utf8(out).expect("the result is UTF-8");
    assert_eq!(shown, escaped(input));
    assert!(!shown.chars().any(drives), "{shown:?}");
    assert_eq!(shown, escaped(shown.as_bytes()), "nothing is left to do");
    if input.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        assert_eq!(shown.as_bytes(), input, "plain text is its own escape");
    }
    // Cutting where a character ends changes nothing.
    let (left, right) = input.split_at(input.len() / 2);
    if right.first().is_none_or(u8::is_ascii) {
        assert_eq!(shown, escaped(left) + &escaped(right));
    }
}

/// Written from the Unicode tables' categories, not from the escaping's own list.
fn drives(character: char) -> bool {
    let bidi = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
    character.is_control()
        || bidi.contains(character)
        || "\u{2028}\u{2029}\u{feff}".contains(character)
}
