//! Rules for lines that differ in their holes: the first in the file that fits a line.
//!
//! A few are tried one after the other, most of them at the cost of one comparison. Of many, only those
//! are tried whose line begins and ends as the line that was heard.

use super::edges::{Edges, Sieve};
use super::matching::{Extent, Take};
use super::script::packed;
use super::template::Template;
use super::values::Known;

/// With more than these an index is made.
const FEW: usize = 64;

/// So many bytes at either end of a line are looked at: most lines of a file differ in them.
const EDGE: usize = 64;

/// All of them, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct HoledRules {
    rules: Vec<Holed>,
    index: Index,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Holed {
    sieve: Sieve,
    pub(super) trigger: Template,
    pub(super) rule: usize,
}

/// Where rules are by how their lines begin and end. There is none for a few rules.
#[derive(Debug, Default)]
struct Index {
    /// How many bytes they begin and end with: each pair that occurs, once.
    lengths: Vec<(u8, u8)>,
    /// The hash of those bytes, and the place of the rule: in order. Two that have the same hash by
    /// chance are both tried.
    places: Vec<(u64, u32)>,
}

impl HoledRules {
    /// One more, which stands below all others.
    pub(super) fn push(&mut self, trigger: Template, rule: usize) {
        let (before, after) = trigger.around();
        let sieve = Sieve::new(before, after);
        let holed = Holed {
            sieve,
            trigger,
            rule,
        };
        self.rules.push(holed);
    }

    /// All are there.
    pub(super) fn finish(&mut self) {
        if self.rules.len() > FEW {
            self.index = Index::of(&self.rules);
        }
    }

    /// The first of them is this rule of the file.
    pub(super) fn first_rule(&self) -> Option<usize> {
        self.rules.first().map(|holed| holed.rule)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Holed> {
        self.rules.iter()
    }

    /// The trigger of this rule of the file.
    pub(super) fn trigger(&self, rule: usize) -> Option<&Template> {
        let at = self.rules.binary_search_by_key(&rule, |holed| holed.rule);
        at.ok().map(|at| &self.rules[at].trigger)
    }

    /// The first that fits `heard` and stands above the rule `before`; its holes remember what they
    /// take. `tried` counts those that were looked at closely.
    #[inline]
    pub(super) fn find(
        &self,
        heard: &[u8],
        before: Option<usize>,
        (known, takes): (&mut Known<'_>, &mut Vec<Take>),
        tried: &mut usize,
    ) -> Option<usize> {
        let end = before.unwrap_or(usize::MAX);
        let found = if self.index.places.is_empty() {
            let edges = Edges::of(heard);
            let above = self.rules.iter().take_while(|holed| holed.rule < end);
            let mut likely = above.filter(|holed| holed.sieve.passes(edges));
            likely.find(|holed| {
                *tried += 1;
                holed.fits(heard, known, takes)
            })?
        } else {
            let fits = |place: usize| {
                let holed = &self.rules[place];
                holed.rule < end && {
                    *tried += 1;
                    holed.fits(heard, known, takes)
                }
            };
            let place = self.index.first(heard, fits)?;
            let found = &self.rules[place];
            // Others were tried since it fitted.
            found.fits(heard, known, takes);
            found
        };
        found.trigger.remember(heard, takes, known);
        Some(found.rule)
    }
}

impl Holed {
    #[inline]
    fn fits(&self, heard: &[u8], known: &Known<'_>, takes: &mut Vec<Take>) -> bool {
        let fit = self.trigger.fit(heard, Extent::Whole, known, takes);
        fit.is_some()
    }
}

impl Index {
    fn of(rules: &[Holed]) -> Self {
        let mut index = Index::default();
        for (place, holed) in rules.iter().enumerate() {
            let (before, after) = holed.trigger.around();
            let (before, after) = (before.len().min(EDGE), after.len().min(EDGE));
            // Both are at most 64.
            index.lengths.push((before as u8, after as u8));
            let (heads, tails) = holed.hashes();
            let hash = joined(heads[before], tails[after]);
            index.places.push((hash, packed(place)));
        }
        index.lengths.sort_unstable();
        index.lengths.dedup();
        index.places.sort_unstable();
        index
    }

    /// The first place at which the rule `fits`, of those that can.
    fn first(&self, heard: &[u8], mut fits: impl FnMut(usize) -> bool) -> Option<usize> {
        let (heads, tails) = (hashes(heard.iter()), hashes(heard.iter().rev()));
        let mut first: Option<usize> = None;
        for &(before, after) in &self.lengths {
            let (before, after) = (usize::from(before), usize::from(after));
            if before + after > heard.len() {
                continue;
            }
            let hash = joined(heads[before], tails[after]);
            let start = self.places.partition_point(|(other, _)| *other < hash);
            let same = self.places[start..].iter();
            let same = same.take_while(|(other, _)| *other == hash);
            let above = first.unwrap_or(usize::MAX);
            let mut places = same.map(|(_, place)| *place as usize);
            let found = places
                .by_ref()
                .take_while(|place| *place < above)
                .find(|place| fits(*place));
            first = found.or(first);
        }
        first
    }
}

impl Holed {
    /// The hashes of how its line begins and of how it ends.
    fn hashes(&self) -> ([u64; EDGE + 1], [u64; EDGE + 1]) {
        let (before, after) = self.trigger.around();
        (hashes(before.iter()), hashes(after.iter().rev()))
    }
}

/// A hash of the first byte, of the first two, and so on; before them that of none.
fn hashes<'b>(bytes: impl Iterator<Item = &'b u8>) -> [u64; EDGE + 1] {
    let mut hashes = [0; EDGE + 1];
    let mut hash = 0xcbf2_9ce4_8422_2325;
    hashes[0] = hash;
    for (place, byte) in hashes[1..].iter_mut().zip(bytes) {
        // FNV-1a.
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        *place = hash;
    }
    hashes
}

fn joined(head: u64, tail: u64) -> u64 {
    (head.rotate_left(23) ^ tail).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests;
