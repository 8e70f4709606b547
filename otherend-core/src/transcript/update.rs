//! What was heard instead, written so that every hole and every line that still fits stays
//! (usually: a merge).

mod table;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use memchr::memmem;

use super::model::{Act, Hole, Item, Part, Setting, Step, Text};
use super::{Kind, Transcript};
use crate::{LineEnd, Role};
use table::Table;

/// Steps of a file and what they become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The lines of the file whose steps go; without any, the new ones come before `before`.
    pub(crate) lines: Vec<usize>,
    pub(crate) before: usize,
    pub(crate) steps: Vec<Step>,
}

/// The value by a hole's name, if there is one.
type Remembered<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// One line of a turn, in the file and as the turn was heard.
pub(crate) struct HeardTurn<'a> {
    /// What the file says, line by line with their ends.
    pub(crate) texts: Vec<Text>,
    /// What was heard, line by line with their ends.
    pub(crate) heard: Vec<&'a [u8]>,
    /// Whether a line of the file fits a line that was heard.
    pub(crate) fits: Box<dyn FnMut(usize, usize) -> bool + 'a>,
    /// What the hole with a name took or said before this turn.
    pub(crate) values: Box<Remembered<'a>>,
}

impl HeardTurn<'_> {
    /// The lines that were heard, in the words of the file where these fit.
    pub(crate) fn mended(mut self) -> Vec<Text> {
        let pairs = self.pairs();
        let (mut text, mut line) = (0, 0);
        let mut mended = Vec::new();
        for (same_text, same_line) in pairs {
            self.between((text, same_text), (line, same_line), &mut mended);
            mended.extend(self.texts.get(same_text).cloned());
            (text, line) = (same_text + 1, same_line + 1);
        }
        self.between(
            (text, self.texts.len()),
            (line, self.heard.len()),
            &mut mended,
        );
        mended
    }

    /// Lines that do not fit, each beside the one that it may have been.
    fn between(&self, texts: (usize, usize), lines: (usize, usize), mended: &mut Vec<Text>) {
        let mut texts = self.texts[texts.0..texts.1].iter();
        for line in &self.heard[lines.0..lines.1] {
            mended.push(match texts.next() {
                Some(text) => mend(text, line, &self.values),
                None => Text::literal(line),
            });
        }
    }

    /// The longest common run of lines: which text fits which line.
    ///
    /// That takes a look at each text beside each line. In a turn of thousands of lines only those
    /// near the same place are looked at: what moved further is written anew.
    fn pairs(&mut self) -> Vec<(usize, usize)> {
        // The diff of `diff`, with "fits" for "equal" (longest common subsequence):
        //
        //     the file              heard           becomes
        //     220 {{h:word=a}}      220 b           220 {{h:word=b}}   fits: the file's line stays
        //     250-SIZE              250-PIPELINE    250-PIPELINE       mended: between two that fit
        //     250 OK                250 OK          250 OK             fits
        //
        // From the last line to the first, so that going forward `longest` says at each place which
        // side to step over and still pair the most.
        let (texts, lines) = (self.texts.len(), self.heard.len());
        // What fits at the beginning is a part of the longest run, whatever follows.
        let mut same = 0;
        while same < texts.min(lines) && (self.fits)(same, same) {
            same += 1;
        }
        let mut pairs: Vec<(usize, usize)> = (0..same).map(|at| (at, at)).collect();
        let mut table = Table::new(texts - same, lines - same);
        for text in (0..table.rows).rev() {
            for line in table.near(text).rev() {
                let fits = (self.fits)(same + text, same + line);
                table.set(text, line, fits);
            }
        }
        pairs.extend(table.path().map(|(text, line)| (same + text, same + line)));
        pairs
    }
}

/// `heard` with the holes of `text`, and what refers to earlier ones, where they still fit between
/// their neighbours.
pub(crate) fn mend(text: &Text, heard: &[u8], values: &Remembered<'_>) -> Text {
    let parts = text.parts();
    let mut mended = Vec::new();
    let mut at = 0;
    for (index, part) in parts.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| parts.get(before));
        let between = (
            before.and_then(literal).unwrap_or_default(),
            parts.get(index + 1).and_then(literal).unwrap_or_default(),
        );
        let found = match part {
            Part::Literal(_) => None,
            Part::Hole(hole) => place(heard, at, between, |bytes| takes(&hole.kind, bytes)),
            Part::Reference(name) => values(name)
                .and_then(|value| place(heard, at, between, |bytes| bytes == &value[..])),
        };
        let Some((start, end)) = found else {
            continue;
        };
        mended.push(Part::Literal(heard[at..start].to_vec()));
        mended.push(match part {
            Part::Hole(hole) => Part::from(Hole {
                sample: heard[start..end].to_vec(),
                ..(**hole).clone()
            }),
            other => other.clone(),
        });
        at = end;
    }
    mended.push(Part::Literal(heard[at..].to_vec()));
    mended.into_iter().collect()
}

fn literal(part: &Part) -> Option<&[u8]> {
    match part {
        Part::Literal(bytes) => Some(bytes),
        _ => None,
    }
}

/// So much of what stood beside a hole is looked for at the most, byte by byte less.
const LOOKED_AT: usize = 256;

/// Where something that `fits` stands in `heard`, not before `from`: behind the end of what stood
/// before it, and in front of the beginning of what stood behind it.
fn place(
    heard: &[u8],
    from: usize,
    (before, after): (&[u8], &[u8]),
    fits: impl Fn(&[u8]) -> bool,
) -> Option<(usize, usize)> {
    let (before, after) = (
        &before[before.len().saturating_sub(LOOKED_AT)..],
        &after[..after.len().min(LOOKED_AT)],
    );
    // `250 rang {{n:int=3}} times` and now `250 it rang 4 times`: all of `250 rang ` is not to be
    // found, but its end ` rang ` is, and behind what it leads to, ` times`. So the hole stays a
    // hole, around the 4. The longest ends that are found are tried first: they are the least
    // likely to be chance.
    for kept in (0..=before.len()).rev() {
        let end_of_before = &before[before.len() - kept..];
        let found = memmem::find(&heard[from..], end_of_before);
        // With nothing left of what stood before it, only the very place remains.
        let Some(start) = found.map(|found| from + found + kept) else {
            continue;
        };
        for kept in (1..=after.len()).rev() {
            let found = memmem::find(&heard[start..], &after[..kept]);
            if let Some(end) = found.map(|found| start + found)
                && fits(&heard[start..end])
            {
                return Some((start, end));
            }
        }
    }
    None
}

/// A hole that takes nothing is no hole worth keeping.
fn takes(kind: &Kind, bytes: &[u8]) -> bool {
    !bytes.is_empty() && kind.fits(bytes)
}

/// The texts of `steps` joined and cut after each LF, as they are heard.
pub(crate) fn joined<'s>(steps: impl Iterator<Item = &'s Step>, eol: LineEnd) -> Vec<Text> {
    let mut lines: Vec<Text> = Vec::new();
    let mut line: Vec<Part> = Vec::new();
    for step in steps {
        let said = match &step.act {
            Act::Line(text)
            | Act::Optional(text)
            | Act::Repeated(text)
            | Act::Piece(text)
            | Act::Hex(text) => text.parts().to_vec(),
            Act::Connect | Act::Close(_) => Vec::new(),
        };
        let is_line = matches!(step.act, Act::Line(_) | Act::Optional(_) | Act::Repeated(_));
        let end = is_line.then(|| Part::Literal(eol.bytes().to_vec()));
        for part in said.into_iter().chain(end) {
            let Part::Literal(bytes) = part else {
                line.push(part);
                continue;
            };
            // As the plan hears them: a piece may hold three lines, and one line may be three
            // pieces.
            for stretch in bytes.split_inclusive(|b| *b == b'\n') {
                line.push(Part::Literal(stretch.to_vec()));
                if stretch.ends_with(b"\n") {
                    lines.push(line.drain(..).collect());
                }
            }
        }
    }
    lines.push(line.into_iter().collect());
    lines.retain(|line| !line.parts().is_empty());
    lines
}

/// `text` as a step: a line if it ends as the file's lines do, a piece if not.
pub(crate) fn step(like: &Step, text: Text, eol: LineEnd) -> Step {
    let act = match text.strip_end(eol.bytes()) {
        Some(line) => Act::Line(line),
        None => Act::Piece(text),
    };
    Step {
        act,
        ..like.clone()
    }
}

/// `transcript` after `edits`, each of which names lines of it.
pub(crate) fn apply(transcript: &Transcript, edits: &[Edit]) -> Transcript {
    let gone: HashSet<usize> = edits.iter().flat_map(|edit| &edit.lines).copied().collect();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // Stable: those at one place stay in their order.
    edits.sort_by_key(|edit| edit.before);
    let mut edits = edits.into_iter().peekable();
    // Each with the line that it comes from.
    let mut items: Vec<(usize, Item)> = Vec::new();
    for (item, line) in transcript.items().iter().zip(super::FIRST_ITEM..) {
        while let Some(edit) = edits.next_if(|edit| edit.before <= line) {
            let last = edit.lines.last().copied().unwrap_or(line);
            let steps = edit.steps.iter().cloned();
            items.extend(steps.map(|step| (last, Item::Step(step))));
        }
        if !gone.contains(&line) {
            items.push((line, item.clone()));
        }
    }
    settle_references(&mut items, transcript);
    transcript.with_items(items.into_iter().map(|(_, item)| item).collect())
}

/// References to holes that have gone: spoken, they say what the hole said; heard, the first is the
/// hole from now on, for that is what it was when nothing had given it a value.
fn settle_references(items: &mut [(usize, Item)], before: &Transcript) {
    let holes = holes(before);
    let mut known: HashSet<Arc<str>> = HashSet::new();
    for (line, item) in items {
        if let Item::Setting(Setting::Let(set)) = item {
            known.insert(Arc::clone(&set.name));
        }
        let is_heard = matches!(item, Item::Step(step) if step.who == Role::Server);
        let Some(text) = item.text_mut() else {
            continue;
        };
        for part in text.parts_mut() {
            if let Part::Reference(name) = part
                && !known.contains(name)
            {
                // The last one above it.
                let of_name = holes.get(name).map(Vec::as_slice).unwrap_or_default();
                let above = of_name.partition_point(|(at, _)| at <= line);
                *part = match of_name[..above].last() {
                    Some((_, hole)) if is_heard => Part::from((*hole).clone()),
                    Some((_, hole)) => Part::Literal(hole.sample.clone()),
                    None => Part::Literal(Vec::new()),
                };
            }
            if let Part::Hole(hole) = part {
                known.extend(hole.name.clone());
            }
        }
        // What has become plain grows together with what stands beside it.
        let parts = text.parts().iter().cloned();
        *text = parts.collect();
    }
}

/// By name, the holes of a transcript, each with its line.
fn holes(transcript: &Transcript) -> HashMap<&Arc<str>, Vec<(usize, &Hole)>> {
    let mut holes: HashMap<_, Vec<_>> = HashMap::new();
    for (item, line) in transcript.items().iter().zip(super::FIRST_ITEM..) {
        for part in item.text().map(Text::parts).unwrap_or_default() {
            if let Part::Hole(hole) = part
                && let Some(name) = &hole.name
            {
                holes.entry(name).or_default().push((line, &**hole));
            }
        }
    }
    holes
}
