//! What the specification says about bytes that were heard, in the plainest way: every value of
//! every hole is tried, the shorter first.

use std::collections::HashMap;

use otherend_core::Role;

use super::talk::{FIRST_STEP, Part, Step, Talk, side};
use crate::kinds::Fitting;

/// What a player must make of what it hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All fits; this is what the player says meanwhile.
    Fits { said: Vec<u8> },
    /// The line of the file that does not fit; none behind the last.
    Differs { line: Option<usize> },
}

impl Verdict {
    pub(super) fn fits(&self) -> bool {
        matches!(self, Verdict::Fits { .. })
    }
}

/// A stretch of a line that is heard.
#[derive(Debug, Clone)]
enum Piece {
    Bytes(Vec<u8>),
    Hole(Fitting, Option<char>),
    Again(char),
}

/// What is heard up to an LF, or up to where the other side speaks.
#[derive(Debug, Default)]
struct Line {
    /// The line of the file where it begins.
    begins: usize,
    pieces: Vec<Piece>,
    has_end: bool,
}

type Values = HashMap<char, Vec<u8>>;

/// What `player`, or the referee, makes of `heard`, followed by the end.
pub(super) fn judge(talk: &Talk, player: Option<Role>, heard: &[Vec<u8>; 2]) -> Verdict {
    let mut values = Values::new();
    let mut said = Vec::new();
    let mut rest = heard.each_ref().map(|bytes| &bytes[..]);
    let mut at = 0;
    for turn in talk.steps.chunk_by(|a, b| a.who == b.who) {
        let who = turn[0].who;
        if player == Some(who) {
            turn.iter()
                .for_each(|step| say(talk, step, &mut values, &mut said));
        } else {
            for line in lines(talk, turn, FIRST_STEP + at) {
                let Some(count) = line.hear(rest[side(who)], &mut values) else {
                    return Verdict::Differs {
                        line: Some(line.begins),
                    };
                };
                rest[side(who)] = &rest[side(who)][count..];
            }
        }
        at += turn.len();
    }
    let [client, server] = rest.map(|rest| !rest.is_empty());
    match player {
        // The last line of the file is the end of the other side, for the referee the server's.
        Some(Role::Server) if client => Verdict::Differs {
            line: Some(talk.last_line()),
        },
        Some(Role::Client) | None if server => Verdict::Differs {
            line: Some(talk.last_line()),
        },
        None if client => Verdict::Differs { line: None },
        _ => Verdict::Fits { said },
    }
}

fn say(talk: &Talk, step: &Step, values: &mut Values, said: &mut Vec<u8>) {
    for part in &step.parts {
        match part {
            Part::Literal(bytes) => said.extend_from_slice(bytes),
            Part::Fixed => said.extend_from_slice(&talk.fixed),
            Part::Again(name) => said.extend_from_slice(&values[name]),
            Part::Hole(hole) => {
                said.extend_from_slice(&hole.sample);
                values.extend(hole.name.map(|name| (name, hole.sample.clone())));
            }
        }
    }
    said.extend_from_slice(talk.end_of(step));
}

/// The steps of one turn joined, then cut behind each LF.
fn lines(talk: &Talk, turn: &[Step], first: usize) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (index, step) in turn.iter().enumerate() {
        let end = Part::Literal(talk.end_of(step).to_vec());
        for part in step.parts.iter().chain([&end]) {
            let pieces = match part {
                Part::Literal(bytes) => cut(bytes),
                Part::Fixed => cut(&talk.fixed),
                Part::Again(name) => vec![Piece::Again(*name)],
                Part::Hole(hole) => vec![Piece::Hole(hole.fitting, hole.name)],
            };
            for piece in pieces {
                if lines.last().is_none_or(|line| line.has_end) {
                    lines.push(Line {
                        begins: first + index,
                        ..Line::default()
                    });
                }
                if let Some(line) = lines.last_mut() {
                    line.has_end = matches!(&piece, Piece::Bytes(bytes) if bytes.ends_with(b"\n"));
                    line.pieces.push(piece);
                }
            }
        }
    }
    lines
}

fn cut(bytes: &[u8]) -> Vec<Piece> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(|line| Piece::Bytes(line.to_vec())).collect()
}

impl Line {
    /// How much of `rest` this is, if it fits; `values` are those of the holes from then on.
    fn hear(&self, rest: &[u8], values: &mut Values) -> Option<usize> {
        let heard = match self.has_end {
            true => &rest[..=rest.iter().position(|byte| *byte == b'\n')?],
            false => rest,
        };
        let mut taken = Vec::new();
        let count = self.fit(0, heard, values, &mut taken)?;
        values.extend(taken);
        Some(count)
    }

    /// The pieces from `at` on fit the whole of `heard`, or of an unfinished line its beginning.
    fn fit(
        &self,
        at: usize,
        heard: &[u8],
        values: &Values,
        taken: &mut Vec<(char, Vec<u8>)>,
    ) -> Option<usize> {
        let exactly = match self.pieces.get(at) {
            None => return (heard.is_empty() || !self.has_end).then_some(0),
            Some(Piece::Hole(fitting, name)) => {
                return (0..=heard.len()).find_map(|end| {
                    let value = &heard[..end];
                    if !fitting.takes(value) {
                        return None;
                    }
                    let before = taken.len();
                    taken.extend(name.map(|name| (name, value.to_vec())));
                    let rest = self.fit(at + 1, &heard[end..], values, taken);
                    if rest.is_none() {
                        taken.truncate(before);
                    }
                    Some(end + rest?)
                });
            }
            Some(Piece::Bytes(bytes)) => bytes,
            Some(Piece::Again(name)) => {
                let here = taken.iter().rev().find(|(other, _)| other == name);
                here.map_or_else(|| &values[name], |(_, value)| value)
            }
        };
        let count = exactly.len();
        let rest = heard.strip_prefix(&exactly[..])?;
        Some(count + self.fit(at + 1, rest, values, taken)?)
    }
}
