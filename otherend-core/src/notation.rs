//! How bytes that are no text are written in one (usually: escape sequences): `\r` `\n` `\t` `\0`
//! `\\` `\xNN`, the same in transcripts and in drawings.

/// Why there is no such escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoEscape {
    /// Behind `\x` come no two hex digits.
    Hex,
    /// There is none with this character.
    Unknown(Option<char>),
}

/// What the escape means whose backslash `rest` stands behind, and how many bytes of `rest` are its.
pub(crate) fn escape(rest: &str) -> Result<(u8, usize), NoEscape> {
    let byte = match rest.chars().next() {
        Some('r') => b'\r',
        Some('n') => b'\n',
        Some('t') => b'\t',
        Some('0') => 0,
        Some('\\') => b'\\',
        Some('x') => {
            let pair = rest.get(1..3).and_then(hex_pair);
            return Ok((pair.ok_or(NoEscape::Hex)?, 3));
        }
        other => return Err(NoEscape::Unknown(other)),
    };
    Ok((byte, 1))
}

/// Two hex digits as a byte.
pub(crate) fn hex_pair(pair: &str) -> Option<u8> {
    let digits = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    u8::from_str_radix(pair, 16).ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_says_how_long_it_is() {
        assert_eq!(escape("r\\n"), Ok((b'\r', 1)));
        assert_eq!(escape("x1Fz"), Ok((0x1f, 3)));
        assert_eq!(escape("x1"), Err(NoEscape::Hex));
        assert_eq!(escape("x+1"), Err(NoEscape::Hex));
        assert_eq!(escape("x\u{e9}"), Err(NoEscape::Hex));
        assert_eq!(escape("q"), Err(NoEscape::Unknown(Some('q'))));
        assert_eq!(escape(""), Err(NoEscape::Unknown(None)));
    }
}
