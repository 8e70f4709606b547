//! What differs may only be another value of the same kind: then a hole takes both.

use super::variable::variables;
use crate::transcript::model::{Hole, Part, Text};
use crate::transcript::write::shown;
use crate::transcript::{Kind, Mismatch, Wanted};

/// What could stand in a file in the place of a value that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Varying {
    /// It takes what was expected and what was heard.
    pub hole: Text,
    /// [`generalise`](super::generalise) makes a hole of it, too.
    pub generalises: bool,
}

/// The hole with which what was heard would fit: if nothing differs but values, and the first of
/// them is of one kind in the file and in what was heard.
#[must_use]
pub fn varying(mismatch: &Mismatch) -> Option<Varying> {
    let difference = mismatch.difference.as_ref()?;
    let Wanted::Bytes(wanted) = &difference.wanted else {
        return None;
    };
    let heard = &mismatch.heard[..];
    let expected = [heard.get(..difference.at)?, wanted].concat();
    let was = Value::at(&expected, difference.at)?;
    let is = Value::at(heard, difference.at)?;
    let (sample, other) = (&expected[was.start..was.end], &heard[is.start..is.end]);
    let same_rest = shape(&heard[is.end..]).starts_with(&shape(&expected[was.end..]));
    // A hole in front of it or right behind it may take a part of it already.
    let stands_there =
        was.end < expected.len() && mismatch.expected.as_ref()?.contains(&shown(sample));
    if was.start != is.start || sample == other || !same_rest || !stands_there {
        return None;
    }
    let mut kinds = [was.kind, is.kind].into_iter();
    let kind = kinds.find(|kind| kind.fits(sample) && kind.fits(other))?;
    let hole = Part::from(Hole {
        name: None,
        kind,
        sample: sample.to_vec(),
    });
    Some(Varying {
        hole: Text::from_iter([hole]),
        generalises: was.looks_variable,
    })
}

/// Something that looks variable, or a whole number.
struct Value {
    start: usize,
    end: usize,
    kind: Kind,
    looks_variable: bool,
}

impl Value {
    /// The one that `at` stands in or behind.
    fn at(bytes: &[u8], at: usize) -> Option<Value> {
        let mut found = variables(bytes).into_iter();
        match found.find(|found| (found.start..=found.end).contains(&at)) {
            Some(found) => Some(Value {
                start: found.start,
                end: found.end,
                kind: found.kind,
                looks_variable: true,
            }),
            None => Value::number(bytes, at),
        }
    }

    fn number(bytes: &[u8], at: usize) -> Option<Value> {
        let (before, after) = bytes.split_at_checked(at)?;
        let start = at
            - before
                .iter()
                .rev()
                .take_while(|b| b.is_ascii_digit())
                .count();
        let end = at + after.iter().take_while(|b| b.is_ascii_digit()).count();
        let in_word =
            |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        let is_whole = !in_word(bytes[..start].last()) && !in_word(bytes.get(end));
        (start < end && is_whole).then_some(Value {
            start,
            end,
            kind: Kind::Int,
            looks_variable: false,
        })
    }
}

/// `bytes` with one mark for each value: equal if nothing but values differs.
fn shape(bytes: &[u8]) -> Vec<u8> {
    let mut shape = Vec::new();
    let mut at = 0;
    for variable in variables(bytes) {
        shape.extend_from_slice(&bytes[at..variable.start]);
        shape.push(b'0');
        at = variable.end;
    }
    shape.extend_from_slice(&bytes[at..]);
    shape.dedup_by(|b, a| a.is_ascii_digit() && b.is_ascii_digit());
    for byte in &mut shape {
        if byte.is_ascii_digit() {
            *byte = b'0';
        }
    }
    shape
}
