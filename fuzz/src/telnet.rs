//! The telnet filter against one written twice: plainly, over the whole input at once.

use std::collections::BTreeSet;

use otherend_core::{Decoded, Decoder, Framing};

/// The first byte chooses how the rest is cut.
pub fn check(input: &[u8]) {
    let [piece, bytes @ ..] = input else {
        return;
    };
    // A byte order mark is the decoder's business, not the filter's.
    let expected = plainly(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    assert_eq!(found(&[bytes]), expected);
    let pieces: Vec<&[u8]> = bytes.chunks(1 + usize::from(*piece)).collect();
    assert_eq!(found(&pieces), expected);
}

fn found(pieces: &[&[u8]]) -> Vec<String> {
    let mut decoder = Decoder::new(&Framing::Telnet, usize::MAX);
    let mut found = Vec::new();
    for piece in pieces {
        let mut feed = decoder.feed(piece);
        while let Some(decoded) = feed.next() {
            found.extend(shown(decoded));
        }
    }
    while let Some(decoded) = decoder.finish() {
        found.extend(shown(decoded));
    }
    found
}

/// A mark is the decoder's business alone.
fn shown(decoded: Decoded<'_>) -> Option<String> {
    let shown = match decoded {
        Decoded::Recognised(_) => return None,
        Decoded::Message(line, _) => format!("line {}", line.escape_ascii()),
        Decoded::Negotiation(bytes) => format!("answer {bytes:?}"),
        Decoded::AreYouThere => "are you there".into(),
        Decoded::TooLong => "too long".into(),
        Decoded::Utf16 => "utf-16".into(),
        Decoded::OutOfStep { why, .. } => why.reason().into(),
    };
    Some(shown)
}

/// RFC 854 as one reads it.
fn plainly(bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut line = Vec::new();
    let mut refused = BTreeSet::new();
    let mut answers = 0;
    let mut after_cr = false;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (used, text) = match rest {
            [255, 255, ..] => (2, Some(255)),
            [255, 250, ..] => (subnegotiation(rest, &mut found), None),
            [255, verb @ (251 | 253), option, ..] => {
                if refused.insert((*verb, *option)) && answers < 64 {
                    answers += 1;
                    let no = if *verb == 253 { 252 } else { 254 };
                    found.push(format!("answer {:?}", [255, no, *option]));
                }
                (3, None)
            }
            [255, 252 | 254, _, ..] => (3, None),
            [255, 251..=254] => (2, None),
            [255, command, ..] => {
                match command {
                    246 if answers < 64 => {
                        answers += 1;
                        found.push("are you there".into());
                    }
                    247 => erase_character(&mut line),
                    248 => line.clear(),
                    _ => {}
                }
                (2, None)
            }
            [255] => (1, None),
            [byte, ..] => (1, Some(*byte)),
            [] => break,
        };
        at += used;
        let Some(byte) = text else { continue };
        match byte {
            b'\n' | 0 if after_cr => {}
            b'\n' | b'\r' => {
                found.push(format!("line {}", std::mem::take(&mut line).escape_ascii()))
            }
            _ => line.push(byte),
        }
        after_cr = byte == b'\r';
    }
    if !line.is_empty() {
        found.push(format!("line {}", line.escape_ascii()));
    }
    found
}

/// How many bytes a subnegotiation takes; it is complained of for each 1,025 of them.
fn subnegotiation(rest: &[u8], found: &mut Vec<String>) -> usize {
    let mut at = 2;
    let mut seen = 0;
    while at < rest.len() {
        if rest[at] == 255 {
            match rest.get(at + 1) {
                None => return rest.len(),
                Some(240) => return at + 2,
                Some(_) => at += 1,
            }
        }
        at += 1;
        seen += 1;
        if seen == 1025 {
            found.push("too long".into());
            seen = 0;
        }
    }
    rest.len()
}

/// In UTF-8 a character is a byte and the continuation bytes behind it.
fn erase_character(line: &mut Vec<u8>) {
    while line.pop().is_some_and(|byte| (0x80..0xc0).contains(&byte)) {}
}
