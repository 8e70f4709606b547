//! What can be wrong inside a line: escapes and holes.

use std::fmt;

use crate::escape::escaped;
use crate::transcript::Kind;

/// What is wrong with an escape or a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongText {
    /// A backslash before something else.
    Escape(String),
    /// `\x` without two hex digits.
    HexEscape,
    /// `{{` without `}}`.
    OpenHole,
    /// `{{}}`.
    EmptyHole,
    /// A hole in the value of a `let`.
    HoleInLet,
    /// A name with other characters than names have.
    Name(String),
    /// `{{name}}`, and nothing before it has this name; perhaps this one was meant.
    UnknownName(String, Option<String>),
    /// `{{name}}` in the script, and only rules know it.
    RuleName(String),
    /// `{{_}}`.
    Forgotten,
    /// `{{name:kind`, and there is no such kind; perhaps this one was meant.
    UnknownKind(String, Option<String>),
    /// `{{name:kind}}`: what stands before the missing sample.
    NoSample(String),
    /// The sample does not fit its hole.
    Sample(Kind, String),
    /// `{{name:/…` and the regular expression never ends.
    OpenRegex,
    /// What is wrong with a regular expression.
    Regex(String),
    /// This and the regular expressions before it take too much memory.
    TooManyRegexes,
    /// A hole with the name of a `let`.
    HoleOfLet(String),
}

impl fmt::Display for WrongText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WrongText::Escape(found) => write!(f, "`{found}` is no escape"),
            WrongText::HexEscape => f.write_str("`\\x` takes two hex digits"),
            WrongText::OpenHole => f.write_str("this hole is never closed"),
            WrongText::EmptyHole => f.write_str("this hole is empty"),
            WrongText::HoleInLet => f.write_str("a value of `let` holds no holes"),
            WrongText::Name(found) => write!(f, "`{found}` is no name for a hole"),
            WrongText::UnknownName(name, _) => write!(f, "nothing above is named `{name}`"),
            WrongText::RuleName(name) => write!(f, "only rules know `{name}`"),
            WrongText::Forgotten => f.write_str("`_` remembers nothing"),
            WrongText::UnknownKind(found, _) => write!(f, "`{found}` is no kind of hole"),
            WrongText::NoSample(_) => f.write_str("this hole has no sample"),
            WrongText::Sample(Kind::Regex(pattern), sample) => {
                write!(
                    f,
                    "the sample `{sample}` does not match /{}/",
                    escaped(pattern.source().as_bytes())
                )
            }
            WrongText::Sample(kind, sample) => {
                write!(f, "the sample `{sample}` does not fit `{}`", kind.name())
            }
            WrongText::OpenRegex => f.write_str("this regular expression never ends"),
            WrongText::Regex(why) => write!(f, "no regular expression: {why}"),
            WrongText::TooManyRegexes => {
                f.write_str("the regular expressions up to here take more than 64 MiB")
            }
            WrongText::HoleOfLet(name) => write!(f, "`{name}` is set by `let` already"),
        }
    }
}

impl WrongText {
    pub(super) fn near(&self) -> Option<&str> {
        match self {
            WrongText::UnknownName(_, near) | WrongText::UnknownKind(_, near) => near.as_deref(),
            _ => None,
        }
    }

    pub(super) fn fits(&self) -> String {
        let fits = match self {
            WrongText::UnknownName(name, _) => {
                return format!(
                    "`{{{{{name}:text=sample}}}}` here, or `let {name} = value` at the top"
                );
            }
            WrongText::RuleName(name) => return format!("`{{{{{name}:text=sample}}}}`"),
            WrongText::UnknownKind(..) => return kinds(),
            WrongText::NoSample(hole) => return format!("`{{{{{hole}=sample}}}}`"),
            WrongText::HoleOfLet(name) => return format!("`{{{{{name}}}}}`, or another name"),
            WrongText::Escape(_) => r"`\r` `\n` `\t` `\0` `\xHH` `\\` `\{{`",
            WrongText::HexEscape => r"`\x20`",
            WrongText::OpenHole => r"`}}` behind it, or `\{{` for two braces as they are",
            WrongText::EmptyHole => "`{{id:int=42}}`, and `{{id}}` further down",
            WrongText::HoleInLet => r"`\{{` for two braces as they are",
            WrongText::Name(_) => {
                r"`_`, or a letter with letters, digits, `_`, `-`; `\{{` for plain braces"
            }
            WrongText::Forgotten => "`{{_:text=sample}}`, or a name",
            WrongText::Sample(kind, _) => kind.described(),
            WrongText::OpenRegex => r"`/…/=sample}}`, with `\/` for a slash in it",
            WrongText::Regex(_) => "the syntax of Rust's regex crate",
            WrongText::TooManyRegexes => "simpler ones, the same more than once, or several files",
        };
        fits.to_owned()
    }
}

fn kinds() -> String {
    let names: Vec<String> = Kind::NAMED
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    format!("{} or `/regex/`", names.join(" "))
}
