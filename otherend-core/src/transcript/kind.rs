//! What fits a hole (usually: a wildcard, typed): eight named kinds of text, numbers and other bytes,
//! and regular expressions.
//!
//! No hole of text reaches over the end of a line: none takes a CR or an LF.

mod number;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use memchr::memchr2;
pub use number::Binary;
use regex::bytes::{Regex, RegexBuilder};

use crate::notation::hex_pair;

/// What fits a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Digits, with a sign in front or not.
    Int,
    /// Hex digits of either case.
    Hex,
    /// One or more bytes without blanks and control characters.
    Word,
    /// Anything up to the end of the line, also nothing.
    Text,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A date, a time of day, or both, in one of the usual forms.
    Time,
    /// 8-4-4-4-12 hex digits.
    Uuid,
    /// Base64 of either alphabet, padded or not.
    B64,
    /// A number of a fixed width, as bytes.
    Binary(Binary),
    /// Any bytes: so many, or as few as fit.
    Bytes(Option<usize>),
    /// What the whole of a regular expression matches.
    Regex(Pattern),
}

/// The word of [`Kind::Bytes`].
const BYTES: &str = "bytes";

/// The longest run of bytes that can be part of a date.
const LONGEST_TIME: usize = 48;
const UUID_LENGTH: usize = 36;

impl Kind {
    /// The kinds that have a name, in the order of the documentation.
    pub const NAMED: [(&'static str, Kind); 8] = [
        ("int", Kind::Int),
        ("hex", Kind::Hex),
        ("word", Kind::Word),
        ("text", Kind::Text),
        ("ip", Kind::Ip),
        ("time", Kind::Time),
        ("uuid", Kind::Uuid),
        ("b64", Kind::B64),
    ];

    /// As it is written in a file, but for a regular expression's slashes.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Kind::Regex(pattern) => return pattern.source(),
            Kind::Binary(binary) => return binary.name(),
            Kind::Bytes(_) => return BYTES,
            _ => {}
        }
        Kind::NAMED
            .iter()
            .find_map(|(name, kind)| (kind == self).then_some(*name))
            .unwrap_or_default()
    }

    /// The kind with this name: one of [`NAMED`](Self::NAMED), of [`Binary::ALL`], `bytes` or
    /// `bytes(4)`.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        let text = Kind::NAMED.into_iter().find(|(known, _)| *known == name);
        let binary = || Binary::ALL.into_iter().find(|binary| binary.name() == name);
        let bytes = || match name.strip_prefix(BYTES)? {
            "" => Some(Kind::Bytes(None)),
            size => {
                let size = size.strip_prefix('(')?.strip_suffix(')')?;
                let size = size.parse().ok().filter(|size| *size > 0);
                size.map(|size| Kind::Bytes(Some(size)))
            }
        };
        let text = text.map(|(_, kind)| kind);
        text.or_else(|| binary().map(Kind::Binary)).or_else(bytes)
    }

    /// All names, for suggestions.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        let text = Kind::NAMED.iter().map(|(name, _)| *name);
        let binary = Binary::ALL.iter().map(|binary| binary.name());
        text.chain(binary).chain([BYTES])
    }

    /// A sample as a file writes it, with its escapes resolved, as bytes; `None`: it is none of
    /// this kind.
    pub(crate) fn sample(&self, written: Vec<u8>) -> Option<Vec<u8>> {
        let text = || std::str::from_utf8(&written).ok();
        let sample = match self {
            Kind::Binary(binary) => binary.read(text()?)?,
            Kind::Bytes(_) => {
                let pairs = text()?.split_ascii_whitespace().flat_map(|group| {
                    let ends = (0..group.len())
                        .step_by(2)
                        .map(|at| at..group.len().min(at + 2));
                    ends.map(|range| group.get(range))
                });
                pairs.map(|pair| hex_pair(pair?)).collect::<Option<_>>()?
            }
            _ => written,
        };
        self.fits(&sample).then_some(sample)
    }

    /// A value as people write it, where that is not its bytes: a number, pairs of hex digits.
    #[must_use]
    pub fn shown(&self, value: &[u8]) -> Option<String> {
        match self {
            Kind::Binary(binary) => binary.shown(value),
            Kind::Bytes(_) => {
                let pairs: Vec<String> = value.iter().map(|byte| format!("{byte:02x}")).collect();
                Some(pairs.join(" "))
            }
            _ => None,
        }
    }

    /// How many bytes all that fits has, where that is one number.
    #[must_use]
    pub fn size(&self) -> Option<usize> {
        match self {
            Kind::Binary(binary) => Some(binary.width()),
            Kind::Bytes(size) => *size,
            Kind::Uuid => Some(UUID_LENGTH),
            _ => None,
        }
    }

    /// What fits, in words.
    #[must_use]
    pub fn described(&self) -> &'static str {
        match self {
            Kind::Int => "digits, with a sign in front or not",
            Kind::Hex => "hex digits, without `0x`",
            Kind::Word => "something without blanks",
            Kind::Text => "anything but CR and LF",
            Kind::Ip => "an address such as `192.0.2.7` or `2001:db8::7`",
            Kind::Time => "a date or time such as `2026-03-02T10:15:09Z`",
            Kind::Uuid => "8-4-4-4-12 hex digits",
            Kind::B64 => "base64 digits, `=` only at the end",
            Kind::Binary(binary) if binary.width() == 1 => "a number of one byte",
            Kind::Binary(_) => "a number of as many bytes as its kind has",
            Kind::Bytes(None) => "bytes",
            Kind::Bytes(Some(_)) => "so many bytes",
            Kind::Regex(_) => "what the whole expression matches",
        }
    }

    /// All of `bytes` fits.
    #[must_use]
    pub fn fits(&self, bytes: &[u8]) -> bool {
        match self {
            Kind::Int => is_int(bytes),
            Kind::Hex => !bytes.is_empty() && bytes.iter().all(u8::is_ascii_hexdigit),
            Kind::Word => !bytes.is_empty() && bytes.iter().all(|b| is_word(*b)),
            Kind::Text => memchr2(b'\r', b'\n', bytes).is_none(),
            Kind::Ip => std::str::from_utf8(bytes).is_ok_and(|ip| ip.parse::<IpAddr>().is_ok()),
            Kind::Time => TIME.is_match(bytes),
            Kind::Uuid => is_uuid(bytes),
            Kind::B64 => is_base64(bytes),
            Kind::Binary(binary) => bytes.len() == binary.width(),
            Kind::Bytes(size) => size.is_none_or(|size| bytes.len() == size),
            Kind::Regex(pattern) => {
                memchr2(b'\r', b'\n', bytes).is_none() && pattern.is_match(bytes)
            }
        }
    }

    /// No more than this many bytes at the start of `bytes` can fit.
    ///
    /// Fewer may be what fits; that is for [`fits`](Self::fits) to say.
    #[must_use]
    pub(crate) fn reach(&self, bytes: &[u8]) -> usize {
        match self {
            Kind::Int => {
                let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
                sign + run(&bytes[sign..], |b| b.is_ascii_digit())
            }
            Kind::Hex => run(bytes, |b| b.is_ascii_hexdigit()),
            Kind::Word => run(bytes, is_word),
            Kind::Text | Kind::Regex(_) => memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len()),
            Kind::Ip => run(bytes, |b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':')),
            Kind::Time => run(bytes, is_in_time).min(LONGEST_TIME),
            Kind::Uuid => run(bytes, |b| b.is_ascii_hexdigit() || b == b'-').min(UUID_LENGTH),
            Kind::B64 => run(bytes, |b| is_base64_digit(b) || b == b'='),
            Kind::Binary(binary) => binary.width().min(bytes.len()),
            Kind::Bytes(size) => size.unwrap_or(usize::MAX).min(bytes.len()),
        }
    }
}

fn run(bytes: &[u8], fits: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|b| !fits(*b)).unwrap_or(bytes.len())
}

fn is_int(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"-").or(bytes.strip_prefix(b"+"));
    let digits = digits.unwrap_or(bytes);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Every byte of a character outside ASCII is part of a word.
fn is_word(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == UUID_LENGTH
        && bytes.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn is_base64_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

fn is_base64(bytes: &[u8]) -> bool {
    let digits = run(bytes, is_base64_digit);
    digits > 0 && matches!(&bytes[digits..], b"" | b"=" | b"==")
}

fn is_in_time(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b' ' | b',' | b':' | b'.' | b'/' | b'+' | b'-' | b'(' | b')'
        )
}

static TIME: LazyLock<Regex> = LazyLock::new(|| {
    RegexBuilder::new(&format!(r"\A(?:{TIME_FORMS})\z"))
        .unicode(false)
        .ignore_whitespace(true)
        .build()
        .expect("a constant")
});

/// Also what `generalise` looks for. Without Unicode, with white space ignored.
pub(crate) const TIME_FORMS: &str = r"
    # ISO 8601, RFC 3339, and with slashes as many logs have it
    [0-9]{4} (?: -[0-9]{2}-[0-9]{2} | /[0-9]{2}/[0-9]{2} )
        (?: [T\x20] [0-9]{2}:[0-9]{2} (?: :[0-9]{2} (?: [.,][0-9]+ )? )?
            (?: \x20? (?: Z | GMT | UTC | [+-][0-9]{2}:?[0-9]{2} ) )? )?
    # its short form
    | [0-9]{8}T[0-9]{6} (?: Z | [+-][0-9]{4} )?
    # RFC 5322, HTTP
    | (?: (?: Mon|Tue|Wed|Thu|Fri|Sat|Sun ) ,\x20 )?
        [0-9]{1,2} [\x20-] (?: Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec ) [\x20-] [0-9]{4}
        (?: \x20 [0-9]{2}:[0-9]{2} (?: :[0-9]{2} )?
            (?: \x20 (?: Z | GMT | UTC | [+-][0-9]{4} (?: \x20 \( [A-Z]{1,5} \) )? ) )? )?
    # ctime, syslog
    | (?: (?: Mon|Tue|Wed|Thu|Fri|Sat|Sun ) \x20 )?
        (?: Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec ) \x20 [\x200-9]?[0-9]
        \x20 [0-9]{2}:[0-9]{2}:[0-9]{2} (?: \x20 [0-9]{4} )?
    # the access logs of web servers
    | [0-9]{2} / (?: Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec ) / [0-9]{4}
        : [0-9]{2}:[0-9]{2}:[0-9]{2} (?: \x20 [+-][0-9]{4} )?
    # a time of day
    | [0-9]{2}:[0-9]{2} (?: :[0-9]{2} (?: [.,][0-9]+ )? )?
";

/// A regular expression of a hole: `/…/`. Copies share what was made of it.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Made>);

#[derive(Debug)]
struct Made {
    source: String,
    whole: Regex,
}

impl Pattern {
    /// `source` is what stands between the slashes, with `\/` for a slash.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub fn new(source: &str) -> Result<Self, String> {
        Pattern::measured(source).map(|(pattern, _)| pattern)
    }

    /// The same, and about how much memory it takes.
    pub(crate) fn measured(source: &str) -> Result<(Self, usize), String> {
        // By itself first: a stray parenthesis must not close the group around it.
        compile(source, LARGEST).map_err(|error| in_one_line(&error))?;
        // An expression does not say how large it is, but it can be told how large it may be.
        let whole = format!(r"\A(?:{source})\z");
        let mut size = LARGEST / 64;
        let whole = loop {
            match compile(&whole, size) {
                Ok(whole) => break whole,
                Err(regex::Error::CompiledTooBig(_)) if size < LARGEST => size *= 4,
                Err(error) => return Err(in_one_line(&error)),
            }
        };
        let source = source.to_owned();
        Ok((Pattern(Arc::new(Made { source, whole })), size))
    }

    /// What stands between the slashes.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// It matches the whole of `bytes`.
    #[must_use]
    pub fn is_match(&self, bytes: &[u8]) -> bool {
        self.0.whole.is_match(bytes)
    }
}

/// The most memory that one expression takes.
const LARGEST: usize = 1 << 20;

fn compile(pattern: &str, most: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(most).build()
}

fn in_one_line(error: &regex::Error) -> String {
    match error {
        regex::Error::Syntax(text) => {
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
        regex::Error::CompiledTooBig(_) => "it grows too large".to_owned(),
        other => other.to_string(),
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Pattern {}
