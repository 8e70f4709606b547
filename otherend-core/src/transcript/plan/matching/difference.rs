//! Where a line that does not fit differs: the place that the best try came to.

use super::{Extent, Search, Take};
use crate::transcript::Kind;
use crate::transcript::plan::template::{Piece, Template};
use crate::transcript::plan::values::Known;

/// Where what was heard first differs, and what would have fitted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The byte of what was heard, counted from 0.
    pub at: usize,
    /// What would have fitted.
    pub wanted: Wanted,
}

/// What would have fitted at a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes: they are the rest of the value with this name.
    Value(String, Vec<u8>),
    /// Something of this kind.
    Kind(Kind),
    /// Nothing more.
    End,
}

impl Template {
    /// Where `heard`, which does not fit, differs: the place that the best try came to.
    pub(crate) fn difference(&self, heard: &[u8], extent: Extent, known: &Known<'_>) -> Difference {
        let mut takes = Vec::new();
        let mut search = Search::new(self, heard, extent, known, &mut takes);
        search.closest = Some(Closest::default());
        search.run();
        let closest = search.closest.take().unwrap_or_default();
        Difference {
            at: closest.at,
            wanted: self.wanted(&closest, known),
        }
    }

    fn wanted(&self, closest: &Closest, known: &Known<'_>) -> Wanted {
        match self.parts().get(closest.part) {
            None => Wanted::End,
            Some(Piece::Literal(bytes)) => Wanted::Bytes(bytes[closest.matched..].to_vec()),
            Some(Piece::Hole(gap)) => Wanted::Kind(gap.hole.kind.clone()),
            Some(Piece::Again(gap)) => match known.value(gap.slot) {
                None => Wanted::Kind(gap.hole.kind.clone()),
                Some(value) => {
                    let rest = value.get(closest.matched..).unwrap_or_default();
                    let name = gap.hole.name.as_deref().unwrap_or_default();
                    Wanted::Value(name.to_owned(), rest.to_vec())
                }
            },
        }
    }
}

/// The furthest that a search came: the most parts, then the most bytes of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Closest {
    part: usize,
    matched: usize,
    at: usize,
}

impl Search<'_> {
    pub(super) fn miss(&mut self, part: usize, matched: usize, at: usize) {
        if let Some(closest) = &mut self.closest {
            *closest = (*closest).max(Closest { part, matched, at });
        }
    }

    /// No end of this hole is right: either nothing fits it, or what follows is not there.
    pub(super) fn miss_hole(&mut self, take: &Take, kind: &Kind) {
        if self.closest.is_none() {
            return;
        }
        let Some(longest) = self.longest(take, kind) else {
            return self.miss(take.part, 0, take.start);
        };
        // For the message only. `rang {{n:int}} times` and `rang 4 tines`: the hole fits, and what
        // comes furthest is ` ti` of ` times`. So the caret goes under the `n`, not under the hole.
        let parts = self.parts;
        let Some(Piece::Literal(bytes)) = parts.get(take.part + 1) else {
            return self.miss(take.part + 1, 0, longest);
        };
        for end in take.start..=longest {
            let matched = common(&self.heard[end..], bytes);
            self.spend(matched + 1);
            self.miss(take.part + 1, matched, end + matched);
            if self.effort == 0 {
                break;
            }
        }
    }

    /// The furthest end at which the hole fits.
    fn longest(&mut self, take: &Take, kind: &Kind) -> Option<usize> {
        let mut ends = (take.start..=take.limit).rev();
        ends.find(|end| {
            self.spend(end - take.start + 1);
            self.effort == 0 || kind.fits(&self.heard[take.start..*end])
        })
    }
}

/// How many bytes `a` and `b` begin with alike.
pub(super) fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
