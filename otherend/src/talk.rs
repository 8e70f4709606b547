//! Transcripts as files: found, read, compared, replaced, and written as JSON Lines;
//! a server that is started to play them against.

pub(crate) mod diff;
pub(crate) mod files;
pub(crate) mod jsonl;
pub(crate) mod replace;
pub(crate) mod served;
pub(crate) mod server_command;
