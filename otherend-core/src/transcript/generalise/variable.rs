//! What looks variable: dates, addresses, ids, long numbers, and numbers whose label says so.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use crate::transcript::kind::TIME_FORMS;
use crate::transcript::{Kind, Pattern};

/// Something that looks variable.
pub(super) struct Variable {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    /// Which of [`FORMS`] it has.
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
    while let Some(whole) = LOOKS.find_at(bytes, at) {
        let variable = variable(bytes, whole.range());
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
fn variable(bytes: &[u8], range: Range<usize>) -> Option<Variable> {
    const SHORTEST_TIME: usize = 8;
    let next = bytes.get(range.end).copied().unwrap_or(b' ');
    if next.is_ascii_alphanumeric() || next == b'_' {
        return None;
    }
    let found = &bytes[range.clone()];
    let has = |wanted: fn(&u8) -> bool| found.iter().filter(|b| wanted(b)).count();
    let (digits, letters) = (has(u8::is_ascii_digit), has(u8::is_ascii_alphabetic));
    // Of several that match here the first was taken, and it matches the whole of what was found.
    let (group, _) = GROUPS.iter().find(|(_, looks)| looks.is_match(found))?;
    let kind = match *group {
        "time" if found.len() >= SHORTEST_TIME => Kind::Time,
        "uuid" => Kind::Uuid,
        "ip" => Kind::Ip,
        "hex" if digits > 0 && letters > 0 => Kind::Hex,
        "hex" if letters == 0 => Kind::Int,
        "decimal" if found.contains(&b'+') => Kind::Regex(SUM.clone()),
        "decimal" => Kind::Regex(DECIMAL.clone()),
        "int" => Kind::Int,
        // A word would go on to the next blank.
        "id" if is_mixed(found) => match next {
            b' ' | b'\r' => Kind::Word,
            _ => Kind::Regex(ID.clone()),
        },
        "small" if label(&bytes[..range.start]).is_some_and(is_counted) => Kind::Int,
        _ => return None,
    };
    kind.fits(found).then(|| Variable {
        start: range.start,
        end: range.end,
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

/// A duration in parts: of those there may be another number the next time.
static SUM: LazyLock<Pattern> = LazyLock::new(|| pattern(r"[0-9]+\.[0-9]+( \+ [0-9]+\.[0-9]+)*"));
static DECIMAL: LazyLock<Pattern> = LazyLock::new(|| pattern(r"[0-9]+\.[0-9]+"));
static ID: LazyLock<Pattern> = LazyLock::new(|| pattern("[A-Za-z0-9_-]+"));

fn pattern(source: &str) -> Pattern {
    Pattern::new(source).expect("a constant")
}

/// What looks variable, by name; the first that fits counts.
const FORMS: [(&str, &str); 8] = [
    ("time", TIME_FORMS),
    (
        "uuid",
        "[0-9a-fA-F]{8} (?: -[0-9a-fA-F]{4} ){3} -[0-9a-fA-F]{12}",
    ),
    (
        "ip",
        r"[0-9]{1,3} (?: \.[0-9]{1,3} ){3} | [0-9a-fA-F]{1,4} (?: ::? [0-9a-fA-F]{1,4} ){2,7}",
    ),
    ("hex", "[0-9a-fA-F]{8,}"),
    (
        "decimal",
        r"[0-9]+ \. [0-9]{3,} (?: \x20 \+ \x20 [0-9]+ \. [0-9]{3,} )*",
    ),
    ("int", "[0-9]{5,}"),
    ("id", "[A-Za-z0-9][A-Za-z0-9_-]{9,}"),
    ("small", "[0-9]{1,4}"),
];

static LOOKS: LazyLock<Regex> = LazyLock::new(|| {
    let forms = FORMS.map(|(_, form)| form).join(" | ");
    regex(&format!(r"\b(?: {forms} )"))
});

/// Each of [`FORMS`] by itself: to ask them is much faster than to let one expression say which of
/// its groups it was.
static GROUPS: LazyLock<[(&str, Regex); 8]> =
    LazyLock::new(|| FORMS.map(|(name, form)| (name, regex(&format!(r"\A(?: {form} )\z")))));

fn regex(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .unicode(false)
        .ignore_whitespace(true)
        .build()
        .expect("a constant")
}

/// What `before` says that a value behind it is: `id` of `"id": `.
pub(super) fn label(before: &[u8]) -> Option<&str> {
    /// A label with its quotes and blanks is not longer.
    const LONGEST: usize = 64;
    let near = &before[before.len().saturating_sub(LONGEST)..];
    let found = LABEL.find(near)?.as_bytes();
    let sign = found.iter().rposition(|b| matches!(b, b'=' | b':'))?;
    let label = &found[..sign];
    let quoted = label.strip_suffix(b"\"").or(label.strip_suffix(b"'"));
    std::str::from_utf8(quoted.unwrap_or(label)).ok()
}

static LABEL: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"[A-Za-z][A-Za-z0-9_-]{0,15}["']?[=:]["'\x20]*\z"#));

/// Labels of numbers that are another one each time.
static COUNTED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?: (?:\A|[_-]) (?i: [a-z]?id | port | seq ) | [a-z] (?:Id|ID) )\z"));
