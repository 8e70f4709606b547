//! Steps as they are heard: joined, and cut into lines, datagrams or messages.

use super::Extent;
use super::script::{Form, Occurs, ToSay};
use super::template::{Piece, Template};
use crate::framing::{Looking, Seen};
use crate::transcript::Limits;
use crate::{Drawing, Framing};

/// A line that is heard, or what is not complete.
pub(super) struct Line {
    /// The line in the file on which it begins.
    pub(super) line: usize,
    /// How many of the steps are heard when this is.
    pub(super) steps: usize,
    pub(super) extent: Extent,
    pub(super) occurs: Occurs,
    /// How many bytes it has, as it stands in the file.
    pub(super) length: usize,
    /// `None`: it is the last of its steps, neither more nor less.
    pub(super) template: Option<Template>,
}

/// What is heard when all of `steps` are said.
pub(super) fn heard<'s>(steps: impl Iterator<Item = ToSay<'s>>, framing: &Framing) -> Vec<Line> {
    match framing {
        Framing::Drawn(drawing) => messages(steps, drawing),
        framing => {
            let are_whole = *framing == Framing::Datagram;
            lines(steps, are_whole)
        }
    }
}

/// Neighbours joined, then cut after each LF; datagrams are whole as they are.
fn lines<'s>(steps: impl Iterator<Item = ToSay<'s>>, are_whole: bool) -> Vec<Line> {
    // Steps are how a file is written, lines are how it is heard, and the bytes are the same:
    //
    //     S. 220 {{host:word=a}}             220 {{host:word=a}} ready\r\n   whole, from 2 steps
    //     S.  ready\r\n250 hi\r\nlogin:      250 hi\r\n                      whole
    //                                        login:                        a beginning
    //
    // The last one has no LF, so nothing shows when it is complete but that it fits.
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<Piece> = Vec::new();
    for (index, step) in steps.enumerate() {
        let (step_line, template) = (step.line, step.template);
        let is_line = are_whole || template.is_one_line();
        // What may be missing is a line of its own, whatever has no end before it.
        if step.occurs != Occurs::Once
            && let Some(line) = lines.last_mut().filter(|_| !open.is_empty())
        {
            line.close(&mut open);
        }
        if open.is_empty() && is_line {
            if !template.parts().is_empty() {
                lines.push(Line {
                    line: step_line,
                    steps: index + 1,
                    extent: Extent::Whole,
                    occurs: step.occurs,
                    length: template.len(),
                    template: None,
                });
            }
            continue;
        }
        for piece in template.parts().iter().flat_map(stretches) {
            if open.is_empty() {
                lines.push(Line {
                    line: step_line,
                    steps: index,
                    extent: Extent::Beginning,
                    occurs: Occurs::Once,
                    length: 0,
                    template: None,
                });
            }
            let Some(line) = lines.last_mut() else {
                continue;
            };
            line.steps = index + 1;
            let ends = piece.ends_line();
            open.push(piece);
            if ends {
                line.extent = Extent::Whole;
                line.close(&mut open);
            }
        }
    }
    if let Some(line) = lines.last_mut().filter(|_| !open.is_empty()) {
        line.close(&mut open);
    }
    lines
}

impl Line {
    /// All of it is in `pieces`.
    fn close(&mut self, pieces: &mut Vec<Piece>) {
        let template: Template = pieces.drain(..).collect();
        self.length = template.len();
        self.template = Some(template);
    }
}

/// `piece` cut after each LF.
fn stretches(piece: &Piece) -> Vec<Piece> {
    match piece {
        Piece::Literal(bytes) => {
            let lines = bytes.split_inclusive(|b| *b == b'\n');
            lines.map(|line| Piece::Literal(line.into())).collect()
        }
        whole => vec![whole.clone()],
    }
}

/// Each message by itself; what is said without a frame joined, and looked at for frames.
fn messages<'s>(steps: impl Iterator<Item = ToSay<'s>>, drawing: &Drawing) -> Vec<Line> {
    // A device that says half a frame, waits, and says the rest has said a message:
    //
    //     S. \x02+01
    //     +200ms
    //     S. .5\x03            heard: the message +01.5
    let mut lines = Vec::new();
    let mut bare = Bare::default();
    for (index, step) in steps.enumerate() {
        let extent = match (step.form, step.template.as_literal()) {
            (Form::AsItIs, Some(bytes)) => {
                bare.push(bytes, index + 1, step.line);
                continue;
            }
            (Form::AsItIs, None) => Extent::Unframed,
            (Form::Framed, _) => Extent::Whole,
        };
        bare.hear(drawing, &mut lines);
        lines.push(Line {
            line: step.line,
            steps: index + 1,
            extent,
            occurs: step.occurs,
            length: step.template.len(),
            template: None,
        });
    }
    bare.hear(drawing, &mut lines);
    lines
}

/// Bytes that are said without a frame.
#[derive(Default)]
struct Bare {
    bytes: Vec<u8>,
    /// Where each step of them ends, its number from 1, and its line.
    steps: Vec<(usize, usize, usize)>,
}

impl Bare {
    fn push(&mut self, bytes: &[u8], number: usize, line: usize) {
        self.bytes.extend_from_slice(bytes);
        self.steps.push((self.bytes.len(), number, line));
    }

    /// What is heard of them.
    fn hear(&mut self, drawing: &Drawing, lines: &mut Vec<Line>) {
        let Bare { bytes, steps } = std::mem::take(self);
        let (mut at, mut made) = (0, Vec::new());
        while at < bytes.len() {
            at += Looking::nothing(drawing, &bytes[at..]);
            let rest = &bytes[at..];
            let seen = Looking::default().look(drawing, (rest, true), Limits::FILE, &mut made);
            let (extent, heard, length) = match seen {
                None => break,
                Some(Seen::Message(message, length)) => (Extent::Whole, message, length),
                Some(Seen::Bad(length, _)) => (Extent::Unframed, &rest[..length], length),
                Some(Seen::TooLong) => (Extent::Unframed, rest, rest.len()),
            };
            let Some((_, first, line)) = steps.iter().find(|(end, ..)| *end > at) else {
                break;
            };
            at += length;
            // All steps that end by here are heard with it.
            let ends = steps.iter().rev().find(|(end, ..)| *end <= at);
            lines.push(Line {
                line: *line,
                steps: ends.map_or(first - 1, |(_, number, _)| *number),
                extent,
                occurs: Occurs::Once,
                length: heard.len(),
                template: Some(Template::from_iter([Piece::Literal(heard.into())])),
            });
        }
    }
}
