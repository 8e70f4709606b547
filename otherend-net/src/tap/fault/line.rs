//! One line under faults: what is to become of it.

use std::time::Duration;

use super::LineAction;

/// A line with its end, and what has been decided about it.
#[derive(Debug)]
pub(super) struct Line {
    bytes: Vec<u8>,
    delay: Duration,
    /// How many times it is passed on.
    times: usize,
    /// Between its bytes, if they go one by one.
    gap: Option<Duration>,
    cut: bool,
}

/// What a line comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passing {
    /// Time before it.
    pub(super) delay: Duration,
    /// What is passed on, a piece each.
    pub(super) pieces: Vec<Vec<u8>>,
    /// Time between the pieces, if there is any.
    pub(super) gap: Duration,
    /// Then both ends are closed.
    pub(super) cut: bool,
}

impl Line {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Line {
            bytes: bytes.to_vec(),
            delay: Duration::ZERO,
            times: 1,
            gap: None,
            cut: false,
        }
    }

    pub(super) fn meet(&mut self, action: LineAction) {
        match action {
            LineAction::Cut => self.cut = true,
            LineAction::Delay(time) => self.delay += time,
            LineAction::Drop => self.times = 0,
            LineAction::Duplicate => self.times *= 2,
            LineAction::Split(gap) => self.gap = Some(gap),
            LineAction::Garble => garble(&mut self.bytes),
            LineAction::WrongEol => wrong_eol(&mut self.bytes),
        }
    }

    pub(super) fn pass(mut self) -> Passing {
        if self.cut {
            let text = text_length(&self.bytes);
            self.bytes.truncate(text.div_ceil(2));
        }
        let whole = self.bytes.repeat(self.times);
        let pieces = match self.gap {
            Some(_) => whole.chunks(1).map(<[u8]>::to_vec).collect(),
            None if whole.is_empty() => Vec::new(),
            None => vec![whole],
        };
        Passing {
            delay: self.delay,
            pieces,
            gap: self.gap.unwrap_or_default(),
            cut: self.cut,
        }
    }
}

/// A line's length without its end.
pub(super) fn text_length(line: &[u8]) -> usize {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    text.strip_suffix(b"\r").unwrap_or(text).len()
}

/// Change every third byte, the first one included, but never into the end of a line.
fn garble(line: &mut [u8]) {
    let text = text_length(line);
    for byte in line[..text].iter_mut().step_by(3) {
        *byte = if *byte < 0x80 { *byte | 0x80 } else { b'?' };
    }
}

/// CR LF becomes LF and LF becomes CR LF; without an end there is none to change.
fn wrong_eol(line: &mut Vec<u8>) {
    let text = text_length(line);
    let wrong: &[u8] = match &line[text..] {
        b"\r\n" => b"\n",
        b"\n" => b"\r\n",
        _ => return,
    };
    line.splice(text.., wrong.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &[u8], actions: &[LineAction]) -> Passing {
        let mut line = Line::new(line);
        for &action in actions {
            line.meet(action);
        }
        line.pass()
    }

    fn bytes(line: &[u8], actions: &[LineAction]) -> Vec<u8> {
        after(line, actions).pieces.concat()
    }

    #[test]
    fn a_cut_is_in_the_middle_of_the_line() {
        assert_eq!(bytes(b"250 ok\r\n", &[LineAction::Cut]), b"250");
        assert_eq!(bytes(b"x\n", &[LineAction::Cut]), b"x");
        assert!(after(b"x\n", &[LineAction::Cut]).cut);
    }

    #[test]
    fn garbling_keeps_the_end_and_the_length() {
        assert_eq!(
            bytes(b"abcd\xff\r\n", &[LineAction::Garble]),
            b"\xe1bc\xe4\xff\r\n"
        );
        assert_eq!(bytes(b"\x8a\n", &[LineAction::Garble]), b"?\n");
    }

    #[test]
    fn the_wrong_end_is_the_other_one() {
        assert_eq!(bytes(b"a\r\n", &[LineAction::WrongEol]), b"a\n");
        assert_eq!(bytes(b"a\n", &[LineAction::WrongEol]), b"a\r\n");
        assert_eq!(bytes(b"a", &[LineAction::WrongEol]), b"a");
    }

    #[test]
    fn faults_add_up() {
        let gap = Duration::from_millis(2);
        let both = after(b"a\n", &[LineAction::Duplicate, LineAction::Split(gap)]);
        assert_eq!(both.pieces, [b"a", b"\n", b"a", b"\n"]);
        assert_eq!(both.gap, gap);
        assert!(bytes(b"a\n", &[LineAction::Duplicate, LineAction::Drop]).is_empty());
    }
}
