//! JSON that may be looked at: whatever a peer said, no terminal and no log obeys it.
//!
//! serde_json escapes what JSON forbids in a string, which is C0 only. Here everything that a text
//! screen shows as an escape is one, too (`\u009b`, `\u202e`): the same value to whoever parses it.

use std::io::{self, Write};

use otherend_core::Escaper;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// `value` as JSON, in one line without its end.
pub(crate) fn to_string(value: &impl Serialize) -> serde_json::Result<String> {
    let mut out = Vec::new();
    append(&mut out, value)?;
    // serde_json writes whole characters, and so does the formatter below.
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Append `value` as JSON.
pub(crate) fn append(out: &mut Vec<u8>, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Tame))
}

/// serde_json's own compact form, but for strings.
struct Tame;

impl Formatter for Tame {
    /// `fragment` is a part of a string that JSON lets stand as it is.
    fn write_string_fragment<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut escaper = Escaper::default();
        let mut rest = fragment;
        while let Some((at, odd)) = rest.char_indices().find(|(_, c)| escaper.escapes(*c)) {
            let (plain, after) = rest.split_at(at);
            out.write_all(plain.as_bytes())?;
            // Past U+FFFF JSON has two escapes for one character (RFC 8259 section 7).
            for unit in odd.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &after[odd.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn is(text: &str, json: &str) {
        assert_eq!(to_string(&text).unwrap(), json);
    }

    #[test]
    fn readable_text_is_untouched() {
        is("", r#""""#);
        is("Grüße, \"日本\" C:\\ ~", r#""Grüße, \"日本\" C:\\ ~""#);
    }

    #[test]
    fn what_drives_or_hides_is_an_escape() {
        is("a\u{9b}31m\u{7f}b", r#""a\u009b31m\u007fb""#);
        is("\u{202e}\u{2028}\u{85}", r#""\u202e\u2028\u0085""#);
        is("\u{200b}\u{ad}\u{e0041}", r#""\u200b\u00ad\udb40\udc41""#);
        is("\u{1b}[2J\n\t", r#""\u001b[2J\n\t""#);
        let marks = format!("e{}", "\u{301}".repeat(10));
        let shown = format!("\"e{}\\u0301\\u0301\"", "\u{301}".repeat(8));
        is(&marks, &shown);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_drives(
            key in any::<String>(),
            value in "(\\PC|[\u{7f}-\u{a0}\u{200b}-\u{206f}\u{300}-\u{304}\u{e0000}-\u{e0080}]|\\p{Cc}){0,60}",
        ) {
            let object = serde_json::json!({ &key: value });
            let json = to_string(&object).unwrap();
            let mut escaper = Escaper::default();
            prop_assert!(!json.chars().any(|c| escaper.escapes(c)), "{json}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), object);
        }
    }
}
