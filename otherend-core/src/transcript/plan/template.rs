//! A line to be said or heard (usually: a pattern): literals, holes (wildcards) and remembered
//! values (back-references).

use std::sync::Arc;

use memchr::memchr;

use super::values::{Known, Slot};
use crate::Outbox;
use crate::transcript::Hole;

/// What is said or heard, ready for use: every `let` is filled in, every name is a slot.
///
/// As in a [`Text`](crate::transcript::Text), nearly all are one literal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Template(Parts);

#[derive(Debug, Clone, Default)]
enum Parts {
    #[default]
    None,
    One(Piece),
    Many(Box<[Piece]>),
}

// A million of them: see docs/transcript.md, Limits.
const _: () = assert!(size_of::<Template>() <= 24);

/// A stretch of a [`Template`].
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// Exactly these bytes; never beside another literal.
    Literal(Box<[u8]>),
    /// Anything that fits.
    Hole(Gap),
    /// The value that this hole took or said; as long as there is none, the hole itself.
    Again(Gap),
}

/// A hole, shared with the file and all references to it.
#[derive(Debug, Clone)]
pub(crate) struct Gap {
    pub(crate) hole: Arc<Hole>,
    /// Where the value is remembered.
    pub(crate) slot: Option<Slot>,
}

impl Piece {
    /// Its bytes, none if it is a hole.
    #[inline]
    pub(in crate::transcript::plan) fn literal(&self) -> &[u8] {
        match self {
            Piece::Literal(bytes) => bytes,
            Piece::Hole(_) | Piece::Again(_) => b"",
        }
    }

    /// An LF is its last byte.
    pub(super) fn ends_line(&self) -> bool {
        self.literal().ends_with(b"\n")
    }
}

impl FromIterator<Piece> for Template {
    /// Literals side by side become one, and those of no bytes none.
    fn from_iter<T: IntoIterator<Item = Piece>>(pieces: T) -> Self {
        let mut parts: Vec<Piece> = Vec::new();
        // The literal under way: it grows here, and gets its size when it is complete.
        let mut literal: Vec<u8> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(bytes) if literal.is_empty() => literal = bytes.into_vec(),
                Piece::Literal(bytes) => literal.extend_from_slice(&bytes),
                hole => {
                    parts.extend(complete(&mut literal));
                    parts.push(hole);
                }
            }
        }
        let last = complete(&mut literal);
        Template(match (parts.is_empty(), last) {
            (true, None) => Parts::None,
            (true, Some(only)) => Parts::One(only),
            (false, last) => {
                parts.extend(last);
                Parts::Many(parts.into())
            }
        })
    }
}

fn complete(literal: &mut Vec<u8>) -> Option<Piece> {
    let bytes = std::mem::take(literal);
    (!bytes.is_empty()).then(|| Piece::Literal(bytes.into()))
}

impl Template {
    /// Its pieces, in order.
    #[inline]
    pub(crate) fn parts(&self) -> &[Piece] {
        match &self.0 {
            Parts::None => &[],
            Parts::One(piece) => std::slice::from_ref(piece),
            Parts::Many(pieces) => pieces,
        }
    }

    /// The bytes, if there are no holes.
    #[inline]
    pub(crate) fn as_literal(&self) -> Option<&[u8]> {
        match &self.0 {
            Parts::None => Some(b""),
            Parts::One(Piece::Literal(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// It ends with LF, and there is none before.
    pub(super) fn is_one_line(&self) -> bool {
        let Some((last, before)) = self.parts().split_last() else {
            return false;
        };
        let has_none = |bytes: &[u8]| memchr(b'\n', bytes).is_none();
        let end = last.literal().strip_suffix(b"\n");
        end.is_some_and(has_none) && before.iter().all(|piece| has_none(piece.literal()))
    }

    /// How many bytes it has as it stands in the file.
    pub(crate) fn len(&self) -> usize {
        let lengths = self.parts().iter().map(|piece| match piece {
            Piece::Literal(bytes) => bytes.len(),
            Piece::Hole(gap) | Piece::Again(gap) => gap.hole.sample.len(),
        });
        lengths.sum()
    }

    /// Forget what its holes remember.
    pub(crate) fn forget(&self, known: &mut Known<'_>) {
        for piece in self.parts() {
            if let Piece::Hole(gap) | Piece::Again(gap) = piece {
                known.forget(gap.slot);
            }
        }
    }

    /// Say it: holes say their samples and remember them, references what is remembered.
    pub(crate) fn say(&self, known: &mut Known<'_>, out: &mut Outbox) {
        self.spell(known, |bytes| out.push(bytes));
    }

    /// The same, piece by piece.
    pub(crate) fn spell(&self, known: &mut Known<'_>, mut say: impl FnMut(&[u8])) {
        for piece in self.parts() {
            match piece {
                Piece::Literal(bytes) => say(bytes),
                Piece::Hole(gap) => {
                    say(&gap.hole.sample);
                    known.remember(gap.slot, &gap.hole.sample);
                }
                Piece::Again(gap) => match known.value(gap.slot) {
                    Some(value) => say(value),
                    None => {
                        say(&gap.hole.sample);
                        known.remember(gap.slot, &gap.hole.sample);
                    }
                },
            }
        }
    }
}
