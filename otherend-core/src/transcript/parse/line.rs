//! One line: what it is by its first characters, then the rest of it.

use std::time::Duration;

use super::names::{Names, is_name};
use super::text::{self, Within};
use super::{Parsed, Spot, excerpt};
use crate::nearest::nearest;
use crate::transcript::model::{
    Act, Closing, Let, Notation, Setting, Step, Text, Transport, Trigger,
};
use crate::transcript::{MOST_CONNECTIONS, Wrong};
use crate::{Framing, LineEnd, Role, parse_duration};

/// What a line is. Positions are bytes in it.
pub(super) enum Line<'a> {
    Blank,
    Comment(&'a str),
    Pause(Duration),
    /// Its word, and where the value begins.
    Setting(&'static str, usize),
    /// Where what follows `on` begins.
    Rule(usize),
    Marked(Marker),
}

/// What stands in front of a step.
pub(super) struct Marker {
    connection: u16,
    /// The number was written.
    pub(super) numbered: bool,
    who: Role,
    sign: u8,
    /// Its length.
    pub(super) width: usize,
}

const SETTINGS: [&str; 5] = ["eol", "framing", "timeout", "over", "let"];
const RESERVED_SIGNS: [(char, &str); 4] = [
    ('-', "a line that must not come"),
    ('{', "lines in any order"),
    ('}', "lines in any order"),
    ('=', "a command's answer"),
];
const RESERVED_WORDS: [(&str, &str); 3] = [
    ("sync", "connections waiting for each other"),
    ("starttls", "changing to TLS"),
    ("within", "a time limit"),
];
const STARTS: [&str; 10] = [
    "C:", "S:", "C!", "S!", "on", "eol", "framing", "timeout", "over", "let",
];

/// What `text` is.
pub(super) fn split(text: &str) -> Parsed<Line<'_>> {
    if let Some(comment) = text.strip_prefix('#') {
        return Ok(Line::Comment(comment));
    }
    let trimmed = text.trim_end_matches([' ', '\t']);
    if trimmed.is_empty() {
        return Ok(Line::Blank);
    }
    let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
    if indent > 0 {
        return Err(Spot::new(0, indent, Wrong::Indented));
    }
    if let Some(time) = trimmed.strip_prefix('+') {
        let wrong = || Spot::new(1, time.len(), Wrong::Pause(excerpt(time)));
        return parse_duration(time).map(Line::Pause).ok_or_else(wrong);
    }
    if let Some(marker) = marker(text)? {
        return Ok(Line::Marked(marker));
    }
    let word = first_word(trimmed);
    if word == "on" {
        return Ok(Line::Rule(skip_blanks(trimmed, 2)));
    }
    if let Some(setting) = SETTINGS.iter().find(|setting| **setting == word) {
        return Ok(Line::Setting(setting, skip_blanks(trimmed, word.len())));
    }
    Err(Spot::new(0, word.len(), unknown(word)))
}

fn first_word(text: &str) -> &str {
    text.split([' ', '\t']).next().unwrap_or_default()
}

fn skip_blanks(text: &str, from: usize) -> usize {
    text.len() - text[from..].trim_start_matches([' ', '\t']).len()
}

fn unknown(word: &str) -> Wrong {
    if let Some((_, meaning)) = RESERVED_WORDS.iter().find(|(known, _)| *known == word) {
        return Wrong::Reserved(word.to_owned(), meaning);
    }
    let end = word.find([':', '.', '!']).map_or(word.len(), |at| at + 1);
    let near = nearest(&word[..end], STARTS).map(str::to_owned);
    Wrong::Start(excerpt(word), near)
}

/// The marker that `text` begins with, if it begins with any.
fn marker(text: &str) -> Parsed<Option<Marker>> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let who = match text.as_bytes().get(digits) {
        Some(b'C') => Role::Client,
        Some(b'S') => Role::Server,
        _ => return Ok(None),
    };
    let Some(sign) = text[digits + 1..].chars().next() else {
        return Ok(None);
    };
    let width = digits + 1 + sign.len_utf8();
    if let Some((_, meaning)) = RESERVED_SIGNS.iter().find(|(known, _)| *known == sign) {
        let wrong = Wrong::Reserved(text[digits..width].to_owned(), meaning);
        return Err(Spot::new(0, width, wrong));
    }
    let (':' | '?' | '*' | '.' | '#' | '!') = sign else {
        return Ok(None);
    };
    Ok(Some(Marker {
        connection: connection(&text[..digits])?,
        numbered: digits > 0,
        who,
        sign: text.as_bytes()[width - 1],
        width,
    }))
}

fn connection(digits: &str) -> Parsed<u16> {
    if digits.is_empty() {
        return Ok(1);
    }
    let number = digits
        .parse()
        .ok()
        .filter(|number| (1..=MOST_CONNECTIONS).contains(number));
    number.ok_or_else(|| Spot::new(0, digits.len(), Wrong::Connection(excerpt(digits))))
}

/// The step behind `marker`.
pub(super) fn step(text: &str, marker: &Marker, names: &mut Names) -> Parsed<Step> {
    let act = match marker.sign {
        b':' => Act::Line(said(text, marker.width, names)?),
        b'?' => Act::Optional(said(text, marker.width, names)?),
        b'*' => Act::Repeated(said(text, marker.width, names)?),
        b'.' => Act::Piece(said(text, marker.width, names)?),
        b'#' => Act::Hex(text::read_hex(text, marker.width, names)?),
        _ => act(text, marker.width)?,
    };
    Ok(Step {
        connection: marker.connection,
        who: marker.who,
        act,
    })
}

/// The text behind a marker that ends at `at`: one blank between them is not part of it.
fn said(text: &str, at: usize, names: &mut Names) -> Parsed<Text> {
    let from = at + usize::from(text[at..].starts_with(' '));
    text::read(text, from, Within::Line(names))
}

fn act(text: &str, from: usize) -> Parsed<Act> {
    let at = skip_blanks(text, from);
    let word = text[at..].trim_end_matches([' ', '\t']);
    Ok(match word {
        "connect" => Act::Connect,
        "close" => Act::Close(Closing::Close),
        "half-close" => Act::Close(Closing::HalfClose),
        "reset" => Act::Close(Closing::Reset),
        _ => {
            let near = nearest(word, ["connect", "close", "half-close", "reset"]);
            let wrong = Wrong::Closing(excerpt(word), near.map(str::to_owned));
            return Err(Spot::new(at, word.len(), wrong));
        }
    })
}

/// What follows `on`, from byte `at`.
pub(super) fn trigger(text: &str, at: usize, names: &mut Names) -> Parsed<Trigger> {
    let rest = &text[at..];
    match rest.trim_end_matches([' ', '\t']) {
        "connect" => return Ok(Trigger::Connect),
        "other" => return Ok(Trigger::Other),
        _ => {}
    }
    if let Some(heard) = heard(text, at, names) {
        return heard.map(|(notation, text)| Trigger::Line(notation, text));
    }
    if first_word(rest) != "after" {
        let found = rest.trim_end();
        return Err(Spot::new(at, found.len(), Wrong::On(excerpt(found))));
    }
    let count_at = skip_blanks(text, at + "after".len());
    let count = first_word(&text[count_at..]);
    let number = count.parse().ok().filter(|number| *number > 0);
    let wrong = || Spot::new(count_at, count.len(), Wrong::AfterCount(excerpt(count)));
    let number = number.ok_or_else(wrong)?;
    let marker_at = skip_blanks(text, count_at + count.len());
    match heard(text, marker_at, names) {
        Some(heard) => heard.map(|(notation, text)| Trigger::After(number, notation, text)),
        None => {
            let found = text[marker_at..].trim_end();
            Err(Spot::new(marker_at, found.len(), Wrong::On(excerpt(found))))
        }
    }
}

/// What a rule waits for, from byte `at`: `C: text` or `C# 01 02`.
fn heard(text: &str, at: usize, names: &mut Names) -> Option<Parsed<(Notation, Text)>> {
    match text[at..].get(..2)? {
        "C:" => Some(said(text, at + 2, names).map(|text| (Notation::Text, text))),
        "C#" => Some(text::read_hex(text, at + 2, names).map(|text| (Notation::Hex, text))),
        _ => None,
    }
}

/// The value of `eol`, `framing`, `timeout` or `over`, from byte `at`.
pub(super) fn read_setting(text: &str, word: &'static str, at: usize) -> Parsed<Setting> {
    let value = text[at..].trim_end_matches([' ', '\t']);
    if word == "framing" {
        return framing(value)
            .map_err(|(within, width, wrong)| Spot::new(at + within, width, wrong));
    }
    let setting = match (word, value) {
        ("eol", "cr" | "nul") => value.parse().ok().map(Setting::Framing),
        ("eol", "lf") => Some(Setting::Eol(LineEnd::Lf)),
        ("eol", "crlf") => Some(Setting::Eol(LineEnd::CrLf)),
        ("over", "tcp") => Some(Setting::Transport(Transport::Tcp)),
        ("over", "udp") => Some(Setting::Transport(Transport::Udp)),
        ("timeout", time) => parse_duration(time)
            .filter(|time| !time.is_zero())
            .map(Setting::Timeout),
        _ => None,
    };
    let wrong = || Spot::new(at, value.len(), Wrong::Value(word, excerpt(value)));
    setting.ok_or_else(wrong)
}

/// The value of `framing`; else what is wrong with it, and where.
fn framing(value: &str) -> Result<Setting, (usize, usize, Wrong)> {
    match value.parse() {
        Ok(Framing::Lf) => Ok(Setting::Eol(LineEnd::Lf)),
        Ok(Framing::Crlf) => Ok(Setting::Eol(LineEnd::CrLf)),
        Ok(Framing::Drawn(drawing)) => Ok(Setting::Framing(drawing)),
        // What a file says is exact, so what ends its lines is too.
        Ok(_) => Err((0, value.len(), Wrong::Value("framing", excerpt(value)))),
        Err(error) => {
            let span = error.span();
            Err((
                span.start,
                span.len(),
                Wrong::Drawing(error.wrong().to_owned()),
            ))
        }
    }
}

/// `NAME = VALUE`, from byte `at`.
pub(super) fn read_let(text: &str, at: usize, number: usize, names: &mut Names) -> Parsed<Setting> {
    let found = || Spot::new(at, text[at..].trim_end().len(), Wrong::Let);
    let equals = at + text[at..].find('=').ok_or_else(found)?;
    let name = text[at..equals].trim_end_matches([' ', '\t']);
    if name.is_empty() {
        return Err(found());
    }
    if !is_name(name) {
        return Err(Spot::new(at, name.len(), Wrong::Name(excerpt(name))));
    }
    let twice = |line| Spot::new(at, name.len(), Wrong::Twice(name.to_owned(), line));
    let name = names.set(name, number).map_err(twice)?;
    let value = text::read(text, skip_blanks(text, equals + 1), Within::Let)?;
    let value = value.as_literal().unwrap_or_default().to_vec();
    names.give(&name, value.len());
    Ok(Setting::Let(Box::new(Let { name, value })))
}
