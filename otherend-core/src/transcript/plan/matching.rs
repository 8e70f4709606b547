//! Does what was heard fit? Holes take as little as they can, from left to right (usually: lazy
//! matching of wildcards with backtracking).
//!
//! A peer chooses the bytes, so the work is bounded: a line that would need more steps than
//! [`effort`] allows does not fit. No stack grows with a template, and nothing is allocated for a
//! template without holes.

mod difference;

use memchr::{memchr_iter, memmem};

pub use difference::{Difference, Wanted};

use difference::{Closest, common};

use super::template::{Gap, Piece, Template};
use super::values::Known;
use crate::short;
use crate::transcript::Kind;

/// What a hole takes: of the bytes heard, from `start` to `end`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Take {
    part: usize,
    start: usize,
    end: usize,
    /// The hole cannot reach further.
    limit: usize,
}

/// Whether all that was heard must fit, or only its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    Beginning,
    /// All of what was heard outside of any frame.
    Unframed,
}

impl Template {
    /// How much of `heard` fits, and in `takes` what the holes take of it.
    ///
    /// With [`Extent::Whole`] that is all or nothing, with [`Extent::Beginning`] the least that
    /// fits.
    #[inline]
    pub(crate) fn fit(
        &self,
        heard: &[u8],
        extent: Extent,
        known: &Known<'_>,
        takes: &mut Vec<Take>,
    ) -> Option<usize> {
        takes.clear();
        if let Some(literal) = self.as_literal() {
            let fits = match extent {
                Extent::Beginning => heard.starts_with(literal),
                Extent::Whole | Extent::Unframed => short::same(heard, literal),
            };
            return fits.then_some(literal.len());
        }
        if extent != Extent::Beginning {
            // Most lines that do not fit differ at one end.
            let (before, after) = self.around();
            let inside = short::between(heard, before, after)?;
            if let Some((part, gap)) = self.one_hole() {
                let (start, end) = (before.len(), before.len() + inside.len());
                takes.push(Take {
                    part,
                    start,
                    end,
                    limit: end,
                });
                return gap.hole.kind.fits(inside).then_some(heard.len());
            }
        }
        Search::new(self, heard, extent, known, takes).run()
    }

    /// The literals that it begins and ends with, if there is a hole in it.
    #[inline]
    pub(super) fn around(&self) -> (&[u8], &[u8]) {
        (
            self.parts().first().map_or(&[], Piece::literal),
            self.parts().last().map_or(&[], Piece::literal),
        )
    }

    /// The only hole and its place, if there is just one: then there is nothing to search.
    #[inline]
    fn one_hole(&self) -> Option<(usize, &Gap)> {
        match self.parts() {
            [Piece::Hole(gap)] | [Piece::Hole(gap), Piece::Literal(_)] => Some((0, gap)),
            [Piece::Literal(_), Piece::Hole(gap)]
            | [Piece::Literal(_), Piece::Hole(gap), Piece::Literal(_)] => Some((1, gap)),
            _ => None,
        }
    }

    /// Remember what the holes took.
    pub(crate) fn remember(&self, heard: &[u8], takes: &[Take], known: &mut Known<'_>) {
        for take in takes {
            if let Piece::Hole(gap) | Piece::Again(gap) = &self.parts()[take.part] {
                known.remember(gap.slot, &heard[take.start..take.end]);
            }
        }
    }
}

struct Search<'a> {
    parts: &'a [Piece],
    heard: &'a [u8],
    extent: Extent,
    known: &'a Known<'a>,
    takes: &'a mut Vec<Take>,
    effort: usize,
    /// Only kept when somebody asks for the difference.
    closest: Option<Closest>,
}

/// How many bytes a search may look at: plenty for anything but a line made to be hard.
// With n holes a line of length l can cost l to the power of n: of `{{a:text}} {{b:text}}
// {{c:text}}!` and a megabyte of blanks a peer would make a day's work. Ordinary lines look at each
// byte a few times.
fn effort(heard: &[u8]) -> usize {
    (1 << 20) + 64 * heard.len()
}

impl<'a> Search<'a> {
    fn new(
        template: &'a Template,
        heard: &'a [u8],
        extent: Extent,
        known: &'a Known<'a>,
        takes: &'a mut Vec<Take>,
    ) -> Self {
        Search {
            parts: template.parts(),
            heard,
            extent,
            known,
            takes,
            effort: effort(heard),
            closest: None,
        }
    }

    /// Go on from part to part; where one does not fit, let the last hole take more.
    fn run(&mut self) -> Option<usize> {
        // Backtracking with a stack of our own. `{{who:text}}, {{age:int}}` against `Doe, Jo, 42`:
        //
        //     who = "Doe"        `, ` follows, but age cannot be "Jo, 42"
        //     who = "Doe, Jo"    `, ` follows, age = "42": fits
        //
        // `takes` holds what every hole so far has taken, the latest on top. Where a part does not
        // fit, the latest that can take more does so, and all behind it is tried again from there.
        let mut shortest = None;
        let (mut part, mut at) = (0, 0);
        loop {
            let step = match self.parts.get(part) {
                None if self.extent == Extent::Beginning && self.takes.len() > 1 && at > 0 => {
                    // The result must not depend on how much came at once. `{{a:text}}
                    // {{b:/x.*y|[0-9]+/}}>` fits all of `p x 12> y>` with a = "p", and so the
                    // search finds it first; but had the bytes come one by one, it would have
                    // fitted `p x 12>` with a = "p x" before the rest was there.
                    // A later hole that took less may have fitted before all of this came.
                    shortest = Some((at, self.takes.clone()));
                    self.narrow(at - 1);
                    None
                }
                None if self.extent == Extent::Beginning || at == self.heard.len() => {
                    return Some(at);
                }
                None => {
                    self.miss(part, 0, at);
                    None
                }
                Some(Piece::Literal(bytes)) => self.literal(part, at, bytes),
                Some(Piece::Hole(gap)) => self.open(part, at, gap),
                Some(Piece::Again(gap)) => match self.value(gap) {
                    Some(value) => self.literal(part, at, value),
                    None => self.open(part, at, gap),
                },
            };
            (part, at) = match step {
                Some(end) => (part + 1, end),
                None => match self.back() {
                    Some(next) => next,
                    None => break,
                },
            };
        }
        let (at, takes) = shortest?;
        *self.takes = takes;
        Some(at)
    }

    /// Look at the first `length` bytes only.
    fn narrow(&mut self, length: usize) {
        self.heard = &self.heard[..length];
        for take in self.takes.iter_mut() {
            take.limit = take.limit.min(length);
        }
    }

    /// What `gap` took earlier in this line, or is remembered from an earlier one.
    fn value(&self, gap: &Gap) -> Option<&'a [u8]> {
        // `{{n:int}} plus {{n}}`: the second is what the first took in this very line, which is
        // only remembered once all of it has fitted.
        let same = |take: &&Take| match &self.parts[take.part] {
            Piece::Hole(other) | Piece::Again(other) => other.slot == gap.slot,
            Piece::Literal(_) => false,
        };
        let taken = self.takes.iter().rev().find(same);
        let taken = taken.map(|take| &self.heard[take.start..take.end]);
        taken.or_else(|| self.known.value(gap.slot))
    }

    fn literal(&mut self, part: usize, at: usize, bytes: &[u8]) -> Option<usize> {
        let rest = &self.heard[at..];
        if rest.starts_with(bytes) {
            return Some(at + bytes.len());
        }
        let matched = common(rest, bytes);
        self.miss(part, matched, at + matched);
        None
    }

    /// Let the hole take the least that fits.
    fn open(&mut self, part: usize, at: usize, gap: &Gap) -> Option<usize> {
        let limit = at + gap.hole.kind.reach(&self.heard[at..]);
        self.spend(limit - at);
        let mut take = Take {
            part,
            start: at,
            end: at,
            limit,
        };
        if !self.widen(&mut take, at, &gap.hole.kind) {
            self.miss_hole(&take, &gap.hole.kind);
            return None;
        }
        self.takes.push(take);
        Some(take.end)
    }

    /// Let the last hole that can take more do so; gives where to go on.
    fn back(&mut self) -> Option<(usize, usize)> {
        while let Some(mut take) = self.takes.pop() {
            let (Piece::Hole(gap) | Piece::Again(gap)) = &self.parts[take.part] else {
                continue;
            };
            let from = take.end + 1;
            if self.widen(&mut take, from, &gap.hole.kind) {
                self.takes.push(take);
                return Some((take.part + 1, take.end));
            }
        }
        None
    }

    /// Move the end of `take` to the next place, not before `from`, where it fits and what follows
    /// can begin.
    fn widen(&mut self, take: &mut Take, from: usize, kind: &Kind) -> bool {
        let mut end = from;
        while let Some(next) = self.next_end(take, end) {
            self.spend(next - take.start + 1);
            if self.effort == 0 {
                return false;
            }
            if kind.fits(&self.heard[take.start..next]) {
                take.end = next;
                return true;
            }
            end = next + 1;
        }
        false
    }

    fn next_end(&mut self, take: &Take, from: usize) -> Option<usize> {
        if from > take.limit {
            return None;
        }
        match self.parts.get(take.part + 1) {
            // A hole can only end where the literal behind it stands: jump there rather than try
            // every byte.
            Some(Piece::Literal(bytes)) => {
                let last = (take.limit + bytes.len()).min(self.heard.len());
                let found = find(&self.heard[from..last], bytes);
                self.spend(found.unwrap_or(last - from));
                found.map(|offset| from + offset)
            }
            None if self.extent != Extent::Beginning => {
                (take.limit == self.heard.len()).then_some(take.limit)
            }
            _ => Some(from),
        }
    }

    fn spend(&mut self, bytes: usize) {
        self.effort = self.effort.saturating_sub(bytes);
    }
}

/// Where `bytes` first stands in `text`. Cheap to begin with: lines and literals are short.
fn find(text: &[u8], bytes: &[u8]) -> Option<usize> {
    const SHORT: usize = 64;
    let first = *bytes.first()?;
    if text.len() > SHORT {
        return memmem::find(text, bytes);
    }
    memchr_iter(first, text).find(|at| text[*at..].starts_with(bytes))
}

#[cfg(test)]
mod tests;
