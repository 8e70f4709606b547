//! What can be wrong with a drawing.

use std::fmt;

/// A text that is no framing: what is wrong, where, and what could stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawingError {
    text: String,
    /// In bytes of the text.
    at: usize,
    width: usize,
    wrong: String,
}

impl DrawingError {
    pub(super) fn new(text: &str, (at, width): (usize, usize), wrong: impl Into<String>) -> Self {
        DrawingError {
            text: text.to_owned(),
            at,
            width: width.max(1),
            wrong: wrong.into(),
        }
    }

    /// What is wrong, without the text.
    #[must_use]
    pub fn wrong(&self) -> &str {
        &self.wrong
    }

    /// Which bytes of the text it is about.
    #[must_use]
    pub fn span(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.width
    }
}

impl std::error::Error for DrawingError {}

/// What is wrong, then the text with a caret below.
impl fmt::Display for DrawingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = crate::escaped(self.text.as_bytes());
        // A character that is shown as an escape moves the caret: the place is counted as shown.
        let columns = |to: usize| {
            let piece = self.text.get(..to).unwrap_or(&self.text);
            crate::escaped(piece.as_bytes()).chars().count()
        };
        let at = columns(self.at);
        let width = columns(self.at + self.width).saturating_sub(at).max(1);
        let carets = "^".repeat(width);
        write!(f, "{}\n  {shown}\n  {:at$}{carets}", self.wrong, "")
    }
}
