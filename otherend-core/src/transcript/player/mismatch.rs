//! What did not fit (usually: the assertion that failed): the place in the file, what was heard,
//! and the conversation so far.

use std::fmt::{self, Write};
use std::time::Duration;

use super::waiting::UNHEARD_BY_REFEREE;
use crate::transcript::model::letter;
use crate::transcript::render::window;
use crate::transcript::write::{is_readable, shown};
use crate::transcript::{Closing, Difference, Wanted};
use crate::{OutOfStep, Role, Unframed};

/// How many MiB a referee keeps.
const KEPT: usize = UNHEARD_BY_REFEREE >> 20;

/// Something heard that does not fit, or not heard that should have been.
///
/// Its `Debug` is what [`render`](Self::render) shows: a test that fails prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The connection, counted from 0.
    pub connection: usize,
    /// Who was to speak or spoke.
    pub who: Role,
    /// The line of the file that was to come; `None`: nothing more was.
    pub line: Option<usize>,
    /// That line, as the file has it.
    pub expected: Option<String>,
    /// What was heard instead, as far as it is known.
    pub heard: Vec<u8>,
    /// That is a message, without the frame that it stood in.
    pub framed: bool,
    /// Where that differs from what a line was to be.
    pub difference: Option<Difference>,
    /// What makes it a mismatch.
    pub reason: Reason,
    /// What was said and heard last.
    pub before: Vec<Told>,
}

/// What makes a mismatch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Other bytes came.
    Unexpected,
    /// A server has come to the end of its script, and no rule fits the line.
    NoRule,
    /// The other end stopped too early, or in another way.
    Ended(Closing),
    /// Nothing, or not enough, came for this long.
    Silent(Duration),
    /// The line is longer than this many bytes.
    TooLong(usize),
    /// What came is no frame as the file draws it.
    OutOfStep(OutOfStep),
    /// With the values that were heard, a message of ours has no frame.
    Unframed(Unframed),
    /// A referee heard so much out of turn that it cannot keep it.
    TooMuch,
    /// While a file is brought up to date: a turn that fits nothing went on and on.
    Endless,
}

/// Something that was said or heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The connection, counted from 0.
    pub connection: usize,
    /// Who said it.
    pub who: Role,
    /// What.
    pub bytes: Vec<u8>,
    /// It is a message, without the frame that it stood in.
    pub framed: bool,
}

impl Mismatch {
    /// It as a screen shows it: the conversation so far, the place in the file, what was expected
    /// there, what was heard, and a caret under the first byte that differs.
    #[must_use]
    pub fn render(&self, file: &str) -> String {
        let mut out = String::new();
        for told in &self.before {
            let lines = told.bytes.split_inclusive(|b| *b == b'\n' && !told.framed);
            // A message may be empty.
            let empty = (told.framed && told.bytes.is_empty()).then_some(&b""[..]);
            for line in lines.chain(empty) {
                let (mark, text) = match told.framed {
                    true => message(line),
                    false => (mark(line), shown(body(line))),
                };
                let head = marker(told.connection, told.who, mark);
                // Writing to a string cannot fail.
                let _ = writeln!(out, "    {head} {}", window(&text, 0).0);
            }
        }
        match self.line {
            Some(line) => _ = writeln!(out, "{file}:{line}: {self}"),
            None => _ = writeln!(out, "{file}: {self}"),
        }
        if let Some(expected) = &self.expected {
            let _ = writeln!(out, "    expected  {}", window(expected, 0).0);
        }
        self.render_heard(&mut out);
        out
    }

    /// The same without what was said and heard before.
    #[must_use]
    pub fn without_past(&self) -> Self {
        Mismatch {
            before: Vec::new(),
            ..self.clone()
        }
    }

    /// What was heard, in the notation of transcripts.
    #[must_use]
    pub fn heard_as_text(&self) -> String {
        shown(&self.heard)
    }

    /// The line's end and the one that would have fitted, `LF` or `CR LF`, if nothing else differs.
    #[must_use]
    pub fn line_ends(&self) -> Option<(&'static str, &'static str)> {
        let difference = self.difference.as_ref()?;
        let Wanted::Bytes(wanted) = &difference.wanted else {
            return None;
        };
        match (self.heard.get(difference.at..)?, &wanted[..]) {
            (b"\n", b"\r\n") => Some(("LF", "CR LF")),
            (b"\r\n", b"\n") => Some(("CR LF", "LF")),
            _ => None,
        }
    }

    fn render_heard(&self, out: &mut String) {
        if self.heard.is_empty() && !self.framed {
            return;
        }
        let at = self.difference.as_ref().map(|difference| difference.at);
        if self.framed {
            let (mark, text) = message(&self.heard);
            let before = &self.heard[..at.unwrap_or_default().min(self.heard.len())];
            let before = match mark {
                '#' => 3 * before.len(),
                _ => shown(before).chars().count(),
            };
            return self.render_line(out, mark, &text, before);
        }
        let text = body(&self.heard);
        // A line's end is shown only where it is what differs: `S. 250 OK\r\n` with a caret below
        // `\r`. Otherwise it would stand behind every line that is shown, and mean nothing.
        let ends_otherwise = at.is_some_and(|at| at >= text.len());
        let (heard, mark) = if ends_otherwise || text.len() == self.heard.len() {
            (&self.heard[..], '.')
        } else {
            (text, ':')
        };
        // The caret counts what is seen: two bytes that are shown as `\x1b\x07` are eight columns.
        let before = at.map_or(0, |at| shown(&heard[..at.min(heard.len())]).chars().count());
        self.render_line(out, mark, &shown(heard), before);
    }

    /// What was heard, with a caret below it behind so many characters.
    fn render_line(&self, out: &mut String, mark: char, text: &str, before: usize) {
        let head = marker(self.connection, self.who, mark);
        let (text, column) = window(text, before);
        let _ = writeln!(out, "    heard     {head} {text}");
        if let Some(difference) = &self.difference {
            let indent = " ".repeat(head.len() + 1 + column);
            let _ = writeln!(out, "              {indent}^ {}", difference.wanted);
        }
    }
}

fn mark(line: &[u8]) -> char {
    if line.ends_with(b"\n") { ':' } else { '.' }
}

/// A message as a step has it: text, or hex where it is not for reading.
fn message(bytes: &[u8]) -> (char, String) {
    match is_readable(bytes) {
        true => (':', shown(bytes)),
        false => {
            let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            ('#', pairs.join(" "))
        }
    }
}

fn marker(connection: usize, who: Role, mark: char) -> String {
    match connection {
        0 => format!("{}{mark}", letter(who)),
        other => format!("{}{}{mark}", other + 1, letter(who)),
    }
}

/// A waiting time, in as much detail as anyone cares for.
fn rounded(time: Duration) -> String {
    match time.as_millis() {
        millis @ ..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// A line without its end.
fn body(line: &[u8]) -> &[u8] {
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.render("transcript"))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.who {
            Role::Client => "the client",
            Role::Server => "the server",
        };
        let expects_end = self.expected.is_some() && self.difference.is_none();
        if let Some((found, wanted)) = self.line_ends() {
            return write!(f, "{who} ended the line with {found}, not with {wanted}");
        }
        match &self.reason {
            Reason::Unexpected if self.line.is_none() => {
                write!(f, "{who} said more than the file")
            }
            Reason::Unexpected if expects_end => write!(f, "{who} went on speaking"),
            Reason::Unexpected => write!(f, "{who} said something else"),
            Reason::NoRule => write!(f, "nothing in the file fits what {who} said"),
            Reason::Ended(Closing::Reset) => write!(f, "{who} reset the connection"),
            Reason::Ended(_) if expects_end => write!(f, "{who} closed the connection"),
            Reason::Ended(_) => write!(f, "{who} closed the connection before this"),
            Reason::Silent(time) if self.heard.is_empty() => {
                write!(f, "{who} said nothing for {}", rounded(*time))
            }
            Reason::Silent(time) => {
                write!(f, "{who} stopped in the middle for {}", rounded(*time))
            }
            Reason::TooLong(bytes) if self.framed => {
                write!(f, "{who} said a message of over {bytes} bytes")
            }
            Reason::TooLong(bytes) => write!(f, "{who} said a line of over {bytes} bytes"),
            Reason::OutOfStep(why) => write!(f, "{who} sent what is no message: {}", why.reason()),
            Reason::Unframed(why) => write!(f, "this cannot be said: {why}"),
            Reason::TooMuch => write!(
                f,
                "{who} said over {KEPT} MiB that could not be checked yet"
            ),
            Reason::Endless => write!(f, "{who} went on speaking without a pause"),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The most bytes that are shown.
        const LONGEST: usize = 40;
        let start = |bytes: &[u8]| shown(&bytes[..bytes.len().min(LONGEST)]);
        match self {
            Wanted::Bytes(bytes) => write!(f, "expected `{}`", start(bytes)),
            Wanted::Value(name, rest) => {
                write!(f, "expected `{}`, the value of {name}", start(rest))
            }
            Wanted::Kind(kind) => write!(f, "expected {}", kind.described()),
            Wanted::End => f.write_str("expected nothing more"),
        }
    }
}
