//! What people and programs get to see: marks, times, hex, colours, numbers.

pub(crate) mod announce;
pub(crate) mod ask;
pub(crate) mod diagnosis;
pub(crate) mod hex;
pub(crate) mod human;
pub(crate) mod interfaces;
pub(crate) mod json;
pub(crate) mod prompt;
pub(crate) mod screen;
pub(crate) mod stdio;
pub(crate) mod style;
pub(crate) mod terminal_text;
pub(crate) mod time;
pub(crate) mod why;
