//! From a text to a drawing that works, or to what is wrong with it.

mod check;

use super::{Body, DrawingError, Head, Layout, Length, Number, Slot, Sum};
use crate::nearest::nearest;
use crate::notation::{self, NoEscape};
use crate::parse_duration;

/// Nobody draws a frame of more bytes than this.
const LONGEST: usize = 4096;
/// No single body or head is longer.
const LARGEST: usize = 1 << 30;

const SLOTS: [&str; 5] = ["body", "len", "head", "sum", "lines"];

/// A slot, and where it stands in the text.
struct Placed {
    slot: Slot,
    at: usize,
    width: usize,
}

/// The text under way.
struct Parser<'t> {
    text: &'t str,
    placed: Vec<Placed>,
}

pub(super) fn parse(text: &str, name: Option<&'static str>) -> Result<Layout, DrawingError> {
    if text.len() > LONGEST {
        let wrong = format!("a drawing has at most {LONGEST} bytes");
        return Err(DrawingError::new("", (0, 1), wrong));
    }
    let mut parser = Parser {
        text,
        placed: Vec::new(),
    };
    let (drawn, silence) = parser.silence()?;
    parser.slots(drawn)?;
    parser.check()?;
    let body = parser.body()?;
    let end = parser.end(body, silence)?;
    Ok(Layout {
        name,
        slots: parser
            .placed
            .into_iter()
            .map(|placed| placed.slot)
            .collect(),
        body,
        end,
    })
}

impl<'t> Parser<'t> {
    fn error(&self, at: usize, width: usize, wrong: impl Into<String>) -> DrawingError {
        DrawingError::new(self.text, (at, width), wrong)
    }

    /// The text up to ` idle 4ms`, and how long that is.
    fn silence(&self) -> Result<(&'t str, Option<std::time::Duration>), DrawingError> {
        let Some(at) = self.text.rfind(" idle ") else {
            return Ok((self.text, None));
        };
        let value = &self.text[at + 6..];
        match parse_duration(value).filter(|silence| !silence.is_zero()) {
            Some(silence) => Ok((&self.text[..at], Some(silence))),
            None => {
                let wrong = "idle needs a time, as in: idle 4ms";
                Err(self.error(at + 6, value.len(), wrong))
            }
        }
    }

    fn slots(&mut self, drawn: &str) -> Result<(), DrawingError> {
        let mut at = 0;
        let mut literal = Vec::new();
        let mut began = 0;
        while let Some(rest) = drawn.get(at..).filter(|rest| !rest.is_empty()) {
            if literal.is_empty() {
                began = at;
            }
            match rest.as_bytes()[0] {
                b'\\' => at += self.escape(at, &mut literal)?,
                b'{' => {
                    self.end_literal(&mut literal, began, at);
                    at += self.slot(at, rest)?;
                }
                byte => {
                    literal.push(byte);
                    at += 1;
                    // The bytes of a character beyond ASCII stand for themselves, together.
                    while !drawn.is_char_boundary(at) {
                        literal.push(drawn.as_bytes()[at]);
                        at += 1;
                    }
                }
            }
        }
        self.end_literal(&mut literal, began, at);
        Ok(())
    }

    fn end_literal(&mut self, literal: &mut Vec<u8>, at: usize, end: usize) {
        if !literal.is_empty() {
            self.placed.push(Placed {
                slot: Slot::Literal(std::mem::take(literal)),
                at,
                width: end - at,
            });
        }
    }

    /// The escape at `at`; gives its length.
    fn escape(&self, at: usize, literal: &mut Vec<u8>) -> Result<usize, DrawingError> {
        let rest = &self.text[at + 1..];
        if let Some(brace @ (b'{' | b'}')) = rest.bytes().next() {
            literal.push(brace);
            return Ok(2);
        }
        match notation::escape(rest) {
            Ok((byte, length)) => {
                literal.push(byte);
                Ok(1 + length)
            }
            Err(NoEscape::Hex) => {
                let width = rest.len().min(3) + 1;
                Err(self.error(at, width, "\\x needs two hex digits, as in \\x02"))
            }
            Err(NoEscape::Unknown(other)) => {
                let width = 1 + other.map_or(0, char::len_utf8);
                let wrong = "no such escape: there are \\r \\n \\t \\0 \\x02 \\\\ \\{";
                Err(self.error(at, width, wrong))
            }
        }
    }

    /// The slot at `at`, where `rest` begins; gives its length.
    fn slot(&mut self, at: usize, rest: &str) -> Result<usize, DrawingError> {
        let Some(end) = rest.find('}') else {
            return Err(self.error(at, rest.len(), "a slot ends with }; a brace itself is \\{"));
        };
        let inner = &rest[1..end];
        let (word, value) = match inner.find([':', ' ']) {
            Some(split) => (&inner[..split], &inner[split..]),
            None => (inner, ""),
        };
        let value_at = at + 1 + word.len();
        let slot = match word {
            "body" => self.body_slot(value, value_at)?,
            "len" => self.length(value, value_at)?,
            "head" => self.head(value, value_at)?,
            "sum" => self.sum(value, value_at)?,
            "lines" => self.lines(value, value_at)?,
            _ => {
                let near = nearest(word, SLOTS);
                let near = near.map_or(String::new(), |near| format!("; did you mean {{{near}}}?"));
                let wrong = format!(
                    "no such slot: there are {{body}} {{len:u16}} {{head:4}} {{sum:xor}} {{lines NAME}}{near}"
                );
                return Err(self.error(at, end + 1, wrong));
            }
        };
        self.placed.push(Placed {
            slot,
            at,
            width: end + 1,
        });
        Ok(end + 1)
    }

    fn body_slot(&self, value: &str, at: usize) -> Result<Slot, DrawingError> {
        let body = match value {
            "" => Body::Plain,
            " slip" => Body::Slip,
            " cobs" => Body::Cobs,
            " dot" => Body::Dot,
            _ => {
                let size = value.strip_prefix(':').and_then(size);
                let wrong = "a body is {body}, {body:128}, {body slip}, {body cobs} or {body dot}";
                Body::Fixed(size.ok_or_else(|| self.error(at, value.len(), wrong))?)
            }
        };
        Ok(Slot::Body(body))
    }

    fn head(&self, value: &str, at: usize) -> Result<Slot, DrawingError> {
        let wrong = || self.error(at, value.len(), "a head has a size, as {head:4}");
        let value = value.strip_prefix(':').ok_or_else(wrong)?;
        let (digits, but) = match value.split_once(" but ") {
            Some((digits, but)) => (digits, Some(but.parse().map_err(|_| wrong())?)),
            None => (value, None),
        };
        let size = size(digits).ok_or_else(wrong)?;
        Ok(Slot::Head(Head { size, but }))
    }

    fn length(&self, value: &str, at: usize) -> Result<Slot, DrawingError> {
        let given = value.strip_prefix(':').unwrap_or_default();
        let mut at = at + 1;
        let mut words = given.split(' ');
        let name = words.next().unwrap_or_default();
        let form = Number::named(name).ok_or_else(|| {
            let near = nearest(name, Number::NAMES);
            let near = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
            let wrong = format!("a length is one of {}{near}", Number::NAMES.join(" "));
            self.error(at, name.len(), wrong)
        })?;
        at += name.len() + 1;
        let mut length = Length {
            form,
            of_all: false,
            more: 0,
        };
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let number = word.strip_prefix('+').unwrap_or(word);
            let signed = word.starts_with(['+', '-']).then(|| number.parse().ok());
            match (word, signed.flatten()) {
                ("of", _) if words.next_if_eq(&"all").is_some() => {
                    length.of_all = true;
                    at += 4;
                }
                (_, Some(more @ -65_535i64..=65_535)) => length.more = more,
                _ => {
                    let wrong = "behind a length there can be: of all, +4, -2";
                    return Err(self.error(at, word.len(), wrong));
                }
            }
            at += word.len() + 1;
        }
        Ok(Slot::Length(length))
    }

    fn sum(&self, value: &str, at: usize) -> Result<Slot, DrawingError> {
        let given = value.strip_prefix(':').unwrap_or_default();
        let sum = Sum::parse(given).map_err(|(word, wrong)| {
            let within = given.find(word).unwrap_or_default();
            self.error(at + 1 + within, word.len(), wrong)
        })?;
        Ok(Slot::Sum(sum))
    }

    fn lines(&self, value: &str, at: usize) -> Result<Slot, DrawingError> {
        let name = value.strip_prefix(' ').unwrap_or_default();
        let is_token = |b: u8| b.is_ascii_graphic() && b != b':';
        if name.is_empty() || !name.bytes().all(is_token) {
            let wrong = "the header with the length is named, as {lines Content-Length}";
            return Err(self.error(at, value.len(), wrong));
        }
        Ok(Slot::Lines(name.to_owned()))
    }
}

fn size(digits: &str) -> Option<usize> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let size = digits.parse().ok().filter(|_| plain);
    size.filter(|size| (1..=LARGEST).contains(size))
}
