//! From a recording to a test: what looks variable becomes a hole (usually: a placeholder).
//!
//! A guess that is there to be read as a diff. What occurs once is forgotten (`_`); what occurs
//! again, other than times and how long something took, becomes one value with references to it.

mod variable;
mod varying;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::model::{Hole, Item, Part, Setting, Text};
use super::{Kind, Transcript};
use variable::{label, variables};
pub use varying::{Varying, varying};

/// `transcript` with holes for what looks variable, and without seals.
#[must_use]
pub fn generalise(transcript: &Transcript) -> Transcript {
    let mut transcript = unsealed(transcript);
    let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
    for part in literals(&transcript) {
        for variable in variables(part) {
            if let Some(key) = variable.key(part) {
                *counts.entry(key).or_default() += 1;
            }
        }
    }
    let mut names = FreeNames::of(&transcript);
    for item in transcript
        .items
        .iter_mut()
        .filter(|item| matches!(item, Item::Step(_)))
    {
        let Some(text) = item.text_mut() else {
            continue;
        };
        let mut parts = Vec::new();
        for part in text.parts() {
            match part {
                Part::Literal(bytes) => with_holes(bytes, &counts, &mut names, &mut parts),
                other => parts.push(other.clone()),
            }
        }
        if parts.len() > 1 {
            *text = parts.into_iter().collect();
        }
    }
    transcript
}

/// `transcript` without the seals of a recording: it may be edited.
#[must_use]
pub fn unsealed(transcript: &Transcript) -> Transcript {
    let is_seal = |item: &Item| matches!(item, Item::Comment(text) if text.starts_with('='));
    let items = transcript.items().iter().filter(|item| !is_seal(item));
    transcript.with_items(items.cloned().collect())
}

fn literals(transcript: &Transcript) -> impl Iterator<Item = &[u8]> {
    let steps = transcript
        .items
        .iter()
        .filter(|item| matches!(item, Item::Step(_)));
    let parts = steps.filter_map(Item::text).flat_map(Text::parts);
    parts.filter_map(|part| match part {
        Part::Literal(bytes) => Some(&bytes[..]),
        _ => None,
    })
}

/// Add `bytes` to `text`, with a hole or a reference for each variable.
fn with_holes(
    bytes: &[u8],
    counts: &HashMap<Vec<u8>, usize>,
    names: &mut FreeNames,
    text: &mut Vec<Part>,
) {
    let mut at = 0;
    for variable in variables(bytes) {
        text.push(Part::Literal(bytes[at..variable.start].to_vec()));
        at = variable.end;
        let key = variable.key(bytes);
        let key = key.filter(|key| counts.get(key).is_some_and(|count| *count > 1));
        let known = key.as_ref().and_then(|key| names.values.get(key));
        text.push(match known {
            Some(name) => Part::Reference(name.clone()),
            None => Part::from(Hole {
                name: key.map(|key| names.next(&bytes[..variable.start], &variable.kind, key)),
                kind: variable.kind,
                sample: bytes[variable.start..variable.end].to_vec(),
            }),
        });
    }
    text.push(Part::Literal(bytes[at..].to_vec()));
}

/// Names given and still free.
struct FreeNames {
    taken: HashSet<Arc<str>>,
    /// By stem, the number that comes next: a file may have a million ids.
    numbers: HashMap<String, u64>,
    /// By the key of what they name.
    values: HashMap<Vec<u8>, Arc<str>>,
}

impl FreeNames {
    /// The names that a file has already.
    fn of(transcript: &Transcript) -> Self {
        let mut taken = HashSet::new();
        for item in transcript.items() {
            if let Item::Setting(Setting::Let(set)) = item {
                taken.insert(Arc::clone(&set.name));
            }
            for part in item.text().map(Text::parts).unwrap_or_default() {
                if let Part::Hole(hole) = part {
                    taken.extend(hole.name.clone());
                }
            }
        }
        FreeNames {
            taken,
            numbers: HashMap::new(),
            values: HashMap::new(),
        }
    }

    /// A free name for a value: its label, as in `id=42`, or its kind.
    fn next(&mut self, before: &[u8], kind: &Kind, key: Vec<u8>) -> Arc<str> {
        let stem = match (label(before), kind) {
            (Some(label), _) => label.to_ascii_lowercase(),
            (None, Kind::Regex(_)) => "number".to_owned(),
            (None, Kind::Word) => "id".to_owned(),
            (None, kind) => kind.name().to_owned(),
        };
        let next = self.numbers.entry(stem.clone()).or_insert(1);
        let name: Arc<str> = loop {
            let name = match *next {
                1 => stem.clone(),
                number => format!("{stem}{number}"),
            };
            *next += 1;
            if !self.taken.contains(&name[..]) {
                break name.into();
            }
        };
        self.taken.insert(Arc::clone(&name));
        self.values.insert(key, Arc::clone(&name));
        name
    }
}
