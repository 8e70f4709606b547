//! A reply that differs from what was expected: where, and how to show it.

use otherend_core::escaped;

/// How many bytes of a reply are shown on either side of the difference.
const AROUND: usize = 48;

/// The first reply of a client that is not the one expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The client, counted from 0 as in the lines it says.
    pub(crate) client: u32,
    /// The reply, counted from 0 as in the lines.
    pub(crate) reply: u64,
    /// The first byte that differs, counted from 0 within the reply.
    pub(crate) at: usize,
    /// The whole reply as it should have been.
    pub(crate) expected: Vec<u8>,
    /// What came instead, up to its line's end or as far as it had come.
    pub(crate) got: Vec<u8>,
}

/// Where two pieces of the same length first differ.
#[inline]
pub(crate) fn first_difference(expected: &[u8], got: &[u8]) -> Option<usize> {
    // Nearly always equal: one comparison of the whole, and a search only when it fails.
    if expected == got {
        return None;
    }
    expected.iter().zip(got).position(|(a, b)| a != b)
}

impl Difference {
    /// Three lines to show: expected, got, and a caret under the first byte that differs.
    pub(crate) fn lines(&self) -> [String; 3] {
        let from = self.at.saturating_sub(AROUND);
        let lead = if from > 0 { "…" } else { "" };
        let show = |bytes: &[u8]| {
            let to = bytes.len().min(self.at + AROUND);
            let trail = if to < bytes.len() { "…" } else { "" };
            format!("{lead}{}{trail}", escaped(&bytes[from.min(to)..to]))
        };
        let before = escaped(&self.expected[from..self.at]).chars().count() + lead.chars().count();
        [
            show(&self.expected),
            show(&self.got),
            format!("{}^", " ".repeat(before)),
        ]
    }

    /// What usually causes this, where the bytes tell.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        let wanted = self.expected.get(self.at..).unwrap_or_default();
        let came = self.got.get(self.at..).unwrap_or_default();
        match (wanted, came) {
            ([b'\n'], [b'\r', b'\n', ..]) => {
                Some("the server ends its lines with CR LF: add --reply-end crlf")
            }
            ([b'\r', b'\n'], [b'\n', ..]) => {
                Some("the server ends its lines with LF: add --reply-end lf")
            }
            _ if self.at == 0 && self.reply == 0 && self.got.starts_with(b"0") => {
                Some("the server echoes without a prefix: add --prefix ''")
            }
            _ if self.at == 0 && self.reply == 0 => {
                Some("the first reply is another one: a greeting, an error, or another --prefix")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(at: usize, expected: &[u8], got: &[u8]) -> Difference {
        Difference {
            client: 0,
            reply: 0,
            at,
            expected: expected.to_vec(),
            got: got.to_vec(),
        }
    }

    #[test]
    fn the_first_differing_byte_is_found() {
        assert_eq!(first_difference(b"same", b"same"), None);
        assert_eq!(first_difference(b"abcd", b"abXd"), Some(2));
        assert_eq!(first_difference(b"", b""), None);
    }

    #[test]
    fn the_caret_stands_under_the_difference() {
        let shown = difference(6, b"\tab-00001\n", b"\tab-0\x1b[2J\n").lines();
        assert_eq!(shown[0], "\\tab-00001\\n");
        assert_eq!(shown[1], "\\tab-0\\x1b[2J\\n");
        assert_eq!(shown[2], "       ^");
    }

    #[test]
    fn a_long_reply_is_shown_around_the_difference() {
        let expected = [b'a'; 1000];
        let mut got = expected;
        got[500] = b'b';
        let shown = difference(500, &expected, &got).lines();
        assert_eq!(shown[1].chars().count(), 2 + 2 * AROUND);
        assert_eq!(shown[1].chars().position(|c| c == 'b'), shown[2].find('^'));
    }

    #[test]
    fn nothing_may_have_come_yet_of_the_rest() {
        let shown = difference(0, b"abc\n", b"").lines();
        assert_eq!(shown, ["abc\\n", "", "^"]);
    }

    #[test]
    fn line_ends_are_hinted_at() {
        let hint = difference(1, b"a\n", b"a\r\n").hint();
        assert!(hint.is_some_and(|hint| hint.ends_with("--reply-end crlf")));
        let hint = difference(0, b"From 0000\n", b"0000\n").hint();
        assert!(hint.is_some_and(|hint| hint.contains("--prefix ''")));
    }
}
