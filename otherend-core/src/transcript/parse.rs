//! From text to a transcript: the whole file, before a byte of it is said.

mod filled;
mod line;
mod names;
mod speakers;
mod text;

use filled::Filled;
use line::Line;
use names::Names;
use speakers::Speakers;

pub(super) use filled::{Excess, excess};

use super::model::{Act, Item, Part, Setting, Step, Text, Transport, Trigger};
use super::{FIRST_ITEM, FIRST_LINE, Limits, ParseError, Wrong};
use crate::Drawing;
use crate::escape::{drives, escaped};

/// A part of a line that is wrong, in bytes.
struct Spot {
    at: usize,
    width: usize,
    wrong: Wrong,
}

type Parsed<T> = Result<T, Spot>;

impl Spot {
    fn new(at: usize, width: usize, wrong: Wrong) -> Self {
        Spot { at, width, wrong }
    }
}

/// All items of a file.
pub(super) fn parse(source: &[u8], limits: Limits) -> Result<Vec<Item>, ParseError> {
    let source = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    let mut lines = source
        .strip_suffix(b"\n")
        .unwrap_or(source)
        .split(|b| *b == b'\n');
    let first = readable(lines.next().unwrap_or_default(), 1)?;
    check_first(first, source.is_empty()).map_err(|spot| place(spot, 1, first))?;
    let mut parser = Parser::new(limits);
    let mut items = Vec::new();
    let mut at = first.len();
    for (index, line) in lines.enumerate() {
        let number = index + FIRST_ITEM;
        at += line.len() + 1;
        if at > Limits::FILE {
            return Err(endless(number));
        }
        let line = readable(line, number)?;
        let item = parser
            .item(line, number)
            .and_then(|item| parser.count(&item, number, line).map(|()| item))
            .map_err(|spot| place(spot, number, line))?;
        items.push(item);
    }
    Ok(items)
}

/// With this line the file is too long.
fn endless(line: usize) -> ParseError {
    ParseError {
        line,
        column: 1,
        width: 1,
        wrong: Wrong::LongFile,
    }
}

/// Bytes to characters, wherever in a character the bytes begin and end.
fn place(spot: Spot, line: usize, text: &str) -> ParseError {
    let end = spot.at + spot.width;
    // `S: éé{{n` is wrong from byte 7, which is the sixth character: editors and carets count those.
    let before = |(at, c): (usize, char)| at + c.len_utf8() <= spot.at;
    let column = text.char_indices().take_while(|next| before(*next)).count();
    let until = text.char_indices().take_while(|(at, _)| *at < end).count();
    ParseError {
        line,
        column: column + 1,
        width: until.saturating_sub(column).max(1),
        wrong: spot.wrong,
    }
}

/// A line as text, without the CR that some editors put at its end.
fn readable(line: &[u8], number: usize) -> Result<&str, ParseError> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > Limits::LINE {
        return Err(ParseError {
            line: number,
            column: String::from_utf8_lossy(&line[..Limits::LINE])
                .chars()
                .count()
                + 1,
            width: 1,
            wrong: Wrong::LongLine,
        });
    }
    let text = std::str::from_utf8(line).map_err(|error| {
        let good = &line[..error.valid_up_to()];
        ParseError {
            line: number,
            column: String::from_utf8_lossy(good).chars().count() + 1,
            width: 1,
            wrong: Wrong::NotUtf8(line[good.len()]),
        }
    })?;
    match text.find(|c: char| c != '\t' && (c.is_control() || drives(c))) {
        None => Ok(text),
        Some(at) => {
            let found = text[at..].chars().next().unwrap_or_default();
            Err(place(
                Spot::new(at, found.len_utf8(), Wrong::Control(found)),
                number,
                text,
            ))
        }
    }
}

fn check_first(line: &str, nothing: bool) -> Parsed<()> {
    let version = FIRST_LINE.len() - 1;
    match line.trim_end() {
        FIRST_LINE => Ok(()),
        _ if nothing => Err(Spot::new(0, 1, Wrong::Empty)),
        found if found.starts_with(&FIRST_LINE[..version]) => {
            let number = &found[version..];
            let wrong = Wrong::Version(excerpt(number));
            Err(Spot::new(version, number.len(), wrong))
        }
        found => Err(Spot::new(0, found.len(), Wrong::FirstLine)),
    }
}

/// What was found, fit for a message.
fn excerpt(found: &str) -> String {
    const LONGEST: usize = 40;
    match found.char_indices().nth(LONGEST) {
        None => escaped(found.as_bytes()),
        Some((end, _)) => format!("{}…", escaped(&found.as_bytes()[..end])),
    }
}

/// The message of a line, with what its holes say. `None`: it has none that stands in a frame, or
/// refers to a value that is not known yet.
fn sample(item: &Item) -> Option<Vec<u8>> {
    let text = match item {
        Item::Step(Step {
            act: Act::Line(text) | Act::Optional(text) | Act::Repeated(text) | Act::Hex(text),
            ..
        })
        | Item::Rule(Trigger::Line(_, text) | Trigger::After(_, _, text)) => text,
        _ => return None,
    };
    let mut message = Vec::new();
    for part in text.parts() {
        match part {
            Part::Literal(bytes) => message.extend_from_slice(bytes),
            Part::Hole(hole) => message.extend_from_slice(&hole.sample),
            Part::Reference(_) => return None,
        }
    }
    Some(message)
}

/// What the lines so far have settled.
#[derive(Default)]
struct Parser {
    limits: Limits,
    filled: Filled,
    /// Steps, rules and `let`s.
    steps: usize,
    /// Holes and references.
    holes: usize,
    names: Names,
    speakers: Speakers,
    /// `eol`, `timeout` and `over`, each with its line.
    settings: Vec<(&'static str, usize)>,
    /// What each message stands in, if the file draws that.
    framing: Option<Drawing>,
    /// The settings are over.
    talking: bool,
}

impl Parser {
    fn new(limits: Limits) -> Self {
        Parser {
            limits,
            ..Parser::default()
        }
    }

    /// `item` is one more: there must not be too many.
    fn count(&mut self, item: &Item, number: usize, text: &str) -> Parsed<()> {
        let spot = |wrong| Err(Spot::new(0, text.len(), wrong));
        if number > Limits::LINES {
            return spot(Wrong::TooMany("4,000,000 lines"));
        }
        if let Item::Step(_) | Item::Rule(_) | Item::Setting(Setting::Let(_)) = item {
            self.steps += 1;
        }
        if self.steps > Limits::STEPS {
            return spot(Wrong::TooMany("1,000,000 steps, rules and `let`s"));
        }
        let parts = item.text().map(Text::parts).unwrap_or_default();
        let holes = parts
            .iter()
            .filter(|part| !matches!(part, Part::Literal(_)));
        self.holes += holes.count();
        if self.holes > Limits::HOLES {
            return spot(Wrong::TooMany("2,000,000 holes and references"));
        }
        match self.filled.add(item, &self.names, self.limits) {
            None => Ok(()),
            Some(_) => spot(Wrong::FilledFile(self.limits)),
        }
    }

    fn item(&mut self, text: &str, number: usize) -> Parsed<Item> {
        match line::split(text)? {
            Line::Blank => {
                self.speakers.end_rule();
                Ok(Item::Blank)
            }
            Line::Comment(comment) => Ok(Item::Comment(comment.to_owned())),
            Line::Pause(time) => {
                self.talking = true;
                Ok(Item::Pause(time))
            }
            Line::Setting(word, at) => self.setting(text, word, at, number).map(Item::Setting),
            Line::Rule(head) => {
                self.talking = true;
                self.speakers.begin_rule();
                self.names.in_rule = true;
                let rule = Item::Rule(line::trigger(text, head, &mut self.names)?);
                let wrong = |wrong| Spot::new(head, text.len() - head, wrong);
                self.check_frame(&rule).map_err(wrong)?;
                Ok(rule)
            }
            Line::Marked(marker) => {
                self.talking = true;
                // A blank line ends a rule, so the same `S:` is an answer above it and a step of
                // the script below.
                self.names.in_rule = self.speakers.in_rule();
                let step = line::step(text, &marker, &mut self.names)?;
                self.speakers.check(&step, &marker, number)?;
                let step = Item::Step(step);
                let wrong = |wrong| Spot::new(0, text.len(), wrong);
                self.check_frame(&step).map_err(wrong)?;
                Ok(step)
            }
        }
    }

    fn setting(
        &mut self,
        text: &str,
        word: &'static str,
        at: usize,
        number: usize,
    ) -> Parsed<Setting> {
        // A setting holds for the whole file: below a step it would look as if it began there.
        if self.talking {
            return Err(Spot::new(
                0,
                word.len(),
                Wrong::LateSetting(word.to_owned()),
            ));
        }
        if word == "let" {
            return line::read_let(text, at, number, &mut self.names);
        }
        if let Some((_, line)) = self.settings.iter().find(|(known, _)| *known == word) {
            let wrong = Wrong::Twice(word.to_owned(), *line);
            return Err(Spot::new(0, word.len(), wrong));
        }
        let setting = line::read_setting(text, word, at)?;
        self.settings.push((word, number));
        if let Setting::Transport(Transport::Udp) = setting {
            self.settings.push(("over udp", number));
        }
        if let Some((other, line)) = self.excluded(word, &setting) {
            return Err(Spot::new(0, text.len(), Wrong::Conflict(other, line)));
        }
        if let Setting::Framing(drawing) = &setting {
            self.framing = Some(drawing.clone());
        }
        Ok(setting)
    }

    /// A setting above that cannot stand beside this one. A datagram is a message already, and so is
    /// a line: nothing is drawn around either.
    fn excluded(&self, word: &str, setting: &Setting) -> Option<(&'static str, usize)> {
        let others: &[&str] = match (word, setting) {
            ("framing", Setting::Framing(_)) => &["eol", "over udp"],
            ("eol" | "framing", _) => &["eol", "framing"],
            ("over", Setting::Transport(Transport::Udp)) => &["framing"],
            _ => &[],
        };
        let here = self.settings.last().map_or(0, |(_, line)| *line);
        let above = self.settings.iter().filter(|(_, line)| *line != here);
        above.copied().find(|(above, _)| others.contains(above))
    }

    /// There is a frame for this message, as far as is known before its values are.
    fn check_frame(&self, item: &Item) -> Result<(), Wrong> {
        let (Some(drawing), Some(message)) = (&self.framing, sample(item)) else {
            return Ok(());
        };
        drawing
            .encode(&message, &mut Vec::new())
            .map_err(Wrong::Unframed)
    }
}
