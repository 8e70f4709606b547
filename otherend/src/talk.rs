//! Transcripts as files: found, read, compared, and written as JSON Lines.

pub(crate) mod diff;
pub(crate) mod files;
pub(crate) mod jsonl;
pub(crate) mod served;
