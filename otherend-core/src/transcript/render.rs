//! The line, the caret, and what fits (usually: a compiler's diagnostic).

use std::fmt::Write;

use super::{Limits, ParseError};
use crate::escape::escaped;

/// The most of a source line that is shown.
const WIDEST: usize = 160;

impl ParseError {
    /// What is wrong as a screen shows it: the place, the line, a caret and what would be right.
    ///
    /// `file` is how to name the file, `source` what [`Transcript::parse`](super::Transcript::parse)
    /// was given.
    #[must_use]
    pub fn render(&self, file: &str, source: &[u8]) -> String {
        let line = source.split(|b| *b == b'\n').nth(self.line - 1);
        // Of a line that is far too long only what stands around its limit can be shown.
        let line = line.unwrap_or_default();
        let line = String::from_utf8_lossy(&line[..line.len().min(2 * Limits::LINE)]);
        let before: String = line.chars().take(self.column - 1).collect();
        let about: String = line
            .chars()
            .skip(self.column - 1)
            .take(self.width)
            .collect();
        let after: String = line.chars().skip(self.column - 1 + self.width).collect();
        let [before, about, after] = [before, about, after].map(|part| escaped(part.as_bytes()));
        let mut out = format!("{file}:{self}\n");
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let shown = format!("{before}{about}{}", after.trim_end_matches("\\r"));
        let caret = "^".repeat(about.chars().count().clamp(1, WIDEST / 2));
        let (shown, lead) = window(&shown, before.chars().count());
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "{margin} |\n{number} | {shown}\n{margin} | {}{caret}\n{margin} = {}\n",
            " ".repeat(lead),
            self.wrong.hint(),
        );
        out
    }
}

/// Of a long line the part around character `at`, and where `at` is in it.
pub(super) fn window(line: &str, at: usize) -> (String, usize) {
    if line.chars().count() <= WIDEST {
        return (line.to_owned(), at);
    }
    let skip = at.saturating_sub(WIDEST / 2);
    let part: String = line.chars().skip(skip).take(WIDEST).collect();
    let (head, lead) = if skip > 0 { ("…", 1) } else { ("", 0) };
    (format!("{head}{part}…"), at - skip + lead)
}
