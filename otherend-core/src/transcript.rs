//! Conversations as text files: `.talk`, version 1.
//!
//! One file is the client, the server, the referee in between and the test: unmarked text is
//! exact, and every hole carries a sample, so that the file can be checked *and* spoken. The
//! format is specified in the project's `docs/transcript.md`.
//!
//! [`Transcript`] is what a file says; nothing of it is lost but its spelling.
//!
//! ```
//! use otherend_core::transcript::Transcript;
//!
//! let file = "otherend talk 1\nC: RING 3\nS: 250 rang {{count:int=3}} times\n";
//! let transcript = Transcript::parse(file.as_bytes()).unwrap();
//! assert_eq!(transcript.to_string(), file);
//!
//! let wrong = b"otherend talk 1\nS: 250 {{id:integer=3}}\n";
//! let error = Transcript::parse(wrong).unwrap_err();
//! assert_eq!((error.line, error.column), (2, 13));
//! assert_eq!(error.wrong.hint(), "did you mean `int`?");
//! ```

mod error;
mod generalise;
mod kind;
mod limits;
mod lint;
mod model;
mod parse;
mod plan;
mod player;
mod recorder;
mod rehearse;
mod render;
mod seal;
mod shape;
mod shrink;
mod update;
pub(crate) mod write;

use crate::{Drawing, LineEnd};

pub use error::{ParseError, Wrong, WrongText};
pub use generalise::{Varying, generalise, unsealed, varying};
pub use kind::{Binary, Kind, Pattern};
pub use limits::Limits;
pub use lint::{Finding, Oddity, lint};
pub use model::{
    Act, Closing, Hole, Item, Let, Notation, Part, Setting, Step, Text, Transport, Trigger,
};
pub use plan::{Difference, Plan, SetError, Wanted};
pub use player::{Mismatch, Options, Outcome, Player, Reason, Timing, Told, Waits};
pub use recorder::{Masks, Recorder, asks_for_secret};
pub use seal::{ReadError, Recording, Tail};
pub use shape::LineShape;
pub use shrink::{Shrunk, shrink};

/// The first line of every transcript.
pub const FIRST_LINE: &str = "otherend talk 1";

/// The highest number of a connection.
pub const MOST_CONNECTIONS: u16 = 9999;

/// The line in the file on which the first item stands.
const FIRST_ITEM: usize = 2;

/// What a recording has in the place of a secret.
const MASKED: &[u8] = b"****";

/// A conversation as a file says it.
///
/// [`Transcript::parse`] reads one, [`Display`](std::fmt::Display) writes it in the canonical
/// spelling. Comments and empty lines are kept: reading what was written gives the same transcript.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    items: Vec<Item>,
    /// What it was read with: another text of it can be as long.
    limits: Limits,
}

impl Eq for Transcript {}

impl PartialEq for Transcript {
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
    }
}

impl Transcript {
    /// Read a whole file.
    ///
    /// # Errors
    /// The first thing that is wrong with it: where, what was found and what fits.
    pub fn parse(source: &[u8]) -> Result<Self, ParseError> {
        Transcript::parse_within(source, Limits::default())
    }

    /// The same, where a file may come to more or less with its values filled in.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_within(source: &[u8], limits: Limits) -> Result<Self, ParseError> {
        parse::parse(source, limits).map(|items| Transcript { items, limits })
    }

    /// These lines in its place.
    fn with_items(&self, items: Vec<Item>) -> Self {
        let limits = self.limits;
        Transcript { items, limits }
    }

    /// A transcript of these lines.
    ///
    /// # Errors
    /// They do not make a transcript: the error tells the place in what would be written.
    pub fn from_items(items: Vec<Item>) -> Result<Self, ParseError> {
        let transcript = Transcript {
            items,
            limits: Limits::default(),
        };
        transcript.again()
    }

    /// Read what it says once more.
    fn again(&self) -> Result<Self, ParseError> {
        Transcript::parse_within(self.to_string().as_bytes(), self.limits)
    }

    /// Its lines after the first: item `i` stands on line `i + 2`.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// What is added to each line of speech; [`LineEnd::Frame`] where that is a [frame](Self::framing).
    #[must_use]
    pub fn eol(&self) -> LineEnd {
        let eol = |item: &Item| match item {
            Item::Setting(Setting::Eol(eol)) => Some(*eol),
            Item::Setting(Setting::Framing(_)) => Some(LineEnd::Frame),
            _ => None,
        };
        self.items.iter().find_map(eol).unwrap_or_default()
    }

    /// What each message stands in, where the file draws that: messages are lines otherwise.
    #[must_use]
    pub fn framing(&self) -> Option<&Drawing> {
        self.items.iter().find_map(|item| match item {
            Item::Setting(Setting::Framing(drawing)) => Some(drawing),
            _ => None,
        })
    }

    /// The item on a line, counted from 1.
    #[must_use]
    pub fn on_line(&self, line: usize) -> Option<&Item> {
        self.items.get(line.checked_sub(FIRST_ITEM)?)
    }
}
