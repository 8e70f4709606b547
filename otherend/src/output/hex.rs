//! Bytes in the layout of `hexdump -C`, one row for 16 of them.

use std::io::Write;

use otherend_core::escaped;

use crate::output::human;

/// Bytes in one row.
pub(crate) const ROW: usize = 16;

/// Append one row without a line end: the offset in eight hex digits, up to [`ROW`] bytes, and
/// the same bytes as ASCII with a dot for what cannot be seen.
///
/// Rows that repeat are not squeezed to `*`: in a conversation each has its time and speaker.
pub(crate) fn row_into(out: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{offset:08x}  ");
    for column in 0..ROW {
        match bytes.get(column) {
            Some(byte) => out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15), b' ']),
            None => out.extend_from_slice(b"   "),
        }
        if column % 8 == 7 {
            out.push(b' ');
        }
    }
    out.push(b'|');
    out.extend(bytes.iter().take(ROW).map(|byte| seen(*byte)));
    out.push(b'|');
}

/// A message that is no line, in one line: text as text, anything else in hex with its length in
/// front and its text beside it.
pub(crate) fn message(bytes: &[u8]) -> String {
    let is_text = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    if std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_text)) {
        return escaped(bytes);
    }
    let mut out = human::plural(bytes.len() as u64, "byte").into_bytes();
    out.push(b':');
    for byte in bytes {
        out.extend_from_slice(&[b' ', digit(byte >> 4), digit(byte & 15)]);
    }
    out.extend_from_slice(b"  |");
    out.extend(bytes.iter().map(|byte| seen(*byte)));
    out.push(b'|');
    String::from_utf8_lossy(&out).into_owned()
}

fn seen(byte: u8) -> u8 {
    match byte {
        b' '..=b'~' => byte,
        _ => b'.',
    }
}

fn digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(offset: u64, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        row_into(&mut out, offset, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_full_row_is_as_hexdump_prints_it() {
        assert_eq!(
            row(0x10, b"From server -> \n"),
            "00000010  46 72 6f 6d 20 73 65 72  76 65 72 20 2d 3e 20 0a  |From server -> .|"
        );
    }

    #[test]
    fn a_short_row_keeps_its_text_in_place() {
        assert_eq!(
            row(0, b"\x1b\xffz"),
            "00000000  1b ff 7a                                          |..z|"
        );
        assert_eq!(
            row(0xabc0, b"123456789"),
            "0000abc0  31 32 33 34 35 36 37 38  39                       |123456789|"
        );
    }

    #[test]
    fn a_message_is_text_or_hex_with_its_text_beside_it() {
        assert_eq!(message(b"MSH|^~\rPID"), "MSH|^~\\rPID");
        assert_eq!(message(b"\x11\x03\0k"), "4 bytes: 11 03 00 6b  |...k|");
        assert_eq!(message("caf\u{e9}".as_bytes()), "caf\u{e9}");
        assert_eq!(message(b"caf\xe9"), "4 bytes: 63 61 66 e9  |caf.|");
        assert_eq!(message(b""), "");
    }

    #[test]
    fn an_offset_past_four_gigabytes_widens_the_row() {
        assert!(row(0x1_0000_0000, b"a").starts_with("100000000  61 "));
    }
}
