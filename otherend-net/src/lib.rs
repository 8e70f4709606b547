//! Servers and clients for line conversations.
#![deny(unsafe_code)]

mod accept;
mod admission;
mod bell;
mod carried;
mod client;
mod clock;
mod conversations;
#[cfg(feature = "diagnose")]
pub mod diagnose;
pub mod endpoint;
mod engine;
mod error;
#[cfg(feature = "interfaces")]
pub mod interfaces;
#[cfg(feature = "interfaces")]
pub mod listeners;
mod mailbox;
mod memory;
#[cfg(all(target_os = "linux", feature = "interfaces"))]
mod netlink;
mod registry;
mod server;
mod shared;
mod sockets;
mod stats;
pub mod tap;

pub use admission::{Refusal, raise_descriptor_limit};
#[cfg(feature = "tokio")]
pub use client::AsyncClient;
pub use client::{Attempt, Client, ConnectError, ConnectOptions, Gone, Received, Voice, connect};
pub use endpoint::Endpoint;
pub use engine::Engine;
pub use error::BindError;
pub use otherend_core as core;
pub use registry::Peer;
pub use server::{Audience, Handle, Keepalive, Notice, Open, Running, Server, ServerConfig};
pub use stats::{Report, Stats};
