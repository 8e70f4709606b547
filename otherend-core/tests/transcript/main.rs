//! Transcripts from outside: what they read, match, say and record.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod changes;
mod corpus;
mod framed;
mod generalising;
mod kinds;
mod limits;
mod matching;
mod optional;
mod playing;
mod recording;
mod recording_frames;
mod secrets;
mod several;
mod shrinking;
mod strategies;
mod text;
mod updating;
