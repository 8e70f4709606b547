//! Servers and clients for line conversations, blocking and async.
//!
//! A [`Server`] listens and carries one [`Conversation`](otherend_core::Conversation) for each
//! peer on one of three [`Engine`]s; a [`Client`] (or `AsyncClient` with feature `tokio`) is the
//! other end. Both work over TCP, Unix sockets and datagrams ([`endpoint::Listen`],
//! [`endpoint::Target`]). Every limit on connections, lines, time and output is on by default
//! ([`ServerConfig`]), and every peer's end has one reason.
//!
//! ```
//! use otherend_net::core::{AnyBehaviour, Echo};
//! use otherend_net::{Client, ConnectOptions, Received, Server, ServerConfig};
//!
//! let echo = |_peer: &_| AnyBehaviour::Echo(Echo::default());
//! let server = Server::bind(&["127.0.0.1:0".parse()?], ServerConfig::default(), echo)?.start()?;
//!
//! let mut client = Client::connect(&server.addresses()[0], &ConnectOptions::default())?;
//! client.say(b"hello")?;
//! assert_eq!(client.receive(), Received::Line(b"From server -> hello".to_vec()));
//!
//! let report = server.drain();
//! assert_eq!(report.aborted, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Feature `tokio` is the event-driven engine and the async client; without it, everything is
//! blocking sockets and threads. Why a connection or a listener fails is for `otherend-diagnose`
//! to say.
#![deny(unsafe_code)]

mod accept;
pub mod bus;
mod client;
pub mod endpoint;
mod engine;
mod error;
mod hub;
mod lock;
pub mod partner;
mod peer;
pub mod play;
pub mod recording;
mod server;
mod stream;
mod system;
pub mod tap;
mod watch;

#[cfg(feature = "tokio")]
pub use client::AsyncClient;
pub use client::{
    Attempt, Client, ConnectError, ConnectOptions, Gone, Received, SayError, Voice, connect,
    connect_udp,
};
pub use endpoint::Endpoint;
pub use engine::Engine;
pub use error::BindError;
pub use hub::handle::{Delivery, Handle, Open};
pub use hub::stats::{Report, Stats};
pub use hub::tally::Tally;
pub use otherend_core as core;
pub use peer::Peer;
pub use server::{Running, Server, ServerConfig};
pub use stream::{Keepalive, Stream};
pub use system::limits::raise_descriptor_limit;
pub use watch::{Notice, OwnedNotice, Refusal, Watcher, ring};
