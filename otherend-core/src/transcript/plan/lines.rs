//! Steps as they are heard: joined, and cut into lines or datagrams.

use super::Extent;
use super::template::{Piece, Template};
use crate::transcript::Transport;

/// A line that is heard, or what is not complete.
pub(super) struct Line {
    /// The line in the file on which it begins.
    pub(super) line: usize,
    /// How many of the steps are heard when this is.
    pub(super) steps: usize,
    pub(super) extent: Extent,
    /// How many bytes it has, as it stands in the file.
    pub(super) length: usize,
    /// `None`: it is the last of its steps, neither more nor less.
    pub(super) template: Option<Template>,
}

/// What is heard when all of `steps` are said, each given with its line of the file: neighbours joined,
/// then cut after each LF.
pub(super) fn lines<'s>(
    steps: impl Iterator<Item = (usize, &'s Template)>,
    transport: Transport,
) -> Vec<Line> {
    // Steps are how a file is written, lines are how it is heard, and the bytes are the same:
    //
    //     S. 220 {{host:word=a}}             220 {{host:word=a}} ready\r\n   whole, from 2 steps
    //     S.  ready\r\n250 hi\r\nlogin:      250 hi\r\n                      whole
    //                                        login:                        a beginning
    //
    // The last one has no LF, so nothing shows when it is complete but that it fits.
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<Piece> = Vec::new();
    for (index, (step_line, template)) in steps.enumerate() {
        let is_line = transport == Transport::Udp || template.is_one_line();
        if open.is_empty() && is_line {
            if !template.parts().is_empty() {
                lines.push(Line {
                    line: step_line,
                    steps: index + 1,
                    extent: Extent::Whole,
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
