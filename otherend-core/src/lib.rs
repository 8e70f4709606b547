//! The conversation, without sockets or a clock.
#![forbid(unsafe_code)]
