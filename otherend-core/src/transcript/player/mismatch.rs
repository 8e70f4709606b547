//! What did not fit: the place in the file, what was heard, and the conversation so far.

use std::time::Duration;

use crate::Role;
use crate::transcript::{Closing, Difference};

/// Something heard that does not fit, or not heard that should have been.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The other end stopped too early, or in another way.
    Ended(Closing),
    /// Nothing, or not enough, came for this long.
    Silent(Duration),
    /// The line is longer than 1 MiB.
    TooLong,
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
}
