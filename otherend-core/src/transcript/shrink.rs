//! The smallest part of a transcript at which a server still differs as it does at the whole.
//!
//! Delta debugging: leave out ever smaller stretches, first of exchanges (what the client says and
//! what answers it), then of single lines, and keep what the failure does not need. What counts as
//! the same failure is the same line of the file, the same reason, and the same thing heard but for
//! what looks variable: leaving out a greeting must not turn the search to another difference.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::model::{Act, Hole, Item, Part, Setting, Step, Text};
use super::player::{Mismatch, Outcome, Reason};
use super::{FIRST_ITEM, Transcript, generalise};
use crate::Role;

/// What came of [`shrink`].
#[derive(Debug)]
pub enum Shrunk {
    /// There is nothing to look for: the whole transcript passes.
    Passed,
    /// Played a second time, the whole transcript failed in another way or passed.
    Unsteady(Box<Mismatch>),
    /// Nothing can be left out of this any more.
    Smallest {
        /// What is left.
        transcript: Transcript,
        /// How it fails.
        mismatch: Box<Mismatch>,
    },
}

/// Leave out of `transcript` what its failure does not need. Rules, comments and pauses go at once.
///
/// `play` is the client of a transcript: it is called with ever other parts, each time from the
/// start, and the server must not remember the time before.
///
/// # Errors
/// The first error of `play`.
pub fn shrink<E>(
    transcript: &Transcript,
    play: impl FnMut(&Transcript) -> Result<Outcome, E>,
) -> Result<Shrunk, E> {
    let mut search = Search {
        whole: transcript,
        play,
        failure: None,
        tried: HashMap::new(),
        found: None,
    };
    let (settings, steps) = search.relevant();
    let all = [settings, steps.clone()].concat();
    let Some(failure) = search.failure_of(&all)? else {
        return Ok(Shrunk::Passed);
    };
    search.failure = Some(failure);
    if !search.still_fails(&all)? {
        let first = search.found.take().map(|(_, mismatch)| mismatch);
        return Ok(first.map_or(Shrunk::Passed, Shrunk::Unsteady));
    }
    search.narrow(&all)?;
    Ok(match search.found {
        Some((transcript, mismatch)) => Shrunk::Smallest {
            transcript,
            mismatch,
        },
        None => Shrunk::Passed,
    })
}

/// A part of the whole: indices of its items, in order.
type Selection = Vec<usize>;

/// What makes two failures the same one.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    /// The item of the whole that was to come.
    item: Option<usize>,
    reason: Reason,
    heard: Text,
}

struct Search<'t, P> {
    whole: &'t Transcript,
    play: P,
    /// How the whole fails.
    failure: Option<Failure>,
    tried: HashMap<Selection, bool>,
    /// The last part that failed as the whole does.
    found: Option<(Transcript, Box<Mismatch>)>,
}

impl<E, P: FnMut(&Transcript) -> Result<Outcome, E>> Search<'_, P> {
    /// The settings with what stands among them, and the steps that are no rule's.
    fn relevant(&self) -> (Selection, Selection) {
        let items = self.whole.items();
        let is_talk =
            |item: &Item| !matches!(item, Item::Setting(_) | Item::Comment(_) | Item::Blank);
        let head = items.iter().position(is_talk).unwrap_or(items.len());
        let mut in_rule = false;
        let mut steps = Vec::new();
        for (index, item) in items.iter().enumerate().skip(head) {
            match item {
                Item::Blank => in_rule = false,
                Item::Rule(_) => in_rule = true,
                Item::Step(_) if !in_rule => steps.push(index),
                _ => {}
            }
        }
        ((0..head).collect(), steps)
    }

    /// Leave out stretches of exchanges, then of lines and of values that nothing needs.
    fn narrow(&mut self, all: &[usize]) -> Result<(), E> {
        let is_step = |index: &usize| matches!(self.whole.items[*index], Item::Step(_));
        let (settings, steps): (Selection, Selection) =
            all.iter().partition(|index| !is_step(index));
        // Exchanges first, for half of one seldom makes sense: without `C: RCPT` its `S: 250` fails
        // too, for another reason, and nothing could be left out line by line.
        let exchanges = self.exchanges(&steps);
        let with = |units: &[Selection]| [settings.clone(), units.concat()].concat();
        let kept = smallest(exchanges, |units| self.still_fails(&with(units)))?.concat();
        let optional = |index: &usize| {
            let item = &self.whole.items[*index];
            !matches!(item, Item::Setting(setting) if !matches!(setting, Setting::Let(_)))
        };
        let left = [settings, kept].concat();
        let (units, fixed): (Selection, Selection) = left.iter().partition(|index| optional(index));
        let with = |units: &[usize]| {
            let mut selection = [&fixed, units].concat();
            selection.sort_unstable();
            selection
        };
        smallest(units, |units| self.still_fails(&with(units)))?;
        Ok(())
    }

    /// What the client says, and what comes before it speaks again.
    fn exchanges(&self, steps: &[usize]) -> Vec<Selection> {
        let speaks = |index: usize| matches!(&self.whole.items[index], Item::Step(step) if step.who == Role::Client);
        let mut exchanges: Vec<Selection> = Vec::new();
        let mut heard = true;
        for &index in steps {
            match exchanges.last_mut() {
                Some(last) if !(heard && speaks(index)) => last.push(index),
                _ => exchanges.push(vec![index]),
            }
            heard = !speaks(index);
        }
        exchanges
    }

    fn still_fails(&mut self, selection: &[usize]) -> Result<bool, E> {
        // Each play is a conversation with a real server and takes its time; the last rounds ask
        // for many of the same parts again.
        if let Some(known) = self.tried.get(selection) {
            return Ok(*known);
        }
        let before = self.found.take();
        let failure = self.failure_of(selection)?;
        // Any failure would do for a search that only wants to see red: without its greeting every
        // transcript fails. It must be the failure that was looked for.
        let same = failure.is_some() && failure == self.failure;
        if !same {
            self.found = before;
        }
        self.tried.insert(selection.to_vec(), same);
        Ok(same)
    }

    /// Play a part; what fails in it goes to `found`. What is no transcript does not fail.
    fn failure_of(&mut self, selection: &[usize]) -> Result<Option<Failure>, E> {
        let Ok(part) = self.whole.with_items(self.part(selection)).again() else {
            return Ok(None);
        };
        let Outcome::Failed(mismatch) = (self.play)(&part)? else {
            return Ok(None);
        };
        let item = mismatch.line.and_then(|line| line.checked_sub(FIRST_ITEM));
        let failure = Failure {
            item: item.and_then(|item| selection.get(item).copied()),
            reason: untimed(&mismatch.reason),
            heard: without_samples(&mismatch.heard),
        };
        self.found = Some((part, mismatch));
        Ok(Some(failure))
    }

    /// The items, with their connections numbered anew.
    fn part(&self, selection: &[usize]) -> Vec<Item> {
        let mut numbers = BTreeMap::new();
        let mut items = Vec::with_capacity(selection.len());
        for &index in selection {
            let mut item = self.whole.items[index].clone();
            // With all of connection 1 left out, connection 2 is the first that opens, and a file
            // numbers them from 1.
            if let Item::Step(Step { connection, .. }) = &mut item {
                let next = u16::try_from(numbers.len() + 1).unwrap_or(u16::MAX);
                *connection = *numbers.entry(*connection).or_insert(next);
            }
            items.push(item);
        }
        items
    }
}

/// How long it was silent does not matter.
fn untimed(reason: &Reason) -> Reason {
    match reason {
        Reason::Silent(_) => Reason::Silent(Duration::ZERO),
        other => other.clone(),
    }
}

/// What was heard, with holes that say nothing for what looks variable.
fn without_samples(heard: &[u8]) -> Text {
    let step = Step {
        connection: 1,
        who: Role::Server,
        act: Act::Piece(Text::literal(heard)),
    };
    let general = generalise(&Transcript {
        items: vec![Item::Step(step)],
        ..Transcript::default()
    });
    let parts = general.items.iter().filter_map(Item::text);
    let parts = parts.flat_map(Text::parts).map(|part| match part {
        Part::Hole(hole) => Part::from(Hole {
            name: None,
            sample: Vec::new(),
            kind: hole.kind.clone(),
        }),
        other => other.clone(),
    });
    Text::from_iter(parts)
}

/// Leave out stretches of `units`, at first long ones, as long as the rest still fails.
fn smallest<T: Clone, E>(
    mut units: Vec<T>,
    mut fails: impl FnMut(&[T]) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    // Of 1,000 units of which two are needed, one at a time would be a thousand plays. Halves, then
    // quarters, then eighths are mostly left out at once: here some dozens (delta debugging,
    // Zeller). What is needed together and lies apart survives until the stretches are short
    // enough.
    let mut length = units.len().div_ceil(2);
    while length > 0 {
        let mut at = 0;
        let before = units.len();
        // From the end: what comes behind the failure goes first.
        while at < units.len() {
            let end = units.len() - at;
            let start = end.saturating_sub(length);
            let rest = [&units[..start], &units[end..]].concat();
            if fails(&rest)? {
                units = rest;
            } else {
                at += length;
            }
        }
        length = match length {
            // Once more: what was needed may have gone.
            1 if units.len() < before => 1,
            longer => longer / 2,
        };
    }
    Ok(units)
}
