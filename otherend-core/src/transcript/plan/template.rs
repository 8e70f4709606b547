//! A line to be said or heard (usually: a pattern): literals, holes (wildcards) and remembered
//! values (back-references).

use std::sync::Arc;

use super::values::{Known, Slot};
use crate::Outbox;
use crate::transcript::Kind;

/// What is said or heard, ready for use: every `let` is filled in, every name is a slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Piece>,
}

/// A stretch of a [`Template`].
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// Exactly these bytes; never beside another literal.
    Literal(Vec<u8>),
    /// Anything that fits.
    Hole(Arc<Gap>),
    /// The value that this hole took or said; as long as there is none, the hole itself.
    Again(Arc<Gap>),
}

/// A hole, shared with all references to it.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) kind: Kind,
    pub(crate) sample: Vec<u8>,
    /// Where the value is remembered.
    pub(crate) slot: Option<Slot>,
}

impl Piece {
    /// Its bytes, none if it is a hole.
    #[inline]
    pub(super) fn literal(&self) -> &[u8] {
        match self {
            Piece::Literal(bytes) => bytes,
            Piece::Hole(_) | Piece::Again(_) => b"",
        }
    }
}

impl Template {
    pub(crate) fn push(&mut self, piece: Piece) {
        match (self.parts.last_mut(), piece) {
            (_, Piece::Literal(bytes)) if bytes.is_empty() => {}
            (Some(Piece::Literal(before)), Piece::Literal(bytes)) => before.extend(bytes),
            (_, piece) => self.parts.push(piece),
        }
    }

    /// The bytes, if there are no holes.
    pub(crate) fn as_literal(&self) -> Option<&[u8]> {
        match &self.parts[..] {
            [] => Some(b""),
            [Piece::Literal(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// How many bytes it has as it stands in the file.
    pub(crate) fn len(&self) -> usize {
        let lengths = self.parts.iter().map(|piece| match piece {
            Piece::Literal(bytes) => bytes.len(),
            Piece::Hole(gap) | Piece::Again(gap) => gap.sample.len(),
        });
        lengths.sum()
    }

    /// Say it: holes say their samples and remember them, references what is remembered.
    pub(crate) fn say(&self, known: &mut Known<'_>, out: &mut Outbox) {
        for piece in &self.parts {
            match piece {
                Piece::Literal(bytes) => out.push(bytes),
                Piece::Hole(gap) => {
                    out.push(&gap.sample);
                    known.remember(gap.slot, &gap.sample);
                }
                Piece::Again(gap) => match known.value(gap.slot) {
                    Some(value) => out.push(value),
                    None => {
                        out.push(&gap.sample);
                        known.remember(gap.slot, &gap.sample);
                    }
                },
            }
        }
    }
}
