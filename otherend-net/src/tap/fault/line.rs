//! One line or message under faults: what is to become of it.

use std::time::Duration;

use otherend_core::{Drawing, Flaw};

use super::LineAction;

/// The byte that belongs to nothing.
const EXTRA: u8 = 0;

/// A line with its end, or a message in its frame, and what has been decided about it.
#[derive(Debug)]
pub(super) struct Line<'d> {
    bytes: Vec<u8>,
    /// Where it is a message.
    framed: Option<Framed<'d>>,
    /// Bytes that belong to nothing follow it.
    extra: usize,
    delay: Duration,
    /// How many times it is passed on.
    times: usize,
    /// Between its bytes, if they go one by one.
    gap: Option<Duration>,
    cut: bool,
}

/// A message, and what it stands in.
#[derive(Debug)]
struct Framed<'d> {
    drawing: &'d Drawing,
    message: Vec<u8>,
    flaws: Vec<Flaw>,
    /// It is not what was said any more.
    is_changed: bool,
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

impl<'d> Line<'d> {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Line {
            bytes: bytes.to_vec(),
            framed: None,
            extra: 0,
            delay: Duration::ZERO,
            times: 1,
            gap: None,
            cut: false,
        }
    }

    /// This message, in `frame`.
    pub(super) fn framed(drawing: &'d Drawing, message: Vec<u8>, frame: &[u8]) -> Self {
        Line {
            framed: Some(Framed {
                drawing,
                message,
                flaws: Vec::new(),
                is_changed: false,
            }),
            ..Line::new(frame)
        }
    }

    pub(super) fn meet(&mut self, action: LineAction) {
        match action {
            LineAction::Cut => self.cut = true,
            LineAction::Delay(time) => self.delay += time,
            LineAction::Drop => self.times = 0,
            LineAction::Duplicate => self.times *= 2,
            LineAction::Split(gap) => self.gap = Some(gap),
            LineAction::Garble => match &mut self.framed {
                None => {
                    let text = text_length(&self.bytes);
                    garble(&mut self.bytes[..text]);
                }
                Some(framed) => {
                    garble(&mut framed.message);
                    framed.is_changed = true;
                }
            },
            LineAction::WrongEol if self.framed.is_none() => wrong_eol(&mut self.bytes),
            LineAction::WrongEol => {}
            LineAction::Wrong(flaw) => match &mut self.framed {
                Some(framed) => framed.flaws.push(flaw),
                None if flaw == Flaw::NoEnd => self.bytes.truncate(text_length(&self.bytes)),
                None => {}
            },
            LineAction::ExtraByte => self.extra += 1,
        }
    }

    /// Put a message that was changed in a frame again. One for which there is none, garbled into
    /// what would end it, passes as it was.
    fn encode(&mut self) {
        let Some(framed) = &self.framed else { return };
        if framed.is_changed || !framed.flaws.is_empty() {
            let mut frame = Vec::new();
            let encoded = framed
                .drawing
                .encode_wrong(&framed.message, &framed.flaws, &mut frame);
            if encoded.is_ok() {
                self.bytes = frame;
            }
        }
    }

    pub(super) fn pass(mut self) -> Passing {
        self.encode();
        self.bytes.extend(std::iter::repeat_n(EXTRA, self.extra));
        if self.cut {
            let text = match self.framed {
                Some(_) => self.bytes.len(),
                None => text_length(&self.bytes),
            };
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
fn garble(text: &mut [u8]) {
    for byte in text.iter_mut().step_by(3) {
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
    fn a_message_that_is_changed_goes_out_in_a_right_frame() {
        let framed = |framing: &str, actions: &[LineAction]| {
            let drawing: Drawing = framing.parse().unwrap();
            let mut frame = Vec::new();
            drawing.encode(b"GP,1", &mut frame).unwrap();
            let mut line = Line::framed(&drawing, b"GP,1".to_vec(), &frame);
            for &action in actions {
                line.meet(action);
            }
            line.pass().pieces.concat()
        };
        let wrong = LineAction::Wrong;
        assert_eq!(framed("nmea", &[]), b"$GP,1*0A\r\n");
        assert_eq!(framed("nmea", &[LineAction::Garble]), b"$\xc7P,\xb1*0A\r\n");
        assert_eq!(framed("nmea", &[wrong(Flaw::Sum)]), b"$GP,1*0B\r\n");
        assert_eq!(framed("nmea", &[wrong(Flaw::NoEnd)]), b"$GP,1*0A");
        assert_eq!(framed("u16", &[wrong(Flaw::Length)]), b"\0\x05GP,1");
        assert_eq!(framed("stx", &[wrong(Flaw::NoEnd)]), b"\x02GP,1");
        assert_eq!(framed("stx", &[LineAction::ExtraByte]), b"\x02GP,1\x03\0");
        assert_eq!(framed("netstring", &[LineAction::Cut]), b"4:GP");
        assert_eq!(framed("u8", &[LineAction::WrongEol]), b"\x04GP,1");
        let both = framed("u8", &[LineAction::Duplicate, wrong(Flaw::Length)]);
        assert_eq!(both, b"\x05GP,1\x05GP,1");
    }

    #[test]
    fn a_line_can_lack_its_end_or_be_followed_by_a_byte() {
        assert_eq!(bytes(b"a\r\n", &[LineAction::Wrong(Flaw::NoEnd)]), b"a");
        assert_eq!(bytes(b"a\r\n", &[LineAction::ExtraByte]), b"a\r\n\0");
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
