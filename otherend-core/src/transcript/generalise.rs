//! From a recording to a test: what looks variable becomes a hole.
//!
//! A guess that is there to be read as a diff. What occurs once is forgotten (`_`); what occurs
//! again, other than times, becomes one value with references to it.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::kind::TIME_FORMS;
use super::model::{Hole, Item, Part, Setting, Text};
use super::{Kind, Pattern, Transcript};

/// `transcript` with holes for what looks variable, and without seals.
#[must_use]
pub fn generalise(transcript: &Transcript) -> Transcript {
    let mut transcript = unsealed(transcript);
    let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
    for part in literals(&transcript) {
        for value in variables(part) {
            *counts
                .entry(part[value.start..value.end].to_vec())
                .or_default() += 1;
        }
    }
    let mut names = Names::of(&transcript);
    for item in transcript
        .items
        .iter_mut()
        .filter(|item| matches!(item, Item::Step(_)))
    {
        let Some(text) = item.text_mut() else {
            continue;
        };
        let parts = std::mem::take(text);
        for part in parts.parts() {
            match part {
                Part::Literal(bytes) => with_holes(bytes, &counts, &mut names, text),
                other => text.push(other.clone()),
            }
        }
    }
    transcript
}

/// `transcript` without the seals of a recording: it may be edited.
#[must_use]
pub fn unsealed(transcript: &Transcript) -> Transcript {
    let is_seal = |item: &Item| matches!(item, Item::Comment(text) if text.starts_with('='));
    let items = transcript.items().iter().filter(|item| !is_seal(item));
    Transcript {
        items: items.cloned().collect(),
    }
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

/// Add `bytes` to `text` with a hole or a reference for each variable.
fn with_holes(bytes: &[u8], counts: &HashMap<Vec<u8>, usize>, names: &mut Names, text: &mut Text) {
    let mut at = 0;
    for variable in variables(bytes) {
        text.push(Part::Literal(bytes[at..variable.start].to_vec()));
        at = variable.end;
        let value = &bytes[variable.start..variable.end];
        let again = counts.get(value).is_some_and(|count| *count > 1);
        text.push(match names.values.get(value) {
            Some(name) if again => Part::Reference(name.clone()),
            _ => Part::Hole(Hole {
                name: (again && variable.kind != Kind::Time)
                    .then(|| names.next(&bytes[..variable.start], &variable.kind, value)),
                kind: variable.kind,
                sample: value.to_vec(),
            }),
        });
    }
    text.push(Part::Literal(bytes[at..].to_vec()));
}

/// Names given and still free.
struct Names {
    taken: BTreeSet<String>,
    values: HashMap<Vec<u8>, String>,
}

impl Names {
    /// The names that a file has already.
    fn of(transcript: &Transcript) -> Self {
        let mut taken = BTreeSet::new();
        for item in transcript.items() {
            if let Item::Setting(Setting::Let { name, .. }) = item {
                taken.insert(name.clone());
            }
            for part in item.text().map(Text::parts).unwrap_or_default() {
                if let Part::Hole(Hole {
                    name: Some(name), ..
                }) = part
                {
                    taken.insert(name.clone());
                }
            }
        }
        Names {
            taken,
            values: HashMap::new(),
        }
    }

    /// A free name for `value`: its label, as in `id=42`, or its kind.
    fn next(&mut self, before: &[u8], kind: &Kind, value: &[u8]) -> String {
        let label = LABEL.captures(before).and_then(|found| found.get(1));
        let label = label.and_then(|label| std::str::from_utf8(label.as_bytes()).ok());
        let stem = match (label, kind) {
            (Some(label), _) => label.to_ascii_lowercase(),
            (None, Kind::Regex(_)) => "number".to_owned(),
            (None, Kind::Word) => "id".to_owned(),
            (None, kind) => kind.name().to_owned(),
        };
        let numbered = (2..).map(|number| format!("{stem}{number}"));
        let mut names = std::iter::once(stem.clone()).chain(numbered);
        let name = names
            .find(|name| !self.taken.contains(name))
            .unwrap_or(stem);
        self.taken.insert(name.clone());
        self.values.insert(value.to_vec(), name.clone());
        name
    }
}

static LABEL: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"([A-Za-z][A-Za-z0-9_-]{0,15})["']?[=:]["'\x20]*\z"#));

/// Something that looks variable.
struct Variable {
    start: usize,
    end: usize,
    kind: Kind,
}

/// What looks variable in `bytes`, from left to right.
fn variables(bytes: &[u8]) -> Vec<Variable> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(captures) = LOOKS.captures_at(bytes, at) {
        let Some(whole) = captures.get(0) else {
            break;
        };
        match kind(&captures, bytes) {
            Some(kind) => {
                found.push(Variable {
                    start: whole.start(),
                    end: whole.end(),
                    kind,
                });
                at = whole.end();
            }
            None => at = end_of_word(bytes, whole.start()),
        }
    }
    found
}

fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let word = bytes[start..]
        .iter()
        .skip(1)
        .take_while(|b| b.is_ascii_alphanumeric());
    start + 1 + word.count()
}

/// What kind of variable was found, if it is one after all.
fn kind(captures: &Captures<'_>, bytes: &[u8]) -> Option<Kind> {
    const SHORTEST_TIME: usize = 8;
    let whole = captures.get(0)?;
    let next = bytes.get(whole.end()).copied().unwrap_or(b' ');
    if next.is_ascii_alphanumeric() || next == b'_' {
        return None;
    }
    let found = whole.as_bytes();
    let has = |wanted: fn(&u8) -> bool| found.iter().filter(|b| wanted(b)).count();
    let (digits, letters) = (has(u8::is_ascii_digit), has(u8::is_ascii_alphabetic));
    let kind = match GROUPS
        .into_iter()
        .find(|group| captures.name(group).is_some())?
    {
        "time" if found.len() >= SHORTEST_TIME => Kind::Time,
        "uuid" => Kind::Uuid,
        "ip" => Kind::Ip,
        "hex" if digits > 0 && letters > 0 => Kind::Hex,
        "decimal" => Kind::Regex(Pattern::new(r"[0-9]+\.[0-9]+").ok()?),
        "int" => Kind::Int,
        "id" if digits > 1 && letters > 1 => Kind::Word,
        _ => return None,
    };
    // A word hole goes on to the next blank: it must not take more than was found.
    let fits = kind.fits(found) && (kind != Kind::Word || next == b' ' || next == b'\r');
    fits.then_some(kind)
}

const GROUPS: [&str; 7] = ["time", "uuid", "ip", "hex", "decimal", "int", "id"];

static LOOKS: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"\b(?:
        (?<time> {TIME_FORMS} )
        | (?<uuid> [0-9a-fA-F]{{8}} (?: -[0-9a-fA-F]{{4}} ){{3}} -[0-9a-fA-F]{{12}} )
        | (?<ip> [0-9]{{1,3}} (?: \.[0-9]{{1,3}} ){{3}}
            | [0-9a-fA-F]{{1,4}} (?: ::? [0-9a-fA-F]{{1,4}} ){{2,7}} )
        | (?<hex> [0-9a-fA-F]{{8,}} )
        | (?<decimal> [0-9]+ \. [0-9]{{3,}} )
        | (?<int> [0-9]{{5,}} )
        | (?<id> [A-Za-z0-9][A-Za-z0-9_-]{{9,}} )
        )"
    ))
});

fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .unicode(false)
        .ignore_whitespace(true)
        .build()
        .expect("a constant")
}
