//! Servers and clients for line conversations.
#![forbid(unsafe_code)]

pub mod endpoint;
