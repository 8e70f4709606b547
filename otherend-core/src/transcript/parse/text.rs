//! What is said: plain text, escapes and holes.

use super::names::{Names, WrongPattern, is_name};
use super::{Parsed, Spot, excerpt};
use crate::nearest::nearest;
use crate::notation::{self, NoEscape, hex_pair};
use crate::transcript::model::{Hole, Part, Text};
use crate::transcript::{Kind, Limits, Wrong, WrongText};

/// Where a text stands.
pub(super) enum Within<'n> {
    /// What somebody says: with holes.
    Line(&'n mut Names),
    /// The value of a `let`: without.
    Let,
}

fn spot(at: usize, width: usize, wrong: WrongText) -> Spot {
    Spot::new(at, width, Wrong::Text(wrong))
}

/// The text from byte `from` of `line` to its end.
pub(super) fn read(line: &str, from: usize, mut within: Within<'_>) -> Parsed<Text> {
    let visible = line.trim_end_matches([' ', '\t']);
    if visible.len() < line.len() && from < line.len() {
        let width = line.len() - visible.len();
        return Err(Spot::new(visible.len(), width, Wrong::TrailingBlank));
    }
    let mut parts = Vec::new();
    let mut at = from;
    if let Within::Line(names) = &mut within {
        names.begin_text();
    }
    while at < line.len() {
        let rest = &line[at..];
        if !rest.starts_with("{{") {
            let (literal, length) = literal(line, at, "{{")?;
            let part = Part::Literal(literal);
            if let Within::Line(names) = &mut within {
                fill(names, &part, (at, length))?;
            }
            parts.push(part);
            at += length;
            continue;
        }
        let Within::Line(names) = &mut within else {
            return Err(spot(at, 2, WrongText::HoleInLet));
        };
        let (part, length) = hole(line, at, names)?;
        fill(names, &part, (at, length))?;
        parts.push(part);
        at += length;
    }
    Ok(parts.into_iter().collect())
}

/// The bytes from byte `from` of `line` to its end: pairs of hex digits, and holes.
pub(super) fn read_hex(line: &str, from: usize, names: &mut Names) -> Parsed<Text> {
    names.begin_text();
    let mut parts = Vec::new();
    let mut at = from;
    while at < line.len() {
        let rest = &line[at..];
        let (part, length) = if rest.starts_with([' ', '\t']) {
            at += 1;
            continue;
        } else if rest.starts_with("{{") {
            hole(line, at, names)?
        } else {
            let length = rest.find([' ', '\t', '{']).unwrap_or(rest.len()).max(1);
            let length = length.max(rest.chars().next().map_or(1, char::len_utf8));
            (Part::Literal(hex(&rest[..length], at)?), length)
        };
        fill(names, &part, (at, length))?;
        parts.push(part);
        at += length;
    }
    Ok(parts.into_iter().collect())
}

/// A group of hex pairs, which stands at `at`.
fn hex(group: &str, at: usize) -> Parsed<Vec<u8>> {
    let pairs = group.as_bytes().chunks(2).enumerate();
    let bytes = pairs.map(|(index, pair)| {
        let pair = String::from_utf8_lossy(pair);
        let wrong = || Spot::new(at + 2 * index, 2, Wrong::HexPair(excerpt(&pair)));
        hex_pair(&pair).ok_or_else(wrong)
    });
    bytes.collect()
}

/// With `part`, which stands at `at` and has this length in the line, the text must not become too
/// long.
fn fill(names: &mut Names, part: &Part, (at, length): (usize, usize)) -> Parsed<()> {
    match names.fill(part) {
        filled if filled > Limits::LINE => Err(Spot::new(at, length, Wrong::FilledLine)),
        _ => Ok(()),
    }
}

/// The bytes from `from` to `stop` or to the end, and how much of the line they are.
fn literal(line: &str, from: usize, stop: &str) -> Parsed<(Vec<u8>, usize)> {
    let mut bytes = Vec::new();
    let mut at = from;
    while at < line.len() && !line[at..].starts_with(stop) {
        let plain = line[at..].find(['\\', '{', '}']).unwrap_or(line.len() - at);
        if plain > 0 {
            bytes.extend_from_slice(&line.as_bytes()[at..at + plain]);
            at += plain;
        } else if line.as_bytes()[at] == b'\\' {
            at += escape(line, at, &mut bytes)?;
        } else {
            bytes.push(line.as_bytes()[at]);
            at += 1;
        }
    }
    Ok((bytes, at - from))
}

/// Read the escape at byte `at`; gives its length in the line.
fn escape(line: &str, at: usize, bytes: &mut Vec<u8>) -> Parsed<usize> {
    let rest = &line[at + 1..];
    if rest.starts_with("{{") {
        bytes.extend_from_slice(b"{{");
        return Ok(3);
    }
    match notation::escape(rest) {
        Ok((byte, length)) => {
            bytes.push(byte);
            Ok(1 + length)
        }
        Err(NoEscape::Hex) => Err(spot(at, 4, WrongText::HexEscape)),
        Err(NoEscape::Unknown(other)) => {
            let found = format!("\\{}", other.map_or(String::new(), |c| c.to_string()));
            Err(spot(at, found.len(), WrongText::Escape(excerpt(&found))))
        }
    }
}

/// The hole or reference at byte `at`, and its length.
fn hole(line: &str, at: usize, names: &mut Names) -> Parsed<(Part, usize)> {
    let open = || spot(at, 2, WrongText::OpenHole);
    let start = at + 2;
    let end = start + line[start..].find([':', '}']).ok_or_else(open)?;
    let name = &line[start..end];
    if line[end..].starts_with("}}") {
        return reference(line, at, name, names);
    }
    if line.as_bytes()[end] == b'}' {
        return Err(open());
    }
    if name != "_" && !is_name(name) {
        return Err(spot(start, name.len(), WrongText::Name(excerpt(name))));
    }
    let (kind, kind_end) = kind(line, at, end + 1, names)?;
    if !line[kind_end..].starts_with('=') {
        let missing = WrongText::NoSample(excerpt(&line[start..kind_end]));
        let width = line[at..]
            .find("}}")
            .map_or(line.len() - at, |length| length + 2);
        return Err(spot(at, width, missing));
    }
    let (written, length) = literal(line, kind_end + 1, "}}")?;
    let sample_end = kind_end + 1 + length;
    if sample_end == line.len() {
        return Err(open());
    }
    let Some(sample) = kind.sample(written) else {
        let wrong = WrongText::Sample(kind, excerpt(&line[kind_end + 1..sample_end]));
        return Err(spot(kind_end + 1, length.max(1), wrong));
    };
    let known = match name {
        "_" => None,
        name => Some(
            names
                .define(name, sample.len())
                .map_err(|wrong| spot(start, name.len(), wrong))?,
        ),
    };
    let hole = Hole {
        name: known,
        kind,
        sample,
    };
    Ok((Part::from(hole), sample_end + 2 - at))
}

/// `{{name}}`, which begins at byte `at`.
fn reference(line: &str, at: usize, name: &str, names: &Names) -> Parsed<(Part, usize)> {
    let whole = name.len() + 4;
    debug_assert!(line[at..].starts_with("{{"));
    match name {
        "" => Err(spot(at, whole, WrongText::EmptyHole)),
        "_" => Err(spot(at, whole, WrongText::Forgotten)),
        _ if !is_name(name) => Err(spot(at + 2, name.len(), WrongText::Name(excerpt(name)))),
        _ => match names.refer(name) {
            Ok(known) => Ok((Part::Reference(known), whole)),
            Err(wrong) => Err(spot(at + 2, name.len(), wrong)),
        },
    }
}

/// The kind at byte `at` of the hole at byte `hole`, and where it ends.
fn kind(line: &str, hole: usize, at: usize, names: &mut Names) -> Parsed<(Kind, usize)> {
    if line[at..].starts_with('/') {
        return regex(line, at, names);
    }
    let end = line[at..].find(['=', '}']);
    let end = at + end.ok_or_else(|| spot(hole, 2, WrongText::OpenHole))?;
    let found = &line[at..end];
    match Kind::named(found) {
        Some(kind) => Ok((kind, end)),
        None => {
            let near = nearest(found, Kind::names());
            let wrong = WrongText::UnknownKind(excerpt(found), near.map(str::to_owned));
            Err(spot(at, found.len(), wrong))
        }
    }
}

/// `/…/` from byte `at`, and where it ends.
fn regex(line: &str, at: usize, names: &mut Names) -> Parsed<(Kind, usize)> {
    let mut source = String::new();
    let mut characters = line[at + 1..].char_indices();
    while let Some((offset, character)) = characters.next() {
        match character {
            '/' => {
                let pattern = names
                    .pattern(&source)
                    .map_err(|why| spot(at, offset + 2, wrong_pattern(&why)))?;
                return Ok((Kind::Regex(pattern), at + 1 + offset + 1));
            }
            '\\' => match characters.next() {
                Some((_, '/')) => source.push('/'),
                Some((_, next)) => source.extend(['\\', next]),
                None => break,
            },
            other => source.push(other),
        }
    }
    Err(spot(at, line.len() - at, WrongText::OpenRegex))
}

fn wrong_pattern(why: &WrongPattern) -> WrongText {
    match why {
        WrongPattern::Source(why) => WrongText::Regex(excerpt(why)),
        WrongPattern::TooMany => WrongText::TooManyRegexes,
    }
}
