//! What looks variable: dates, addresses, ids, long numbers, and numbers whose label says so.

use std::sync::LazyLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

use crate::transcript::kind::TIME_FORMS;
use crate::transcript::{Kind, Pattern};

/// Something that looks variable.
pub(super) struct Variable {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// Which of [`GROUPS`] found it.
    group: &'static str,
}

impl Variable {
    /// The same for what is the same value; `None` for what is equal only by chance.
    pub(super) fn key(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let value = &bytes[self.start..self.end];
        match self.group {
            "time" | "decimal" => None,
            "small" => {
                let label = label(&bytes[..self.start])?.to_ascii_lowercase();
                Some([label.as_bytes(), b"=", value].concat())
            }
            _ => Some(value.to_vec()),
        }
    }
}

/// What looks variable in `bytes`, from left to right.
pub(super) fn variables(bytes: &[u8]) -> Vec<Variable> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(captures) = LOOKS.captures_at(bytes, at) {
        let Some(whole) = captures.get(0) else {
            break;
        };
        let variable = variable(&captures, bytes);
        at = match &variable {
            Some(variable) => variable.end,
            None => end_of_word(bytes, whole.start()),
        };
        found.extend(variable);
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

/// What was found, if it is variable after all.
fn variable(captures: &Captures<'_>, bytes: &[u8]) -> Option<Variable> {
    const SHORTEST_TIME: usize = 8;
    let whole = captures.get(0)?;
    let next = bytes.get(whole.end()).copied().unwrap_or(b' ');
    if next.is_ascii_alphanumeric() || next == b'_' {
        return None;
    }
    let found = whole.as_bytes();
    let has = |wanted: fn(&u8) -> bool| found.iter().filter(|b| wanted(b)).count();
    let (digits, letters) = (has(u8::is_ascii_digit), has(u8::is_ascii_alphabetic));
    let mut groups = GROUPS.into_iter();
    let group = groups.find(|group| captures.name(group).is_some())?;
    let kind = match group {
        "time" if found.len() >= SHORTEST_TIME => Kind::Time,
        "uuid" => Kind::Uuid,
        "ip" => Kind::Ip,
        "hex" if digits > 0 && letters > 0 => Kind::Hex,
        "hex" if letters == 0 => Kind::Int,
        "decimal" if found.contains(&b'+') => Kind::Regex(Pattern::new(SUM).ok()?),
        "decimal" => Kind::Regex(Pattern::new(r"[0-9]+\.[0-9]+").ok()?),
        "int" => Kind::Int,
        // A word would go on to the next blank.
        "id" if is_mixed(found) => match next {
            b' ' | b'\r' => Kind::Word,
            _ => Kind::Regex(Pattern::new("[A-Za-z0-9_-]+").ok()?),
        },
        "small" if label(&bytes[..whole.start()]).is_some_and(is_counted) => Kind::Int,
        _ => return None,
    };
    kind.fits(found).then(|| Variable {
        start: whole.start(),
        end: whole.end(),
        kind,
        group,
    })
}

/// A part of it between hyphens has digits and letters: `250-SIZE` is no id.
fn is_mixed(id: &[u8]) -> bool {
    id.split(|b| matches!(b, b'-' | b'_')).any(|part| {
        let has = |wanted: fn(&u8) -> bool| part.iter().filter(|b| wanted(b)).count();
        has(u8::is_ascii_digit) > 1 && has(u8::is_ascii_alphabetic) > 1
    })
}

fn is_counted(label: &str) -> bool {
    COUNTED.is_match(label.as_bytes())
}

const GROUPS: [&str; 8] = ["time", "uuid", "ip", "hex", "decimal", "int", "id", "small"];

/// A duration in parts: of those there may be another number the next time.
const SUM: &str = r"[0-9]+\.[0-9]+( \+ [0-9]+\.[0-9]+)*";

static LOOKS: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"\b(?:
        (?<time> {TIME_FORMS} )
        | (?<uuid> [0-9a-fA-F]{{8}} (?: -[0-9a-fA-F]{{4}} ){{3}} -[0-9a-fA-F]{{12}} )
        | (?<ip> [0-9]{{1,3}} (?: \.[0-9]{{1,3}} ){{3}}
            | [0-9a-fA-F]{{1,4}} (?: ::? [0-9a-fA-F]{{1,4}} ){{2,7}} )
        | (?<hex> [0-9a-fA-F]{{8,}} )
        | (?<decimal> [0-9]+ \. [0-9]{{3,}} (?: \x20 \+ \x20 [0-9]+ \. [0-9]{{3,}} )* )
        | (?<int> [0-9]{{5,}} )
        | (?<id> [A-Za-z0-9][A-Za-z0-9_-]{{9,}} )
        | (?<small> [0-9]{{1,4}} )
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

/// What `before` says that a value behind it is: `id` of `"id": `.
pub(super) fn label(before: &[u8]) -> Option<&str> {
    let label = LABEL.captures(before)?.get(1)?;
    std::str::from_utf8(label.as_bytes()).ok()
}

static LABEL: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"([A-Za-z][A-Za-z0-9_-]{0,15})["']?[=:]["'\x20]*\z"#));

/// Labels of numbers that are another one each time.
static COUNTED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?: (?:\A|[_-]) (?i: [a-z]?id | port | seq ) | [a-z] (?:Id|ID) )\z"));
