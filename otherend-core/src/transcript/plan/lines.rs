//! Steps as they are heard: joined, and cut into lines or datagrams.

use super::template::{Piece, Template};
use super::{Expected, Extent, Said};
use crate::transcript::Over;

/// What is heard when `steps` are said: neighbours joined, then cut after each LF.
pub(super) fn lines(steps: &[Said], over: Over) -> Vec<Expected> {
    // Steps are how a file is written, lines are how it is heard, and the bytes are the same:
    //
    //     S. 220 {{host:word=a}}             220 {{host:word=a}} ready\r\n   whole, from 2 steps
    //     S.  ready\r\n250 hi\r\nlogin:      250 hi\r\n                      whole
    //                                        login:                        a beginning
    //
    // The last one has no LF, so nothing shows when it is complete but that it fits.
    let mut lines: Vec<Expected> = Vec::new();
    let mut open = false;
    for (index, step) in steps.iter().enumerate() {
        let pieces = step.template.parts.iter();
        let stretches = pieces.flat_map(|piece| stretches(piece, over));
        for stretch in stretches {
            if !open {
                lines.push(Expected {
                    line: step.line,
                    steps: index,
                    extent: Extent::Beginning,
                    template: Template::default(),
                });
            }
            open = over == Over::Udp || !ends_line(&stretch);
            if let Some(line) = lines.last_mut() {
                line.template.push(stretch);
                line.steps = index + 1;
            }
        }
        if over == Over::Udp {
            open = false;
        }
    }
    for line in &mut lines {
        if over == Over::Udp || line.template.parts.last().is_some_and(ends_line) {
            line.extent = Extent::Whole;
        }
    }
    lines
}

/// `piece` cut after each LF; a datagram stays whole.
fn stretches(piece: &Piece, over: Over) -> Vec<Piece> {
    match piece {
        Piece::Literal(bytes) if over == Over::Tcp => {
            let lines = bytes.split_inclusive(|b| *b == b'\n');
            lines.map(|line| Piece::Literal(line.to_vec())).collect()
        }
        whole => vec![whole.clone()],
    }
}

fn ends_line(piece: &Piece) -> bool {
    matches!(piece, Piece::Literal(bytes) if bytes.ends_with(b"\n"))
}
