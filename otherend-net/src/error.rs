//! What we tried and could not do: listen, connect. A peer's doings are never errors.

use std::io;

use otherend_core::Address;

/// A server that could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {}", plain(.cause))]
    Listen {
        /// The address asked for.
        address: Address,
        /// What the system said.
        cause: io::Error,
    },
    /// No address was given.
    #[error("no address to listen on")]
    NoAddress,
    /// What listens so cannot take both streams and datagrams, or no datagrams at all.
    #[error("{0}")]
    Protocol(&'static str),
    /// The limit asked for cannot be had.
    #[error(
        "{asked} clients need {needed} descriptors and the limit is {limit}: \
         allow more (ulimit -n) or ask for fewer clients"
    )]
    Descriptors {
        /// The clients asked for.
        asked: usize,
        /// The descriptors they need, the server's own included.
        needed: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The runtime or its threads could not be started.
    #[error("cannot start the engine: {}", plain(.0))]
    Engine(io::Error),
}

/// The system's message without Rust's `(os error 98)`, lower case.
pub(crate) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect()
    })
}
