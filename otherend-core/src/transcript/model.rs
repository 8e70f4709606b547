//! What a transcript says, line for line (usually: the syntax tree). Nothing of a file is lost here
//! but its spelling.

use crate::{Drawing, LineEnd};
use std::sync::Arc;
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
    /// `framing`, instead of `eol`: what each `C:` and `S:` line stands in.
    Framing(Drawing),
    /// `timeout`: how long to wait for what must be heard.
    Timeout(Duration),
    /// `over`: the transport.
    Transport(Transport),
    /// `let NAME = VALUE`: `{{NAME}}` stands for the value.
    Let(Box<Let>),
}

/// `let NAME = VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Let {
    /// The name.
    pub name: Arc<str>,
    /// What it stands for.
    pub value: Vec<u8>,
}

/// What carries the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transport {
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
    /// `C:` — says a line: the file's [`LineEnd`] is added; or a message, in the file's frame.
    Line(Text),
    /// `S?` — says a line that may also be missing when it is heard.
    Optional(Text),
    /// `S*` — says a line that may come any number of times when it is heard, or never.
    Repeated(Text),
    /// `C.` — says bytes as they are.
    Piece(Text),
    /// `C#` — says bytes, written as hex pairs: a whole message where the file draws a frame.
    Hex(Text),
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
    /// `on C: …`: a line was heard; `on C# …`: these bytes, which are a line with its end, or a message.
    Line(Notation, Text),
    /// `on after N C: …`: the line was heard for the Nth time on its connection.
    After(u32, Notation, Text),
    /// `on other`: a line was heard that nothing else fits.
    Other,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// As text, with escapes.
    Text,
    /// As pairs of hex digits.
    Hex,
}

/// Bytes with holes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    parts: Parts,
}

/// The stretches of a text. Nearly all lines of a recording are one literal, and a file may have a
/// million of them: that one stands here itself, without memory of its own besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Parts {
    #[default]
    None,
    One(Part),
    Many(Box<[Part]>),
}

// What a million lines are to take is counted from these: see docs/transcript.md, Limits.
const _: () = assert!(size_of::<Text>() <= 24 && size_of::<Item>() <= 40);

/// A stretch of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Exactly these bytes; never empty, never beside another literal.
    Literal(Vec<u8>),
    /// Anything of a kind.
    Hole(Arc<Hole>),
    /// `{{name}}`: the value of a `let` or of an earlier hole.
    Reference(Arc<str>),
}

/// `{{name:kind=sample}}`: matches its kind when heard and says its sample when spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// What remembers the value; `None` for `_`.
    pub name: Option<Arc<str>>,
    /// What fits.
    pub kind: Kind,
    /// One value that fits.
    pub sample: Vec<u8>,
}

impl From<Hole> for Part {
    fn from(hole: Hole) -> Self {
        Part::Hole(Arc::new(hole))
    }
}

impl Text {
    /// Exactly `bytes`.
    #[must_use]
    pub fn literal(bytes: &[u8]) -> Self {
        Text::from_iter([Part::Literal(bytes.to_vec())])
    }

    /// Add `part` at the end; literals grow together. Who adds many collects them instead.
    pub fn push(&mut self, part: Part) {
        let parts = match std::mem::take(&mut self.parts) {
            Parts::None => Vec::new(),
            Parts::One(part) => vec![part],
            Parts::Many(parts) => parts.into_vec(),
        };
        *self = parts.into_iter().chain([part]).collect();
    }

    /// Its stretches, in order.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        match &self.parts {
            Parts::None => &[],
            Parts::One(part) => std::slice::from_ref(part),
            Parts::Many(parts) => parts,
        }
    }

    /// The name of the first hole whose sample is the mask of a secret.
    pub(crate) fn masked(&self) -> Option<&str> {
        self.parts().iter().find_map(|part| match part {
            Part::Hole(hole) if hole.sample == MASKED => hole.name.as_deref(),
            _ => None,
        })
    }

    /// Without `end` in the last literal, if that is how it ends.
    pub(crate) fn strip_end(&self, end: &[u8]) -> Option<Text> {
        let (last, before) = self.parts().split_last()?;
        let Part::Literal(bytes) = last else {
            return None;
        };
        let kept = Part::Literal(bytes.strip_suffix(end)?.to_vec());
        Some(before.iter().cloned().chain([kept]).collect())
    }

    pub(crate) fn parts_mut(&mut self) -> &mut [Part] {
        match &mut self.parts {
            Parts::None => &mut [],
            Parts::One(part) => std::slice::from_mut(part),
            Parts::Many(parts) => parts,
        }
    }

    /// The bytes, if there is neither a hole nor a reference.
    #[must_use]
    pub fn as_literal(&self) -> Option<&[u8]> {
        match self.parts() {
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
                act:
                    Act::Line(text)
                    | Act::Optional(text)
                    | Act::Repeated(text)
                    | Act::Piece(text)
                    | Act::Hex(text),
                ..
            })
            | Item::Rule(Trigger::Line(_, text) | Trigger::After(_, _, text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn text_mut(&mut self) -> Option<&mut Text> {
        match self {
            Item::Step(Step {
                act:
                    Act::Line(text)
                    | Act::Optional(text)
                    | Act::Repeated(text)
                    | Act::Piece(text)
                    | Act::Hex(text),
                ..
            })
            | Item::Rule(Trigger::Line(_, text) | Trigger::After(_, _, text)) => Some(text),
            _ => None,
        }
    }
}

impl FromIterator<Part> for Text {
    /// Literals side by side become one, and those of no bytes none.
    fn from_iter<T: IntoIterator<Item = Part>>(parts: T) -> Self {
        let mut merged: Vec<Part> = Vec::new();
        for part in parts {
            match (merged.last_mut(), part) {
                (_, Part::Literal(bytes)) if bytes.is_empty() => {}
                (Some(Part::Literal(before)), Part::Literal(bytes)) => before.extend(bytes),
                (_, part) => merged.push(part),
            }
        }
        for part in &mut merged {
            if let Part::Literal(bytes) = part {
                bytes.shrink_to_fit();
            }
        }
        Text {
            parts: match merged.len() {
                0 => Parts::None,
                1 => merged.pop().map_or(Parts::None, Parts::One),
                _ => Parts::Many(merged.into()),
            },
        }
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
