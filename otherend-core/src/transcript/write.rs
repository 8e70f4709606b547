//! A transcript as text, in the one canonical spelling (usually: a formatter).

use std::fmt::{self, Display, Formatter, Write};

use super::model::{Act, Item, Notation, Part, Setting, Step, Text, Transport, Trigger, letter};
use super::{FIRST_LINE, Kind, Transcript};
use crate::Role;
use crate::duration::Span;
use crate::escape::{Escaper, drives, escaped};

impl Display for Transcript {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        for item in self.items() {
            writeln!(f, "{item}")?;
        }
        Ok(())
    }
}

impl Display for Item {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Item::Blank => Ok(()),
            Item::Comment(text) => write!(f, "#{}", comment(text)),
            Item::Setting(setting) => setting.fmt(f),
            Item::Pause(time) => write!(f, "+{}", Span(*time)),
            Item::Step(step) => step.fmt(f),
            Item::Rule(trigger) => trigger.fmt(f),
        }
    }
}

/// A comment stays one line and drives no terminal, whoever made it.
fn comment(text: &str) -> String {
    let tame = |c: char| c == '\t' || !(c.is_control() || drives(c));
    if text.chars().all(tame) {
        return text.to_owned();
    }
    escaped(text.as_bytes())
}

impl Display for Setting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Eol(eol) => write!(f, "eol      {eol}"),
            Setting::Framing(drawing) => write!(f, "framing  {drawing}"),
            Setting::Timeout(time) => write!(f, "timeout  {}", Span(*time)),
            Setting::Transport(Transport::Tcp) => f.write_str("over     tcp"),
            Setting::Transport(Transport::Udp) => f.write_str("over     udp"),
            Setting::Let(set) => {
                write!(f, "let      {} =", set.name)?;
                let mut text = String::new();
                write_bytes(&mut text, &set.value, Within::Let)?;
                lead(f, &text)
            }
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.connection != 1 {
            write!(f, "{}", self.connection)?;
        }
        f.write_char(self.letter())?;
        match &self.act {
            Act::Line(text) => write!(f, ":{}", Led(text)),
            Act::Optional(text) => write!(f, "?{}", Led(text)),
            Act::Repeated(text) => write!(f, "*{}", Led(text)),
            Act::Piece(text) => write!(f, ".{}", Led(text)),
            Act::Hex(text) => write!(f, "#{}", Hex(text)),
            Act::Connect => f.write_str("! connect"),
            Act::Close(closing) => write!(f, "! {}", closing.word()),
        }
    }
}

impl Display for Trigger {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let client = letter(Role::Client);
        match self {
            Trigger::Connect => f.write_str("on connect"),
            Trigger::Line(notation, text) => write!(f, "on {client}{}", Noted(*notation, text)),
            Trigger::After(count, notation, text) => {
                write!(f, "on after {count} {client}{}", Noted(*notation, text))
            }
            Trigger::Other => f.write_str("on other"),
        }
    }
}

/// A text behind its marker: one blank between them, unless there is nothing to part.
struct Led<'a>(&'a Text);

impl Display for Led<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        lead(f, &self.0.to_string())
    }
}

/// A text behind what it is written in.
struct Noted<'a>(Notation, &'a Text);

impl Display for Noted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Notation::Text => write!(f, ":{}", Led(self.1)),
            Notation::Hex => write!(f, "#{}", Hex(self.1)),
        }
    }
}

/// A text as pairs of hex digits, each behind a blank, and holes.
struct Hex<'a>(&'a Text);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for part in self.0.parts() {
            match part {
                Part::Literal(bytes) => {
                    bytes.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
                }
                Part::Hole(_) | Part::Reference(_) => {
                    f.write_char(' ')?;
                    write_part(f, part, false)?;
                }
            }
        }
        Ok(())
    }
}

fn lead(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    if text.is_empty() {
        return Ok(());
    }
    write!(f, " {text}")
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut parts = self.parts().iter().peekable();
        while let Some(part) = parts.next() {
            write_part(f, part, parts.peek().is_some())?;
        }
        Ok(())
    }
}

fn write_part(f: &mut Formatter<'_>, part: &Part, before_hole: bool) -> fmt::Result {
    match part {
        Part::Literal(bytes) => write_bytes(f, bytes, Within::Text { before_hole }),
        Part::Reference(name) => write!(f, "{{{{{name}}}}}"),
        Part::Hole(hole) => {
            write!(f, "{{{{{}:", hole.name.as_deref().unwrap_or("_"))?;
            write_kind(f, &hole.kind)?;
            f.write_char('=')?;
            match hole.kind.shown(&hole.sample) {
                Some(sample) => f.write_str(&sample)?,
                None => write_bytes(f, &hole.sample, Within::Sample)?,
            }
            f.write_str("}}")
        }
    }
}

fn write_kind(f: &mut impl Write, kind: &Kind) -> fmt::Result {
    if let Kind::Bytes(Some(size)) = kind {
        return write!(f, "{}({size})", kind.name());
    }
    let Kind::Regex(pattern) = kind else {
        return f.write_str(kind.name());
    };
    f.write_char('/')?;
    let mut characters = pattern.source().chars();
    while let Some(character) = characters.next() {
        match character {
            '/' => f.write_str("\\/")?,
            // What is escaped already stays as it is: the `/` of `\/` must not get another
            // backslash.
            '\\' => {
                f.write_char('\\')?;
                characters
                    .next()
                    .map_or(Ok(()), |next| f.write_char(next))?;
            }
            other => f.write_char(other)?,
        }
    }
    f.write_char('/')
}

/// Bytes as a line of a file would have them, but for a blank at the end.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_bytes(&mut out, bytes, Within::Text { before_hole: true });
    out
}

/// Most of it is for reading: text, not an image of bytes.
pub(in crate::transcript) fn is_readable(bytes: &[u8]) -> bool {
    if bytes
        .iter()
        .all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n'))
    {
        return true;
    }
    let plain = |chunk: std::str::Utf8Chunk<'_>| {
        let mut escaper = Escaper::default();
        let plain = chunk
            .valid()
            .chars()
            .filter(|c| is_plain(*c, &mut escaper) || matches!(c, '\t' | '\r' | '\n'));
        plain.map(char::len_utf8).sum::<usize>()
    };
    let plain: usize = bytes.utf8_chunks().map(plain).sum();
    // A greeting with an accent in Latin-1 is text with an escape in it; a picture is hex.
    3 * plain >= 2 * bytes.len()
}

/// Where bytes are written: what follows them decides what must be escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Text { before_hole: bool },
    Sample,
    Let,
}

fn write_bytes(f: &mut impl Write, bytes: &[u8], within: Within) -> fmt::Result {
    let (mut rest, mut escaper) = (bytes, Escaper::default());
    if let (Within::Let, [b' ', after @ ..]) = (within, bytes) {
        f.write_str("\\x20")?;
        rest = after;
    }
    // Written so that reading gives the same bytes, and an editor or a screen changes none of them:
    //
    //     `ok ` at the end of a line    ok\x20            an editor would strip the blank
    //     `{` in front of a hole        \x7b{{n:int=1}}   `{{{` would begin the hole a byte early
    //     `}` at the end of a sample    a\x7d}}           `}}}` would end it a byte early
    //     ESC [ 2 J                     \x1b[2J           a screen would clear itself
    while !rest.is_empty() {
        let (run, after) = rest.split_at(unescaped(rest));
        match std::str::from_utf8(run) {
            Ok(run) if !run.is_empty() => {
                f.write_str(run)?;
                // The marks that a letter bears are counted from it on.
                escaper = Escaper::default();
                rest = after;
            }
            _ => {
                let written = write_next(f, rest, within, &mut escaper)?;
                rest = &rest[written..];
            }
        }
    }
    Ok(())
}

/// How many bytes at the start are written as they are, whatever follows: ASCII that nothing is
/// done to, and blanks between it.
fn unescaped(bytes: &[u8]) -> usize {
    let odd = |b: &u8| !matches!(b, b' '..=b'~') || matches!(b, b'\\' | b'{' | b'}');
    let run = bytes.iter().position(odd).unwrap_or(bytes.len());
    let blanks = bytes[..run]
        .iter()
        .rev()
        .take_while(|b| **b == b' ')
        .count();
    run - blanks
}

/// Write what `rest` begins with; gives how many bytes that were.
fn write_next(
    f: &mut impl Write,
    rest: &[u8],
    within: Within,
    escaper: &mut Escaper,
) -> Result<usize, fmt::Error> {
    let escape = match rest {
        [b'{', b'{', ..] if within != Within::Sample => {
            f.write_str("\\{{")?;
            return Ok(2);
        }
        [b'{'] if within == (Within::Text { before_hole: true }) => "\\x7b",
        [b'}'] | [b'}', b'}', ..] if within == Within::Sample => "\\x7d",
        [b' '] if ends_line(within) => "\\x20",
        [b'\\', ..] => "\\\\",
        [b'\r', ..] => "\\r",
        [b'\n', ..] => "\\n",
        [b'\t', ..] => "\\t",
        [0, ..] => "\\0",
        _ => return write_character(f, rest, escaper),
    };
    f.write_str(escape)?;
    Ok(1)
}

const fn ends_line(within: Within) -> bool {
    match within {
        Within::Text { before_hole } => !before_hole,
        Within::Sample => false,
        Within::Let => true,
    }
}

fn write_character(
    f: &mut impl Write,
    rest: &[u8],
    escaper: &mut Escaper,
) -> Result<usize, fmt::Error> {
    let chunk = rest[..rest.len().min(4)].utf8_chunks().next();
    let character = chunk.and_then(|chunk| chunk.valid().chars().next());
    if let Some(character) = character.filter(|c| is_plain(*c, escaper)) {
        f.write_char(character)?;
        return Ok(character.len_utf8());
    }
    let length = character.map_or(1, char::len_utf8);
    for byte in &rest[..length] {
        write!(f, "\\x{byte:02x}")?;
    }
    Ok(length)
}

/// It can be seen for what it is.
fn is_plain(c: char, escaper: &mut Escaper) -> bool {
    let escapes = escaper.escapes(c);
    c == ' ' || !(escapes || c.is_whitespace())
}
