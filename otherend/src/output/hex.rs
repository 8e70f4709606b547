//! Bytes in the layout of `hexdump -C`, one row for 16 of them.

use std::io::Write;

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
    out.extend(bytes.iter().take(ROW).map(|byte| match byte {
        b' '..=b'~' => *byte,
        _ => b'.',
    }));
    out.push(b'|');
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
    fn an_offset_past_four_gigabytes_widens_the_row() {
        assert!(row(0x1_0000_0000, b"a").starts_with("100000000  61 "));
    }
}
