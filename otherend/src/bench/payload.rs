//! What is said and what should be heard, as two streams whose every byte is known in advance.
//!
//! Line n of client c is the same bytes whenever it is asked for, so nothing that was said needs to
//! be kept: what is unsent and what is unheard are positions. Only the head of a line differs from
//! line to line; the rest is written once and stays where it is.

/// `CCCCCCCC-NNNNNNNN`: the client's number and the line's. Both wrap at eight digits.
const HEAD: usize = 17;
/// Bytes that a payload holds at most, unless one line alone has more.
const ROOM: usize = 64 * 1024;

/// What stands on a line besides its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineFormat {
    /// Bytes before the line; empty for what the clients say.
    pub(crate) prefix: Vec<u8>,
    /// Bytes of the line itself, without its end.
    pub(crate) text: usize,
    /// The line's end.
    pub(crate) end: &'static [u8],
}

impl LineFormat {
    /// The whole length: prefix, text and end.
    pub(crate) fn length(&self) -> usize {
        self.prefix.len() + self.text + self.end.len()
    }
}

/// Knows any part of any client's stream.
#[derive(Debug)]
pub(crate) struct Payload {
    /// Whole lines, all alike but for their heads.
    bytes: Vec<u8>,
    line: usize,
    /// Where the head stands within a line, and how much of it has room there.
    head_at: usize,
    head: usize,
}

impl Payload {
    pub(crate) fn new(format: &LineFormat) -> Payload {
        let line = line(format);
        Payload {
            bytes: line.repeat((ROOM / line.len()).max(1)),
            line: line.len(),
            head_at: format.prefix.len(),
            head: format.text.min(HEAD),
        }
    }

    /// Bytes in a line.
    pub(crate) fn line(&self) -> usize {
        self.line
    }

    /// The stream of `client` from its byte `from` on: at most `most` bytes, or as many as there is
    /// room for.
    #[inline]
    pub(crate) fn show(&mut self, client: u32, from: u64, most: u64) -> &[u8] {
        // Byte 1,000 of a stream of 21-byte lines is byte 13 of line 47: the room's first line becomes
        // number 47, the next 48, and what was asked for begins at its byte 13.
        let line = self.line as u64;
        let (first, offset) = (from / line, (from % line) as usize);
        let end = (offset as u64).saturating_add(most);
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        let end = end.min(self.bytes.len());
        self.number(client, first, end.div_ceil(self.line));
        &self.bytes[offset..end]
    }

    /// Write the heads of lines `first` and so on into the first `count` lines of the payload.
    fn number(&mut self, client: u32, first: u64, count: usize) {
        let client = Digits::of(u64::from(client)).bytes();
        let mut number = Digits::of(first);
        for line in self.bytes.chunks_exact_mut(self.line).take(count) {
            match line.get_mut(self.head_at..self.head_at + HEAD) {
                // Straight from registers: putting the head together in memory first makes every
                // line wait for its own stores, which took half of the load's time.
                Some(head) if self.head == HEAD => {
                    head[..8].copy_from_slice(&client);
                    head[8] = b'-';
                    head[9..].copy_from_slice(&number.bytes());
                }
                _ => {
                    let head = [&client[..], b"-", &number.bytes()].concat();
                    line[self.head_at..self.head_at + self.head]
                        .copy_from_slice(&head[HEAD - self.head..]);
                }
            }
            number.step();
        }
    }
}

/// One line, its head still to be filled in: the text goes on with the alphabet.
fn line(format: &LineFormat) -> Vec<u8> {
    let mut line = format.prefix.clone();
    let letters = (b'a'..=b'z').cycle();
    let text = [0; HEAD].into_iter().chain([b' ']).chain(letters);
    line.extend(text.take(format.text));
    line.extend_from_slice(format.end);
    line
}

/// Eight decimal digits in one register: the lowest byte is the last digit.
#[derive(Debug, Clone, Copy)]
struct Digits(u64);

impl Digits {
    fn of(number: u64) -> Digits {
        let mut left = number;
        let mut digits = 0;
        for place in 0..8 {
            digits |= (left % 10 + u64::from(b'0')) << (8 * place);
            left /= 10;
        }
        Digits(digits)
    }

    #[inline]
    fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    #[inline]
    fn step(&mut self) {
        self.0 += 1;
        if self.0 & 0xff > u64::from(b'9') {
            self.carry();
        }
    }

    fn carry(&mut self) {
        let mut digits = self.bytes();
        for place in (0..8).rev() {
            if digits[place] <= b'9' {
                break;
            }
            digits[place] = b'0';
            if let Some(next) = place.checked_sub(1) {
                digits[next] += 1;
            }
        }
        self.0 = u64::from_be_bytes(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(prefix: &str, text: usize, end: &'static [u8]) -> LineFormat {
        let prefix = prefix.into();
        LineFormat { prefix, text, end }
    }

    fn shown(format: &LineFormat, client: u32, from: u64, most: u64) -> String {
        let mut payload = Payload::new(format);
        String::from_utf8(payload.show(client, from, most).to_vec()).unwrap()
    }

    #[test]
    fn lines_carry_client_and_number() {
        let said = shown(&format("", 20, b"\n"), 7, 21 * 8, 63);
        assert_eq!(
            said,
            "00000007-00000008 ab\n00000007-00000009 ab\n00000007-00000010 ab\n"
        );
    }

    #[test]
    fn a_short_line_keeps_the_last_digits() {
        let said = shown(&format("", 2, b"\n"), 7, 3 * 98, 12);
        assert_eq!(said, "98\n99\n00\n01\n");
        assert_eq!(shown(&format("", 0, b"\n"), 7, 0, 3), "\n\n\n");
    }

    #[test]
    fn replies_have_their_prefix_and_end() {
        let heard = shown(&format("S ", 4, b"\r\n"), 1, 0, 16);
        assert_eq!(heard, "S 0000\r\nS 0001\r\n");
    }

    #[test]
    fn any_part_is_what_the_whole_has_there() {
        let format = format("ab", 19, b"\n");
        let mut payload = Payload::new(&format);
        let whole = payload.show(3, 0, 2000).to_vec();
        for from in 0..300 {
            for most in [1, 2, 21, 22, 23, 700] {
                let part = payload.show(3, from, most);
                let from = from as usize;
                assert_eq!(part, &whole[from..from + part.len()]);
                assert_eq!(part.len() as u64, most);
            }
        }
    }

    #[test]
    fn a_line_larger_than_the_room_is_shown_whole() {
        let format = format("", 3 * ROOM, b"\n");
        let mut payload = Payload::new(&format);
        assert_eq!(payload.show(0, 0, u64::MAX).len(), 3 * ROOM + 1);
        assert_eq!(payload.show(0, 3 * ROOM as u64, 5), b"\n");
    }

    #[test]
    fn digits_carry_and_wrap() {
        let mut digits = Digits::of(1_999_998);
        let mut steps = Vec::new();
        for _ in 0..3 {
            steps.push(digits.bytes());
            digits.step();
        }
        assert_eq!(steps, [*b"01999998", *b"01999999", *b"02000000"]);
        let mut last = Digits::of(99_999_999);
        last.step();
        assert_eq!(last.bytes(), *b"00000000");
        assert_eq!(Digits::of(100_000_002).bytes(), *b"00000002");
    }
}
