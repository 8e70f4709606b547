//! What can be wrong with a transcript's text (usually: diagnostics): where it is, what was found,
//! what fits.
//!
//! Finding and showing are apart: `parse` makes these, `render` draws the line and the caret.

mod text;

use std::fmt;

pub use text::WrongText;

use super::{FIRST_LINE, Limits};
use crate::Unframed;

/// The first thing in a file that is not a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// How many characters it is about, at least 1.
    pub width: usize,
    /// What is wrong there.
    pub wrong: Wrong,
}

impl std::error::Error for ParseError {}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.wrong)
    }
}

/// What is wrong. [`Display`](fmt::Display) says it, [`hint`](Wrong::hint) what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wrong {
    /// The file holds nothing.
    Empty,
    /// The first line is another one.
    FirstLine,
    /// The first line names another version.
    Version(String),
    /// A byte is no UTF-8.
    NotUtf8(u8),
    /// A character that controls terminals, hides or turns the text around it.
    Control(char),
    /// A line begins with blanks.
    Indented,
    /// A blank ends the line.
    TrailingBlank,
    /// A line begins with nothing known; perhaps this was meant.
    Start(String, Option<String>),
    /// A marker or word that a later version will have, and what it will mean.
    Reserved(String, &'static str),
    /// Something that is no value of this setting.
    Value(&'static str, String),
    /// `framing` with something that is no drawing: why.
    Drawing(String),
    /// Two settings that exclude each other: the other one, and its line.
    Conflict(&'static str, usize),
    /// A message that the file's framing cannot say.
    Unframed(Unframed),
    /// `let` without a name, a `=` or either.
    Let,
    /// A name with other characters than names have.
    Name(String),
    /// A setting behind the first step or rule.
    LateSetting(String),
    /// A setting or name that was set before, and on which line.
    Twice(String, usize),
    /// Something other than hex pairs.
    HexPair(String),
    /// `C!` with another word.
    Closing(String, Option<String>),
    /// `S! connect`.
    ServerConnects,
    /// A connection's number is no number from 1 to 9999.
    Connection(String),
    /// A connection's number comes before this one, which should open next.
    ConnectionOrder(u16),
    /// This connection was opened before.
    ConnectedAlready(u16),
    /// Somebody speaks after an end: how the connection ended, and on which line.
    AfterEnd(&'static str, usize),
    /// `+` without a duration.
    Pause(String),
    /// `on` with something else.
    On(String),
    /// `on after` without a count.
    AfterCount(String),
    /// Something in a rule that is not said by the server.
    InRule,
    /// A connection's number in a rule.
    NumberInRule,
    /// `S?` or `S*` in a rule, which is said and never heard.
    OptionalInRule,
    /// A line has more than 1 MiB.
    LongLine,
    /// The file has more than 64 MiB.
    LongFile,
    /// With its values filled in the line has more than 1 MiB.
    FilledLine,
    /// With their values filled in all lines up to here are more than the limit.
    FilledFile(Limits),
    /// More of something than a file may have: the number, and of what.
    TooMany(&'static str),
    /// An escape or a hole.
    Text(WrongText),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Empty => f.write_str("the file is empty"),
            Wrong::FirstLine => f.write_str("this is not the first line of a transcript"),
            Wrong::Version(version) => write!(f, "version `{version}` is not known here"),
            Wrong::NotUtf8(byte) => write!(f, "byte 0x{byte:02x} is not UTF-8"),
            Wrong::Control(c) => write!(f, "a character that hides, U+{:04X}", u32::from(*c)),
            Wrong::Indented => f.write_str("a line begins with its marker, not with a blank"),
            Wrong::TrailingBlank => f.write_str("a blank at the end, where nobody sees it"),
            Wrong::Start(found, _) => write!(f, "no line begins with `{found}`"),
            Wrong::Reserved(mark, meaning) => {
                write!(f, "`{mark}` ({meaning}) is kept for a later version")
            }
            Wrong::Value(setting, found) => write!(f, "`{found}` is no value of `{setting}`"),
            Wrong::Drawing(why) => f.write_str(why),
            Wrong::Conflict(other, line) => {
                write!(
                    f,
                    "this and `{other}` on line {line} both say what a message is"
                )
            }
            Wrong::Unframed(why) => why.fmt(f),
            Wrong::Let => f.write_str("`let` takes a name and a value"),
            Wrong::Name(found) => write!(f, "`{found}` is no name"),
            Wrong::LateSetting(word) => {
                write!(f, "`{word}` comes after the first step or rule")
            }
            Wrong::Twice(what, line) => write!(f, "`{what}` was set on line {line} already"),
            Wrong::HexPair(found) => write!(f, "`{found}` is no pair of hex digits"),
            Wrong::Closing(found, _) => write!(f, "`{found}` is nothing that an end can do"),
            Wrong::ServerConnects => f.write_str("a server does not connect"),
            Wrong::Connection(found) => write!(f, "`{found}` is no connection"),
            Wrong::ConnectionOrder(next) => {
                write!(f, "connection {next} has not been opened before this one")
            }
            Wrong::ConnectedAlready(number) => write!(f, "connection {number} was opened already"),
            Wrong::AfterEnd(how, line) => {
                write!(f, "this comes after the {how} on line {line}")
            }
            Wrong::Pause(found) => write!(f, "`{found}` is no duration"),
            Wrong::On(found) => write!(f, "`{found}` sets off no rule"),
            Wrong::AfterCount(found) => write!(f, "`{found}` is no count"),
            Wrong::InRule => f.write_str("a rule holds only what the server says"),
            Wrong::NumberInRule => f.write_str("a rule answers on the connection that set it off"),
            Wrong::OptionalInRule => f.write_str("what a rule says is said, always and once"),
            Wrong::LongLine => f.write_str("this line has more than 1 MiB"),
            Wrong::LongFile => f.write_str("up to here the file has more than 64 MiB"),
            Wrong::FilledLine => {
                f.write_str("with its values filled in this line has more than 1 MiB")
            }
            Wrong::FilledFile(limits) => {
                let most = Size(limits.most_filled());
                write!(
                    f,
                    "with their values filled in the lines up to here have more than {most}"
                )
            }
            Wrong::TooMany(what) => write!(f, "more than {what}"),
            Wrong::Text(wrong) => wrong.fmt(f),
        }
    }
}

impl Wrong {
    /// What to do about it: the word that was probably meant, or all that fits.
    #[must_use]
    pub fn hint(&self) -> String {
        let near = match self {
            Wrong::Start(_, near) | Wrong::Closing(_, near) => near.as_deref(),
            Wrong::Text(wrong) => wrong.near(),
            _ => None,
        };
        match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("fits: {}", self.fits()),
        }
    }

    fn fits(&self) -> String {
        let fits = match self {
            Wrong::Version(_) => return format!("`{FIRST_LINE}`, or a newer otherend"),
            Wrong::NotUtf8(byte) => return format!("`\\x{byte:02x}`"),
            Wrong::Control(c) => return format!("`{}`", escapes(*c)),
            Wrong::ConnectionOrder(next) => return format!("`{next}C! connect` before it"),
            Wrong::Text(wrong) => return wrong.fits(),
            Wrong::Empty | Wrong::FirstLine => return format!("`{FIRST_LINE}`"),
            Wrong::Indented => "the same at the start of the line",
            Wrong::TrailingBlank => "`\\x20` if it is meant, nothing if not",
            Wrong::Start(..) => {
                "`C:` `S:` `S?` `S*` `C.` `S.` `C#` `S#` `C!` `S!` `+time` `on …` `# comment`"
            }
            Wrong::Reserved(..) => "plain `C:` and `S:` lines",
            Wrong::Value("eol", _) => "`lf` `crlf` `cr` `nul`",
            Wrong::Value("over", _) => "`tcp` or `udp`",
            Wrong::Value("framing", _) => {
                "`lf` or `crlf`, a short name such as `u16`, or a drawing such as `{len:u16}{body}`"
            }
            Wrong::Drawing(_) => "what docs/framing.md describes, such as `{len:u16}{body}`",
            Wrong::Conflict(..) => "one of them",
            Wrong::Unframed(_) => "another message, or its bytes without a frame (`C.`)",
            Wrong::Value(..) => "a duration such as `3s`, `500ms`, `2m`",
            Wrong::Let => "`let room = kitchen`",
            Wrong::Name(_) => "a letter, then letters, digits, `_` and `-`; `_` alone in a hole",
            Wrong::LateSetting(_) => "the top of the file",
            Wrong::Twice(..) => "one of them",
            Wrong::HexPair(_) => "`ff fd 18`",
            Wrong::Closing(..) => "`connect` `close` `half-close` `reset`",
            Wrong::ServerConnects => "`C! connect`",
            Wrong::Connection(_) => "a number from 1 to 9999",
            Wrong::ConnectedAlready(_) => "a number of its own for each connection",
            Wrong::AfterEnd("close", _) => "`half-close` there, if the other end speaks on",
            Wrong::AfterEnd(..) => "nothing more on this connection, or the end further down",
            Wrong::Pause(_) => "`+120ms` `+3s` `+2m`",
            Wrong::On(_) => "`on connect` `on C: text` `on after 2 C: text` `on other`",
            Wrong::AfterCount(_) => "`on after 2 C: text`",
            Wrong::InRule => "`S:` `S.` `S#` `S!` and `+time`; an empty line ends the rule",
            Wrong::NumberInRule => "the same without the number",
            Wrong::OptionalInRule => "`S:`",
            Wrong::LongLine => "pieces (`S.`), which are heard as one",
            Wrong::FilledLine => "shorter values, or fewer of them in a line",
            Wrong::FilledFile(_) => "shorter values, several files, or a larger `--max-filled`",
            Wrong::LongFile | Wrong::TooMany(_) => "several files",
        };
        fits.to_owned()
    }
}

fn escapes(character: char) -> String {
    let bytes = character.to_string().into_bytes();
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// A size in bytes, in the largest unit of which it is a multiple.
pub(super) struct Size(pub(super) usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            size if size % (1 << 20) == 0 => write!(f, "{} MiB", size >> 20),
            size if size % (1 << 10) == 0 => write!(f, "{} KiB", size >> 10),
            size => write!(f, "{size} B"),
        }
    }
}
