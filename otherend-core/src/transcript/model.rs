//! What a transcript says, line for line (usually: the syntax tree). Nothing of a file is lost here
//! but its spelling.

use crate::LineEnd;
use std::time::Duration;

use super::{Kind, MASKED};
use crate::Role;

/// One line of a transcript after its first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// An empty line. It ends a rule and means nothing else.
    Blank,
    /// What follows a `#` at the start of a line.
    Comment(String),
    /// A setting; all of them stand before the first step or rule.
    Setting(Setting),
    /// `+120ms`: time that passed before the next step.
    Pause(Duration),
    /// Somebody says or does something.
    Step(Step),
    /// `on …`: the steps below it, up to an empty line or the next rule, are the answer.
    Rule(Trigger),
}

/// A setting of the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// `eol`: what is added to each `C:` and `S:` line.
    Eol(LineEnd),
    /// `timeout`: how long to wait for what must be heard.
    Timeout(Duration),
    /// `over`: the transport.
    Over(Over),
    /// `let NAME = VALUE`: `{{NAME}}` stands for the value.
    Let {
        /// The name.
        name: String,
        /// What it stands for.
        value: Vec<u8>,
    },
}

/// What carries the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Over {
    /// A stream: neighbouring pieces of one speaker join when they are heard.
    #[default]
    Tcp,
    /// Datagrams: each step is one of them.
    Udp,
}

/// One thing that one end says or does on one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The connection's number, counted from 1 in the order of opening.
    pub connection: u16,
    /// Whose doing it is.
    pub who: Role,
    /// What.
    pub act: Act,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// `C:` — says a line; the file's [`LineEnd`] is added.
    Line(Text),
    /// `C.` — says bytes as they are.
    Piece(Text),
    /// `C#` — says bytes, written as hex pairs.
    Hex(Vec<u8>),
    /// `C! connect`.
    Connect,
    /// `C! close` and its like.
    Close(Closing),
}

/// How one end stops talking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closing {
    /// It has finished sending and will hear nothing more.
    Close,
    /// It has finished sending and goes on listening.
    HalfClose,
    /// It resets the connection.
    Reset,
}

impl Closing {
    /// The word in a file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Closing::Close => "close",
            Closing::HalfClose => "half-close",
            Closing::Reset => "reset",
        }
    }
}

/// What sets a rule off, seen from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// `on connect`: a connection opened.
    Connect,
    /// `on C: …`: a line was heard.
    Line(Text),
    /// `on after N C: …`: the line was heard for the Nth time on its connection.
    After(u32, Text),
    /// `on other`: a line was heard that nothing else fits.
    Other,
}

/// Bytes with holes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    parts: Vec<Part>,
}

/// A stretch of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Exactly these bytes; never empty, never beside another literal.
    Literal(Vec<u8>),
    /// Anything of a kind.
    Hole(Hole),
    /// `{{name}}`: the value of a `let` or of an earlier hole.
    Reference(String),
}

/// `{{name:kind=sample}}`: matches its kind when heard and says its sample when spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// What remembers the value; `None` for `_`.
    pub name: Option<String>,
    /// What fits.
    pub kind: Kind,
    /// One value that fits.
    pub sample: Vec<u8>,
}

impl Text {
    /// Exactly `bytes`.
    #[must_use]
    pub fn literal(bytes: &[u8]) -> Self {
        let mut text = Text::default();
        text.push(Part::Literal(bytes.to_vec()));
        text
    }

    /// Add `part` at the end; literals grow together.
    pub fn push(&mut self, part: Part) {
        match (self.parts.last_mut(), part) {
            (_, Part::Literal(bytes)) if bytes.is_empty() => {}
            (Some(Part::Literal(before)), Part::Literal(bytes)) => before.extend(bytes),
            (_, part) => self.parts.push(part),
        }
    }

    /// Its stretches, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The name of the first hole whose sample is the mask of a secret.
    pub(crate) fn masked(&self) -> Option<&str> {
        self.parts.iter().find_map(|part| match part {
            Part::Hole(hole) if hole.sample == MASKED => hole.name.as_deref(),
            _ => None,
        })
    }

    /// Without `end` in the last literal, if that is how it ends.
    pub(crate) fn strip_end(&self, end: &[u8]) -> Option<Text> {
        let (last, before) = self.parts.split_last()?;
        let Part::Literal(bytes) = last else {
            return None;
        };
        let kept = Part::Literal(bytes.strip_suffix(end)?.to_vec());
        Some(before.iter().cloned().chain([kept]).collect())
    }

    pub(crate) fn parts_mut(&mut self) -> &mut [Part] {
        &mut self.parts
    }

    /// The bytes, if there is neither a hole nor a reference.
    #[must_use]
    pub fn as_literal(&self) -> Option<&[u8]> {
        match &self.parts[..] {
            [] => Some(b""),
            [Part::Literal(bytes)] => Some(bytes),
            _ => None,
        }
    }
}

impl Item {
    /// What is said or awaited on this line, if it can have holes.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match self {
            Item::Step(Step {
                act: Act::Line(text) | Act::Piece(text),
                ..
            })
            | Item::Rule(Trigger::Line(text) | Trigger::After(_, text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn text_mut(&mut self) -> Option<&mut Text> {
        match self {
            Item::Step(Step {
                act: Act::Line(text) | Act::Piece(text),
                ..
            })
            | Item::Rule(Trigger::Line(text) | Trigger::After(_, text)) => Some(text),
            _ => None,
        }
    }
}

impl FromIterator<Part> for Text {
    fn from_iter<T: IntoIterator<Item = Part>>(parts: T) -> Self {
        let mut text = Text::default();
        for part in parts {
            text.push(part);
        }
        text
    }
}

impl Step {
    /// The letter in front of the marker: `C` or `S`.
    #[must_use]
    pub const fn letter(&self) -> char {
        letter(self.who)
    }
}

/// `C` or `S`, as in every RFC dialogue.
pub(crate) const fn letter(who: Role) -> char {
    match who {
        Role::Client => 'C',
        Role::Server => 'S',
    }
}
