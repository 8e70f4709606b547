//! The steps of a diagnosis as they are taken, for whoever shows them: progress events.

use std::time::Duration;

use serde::Serialize;

/// What a step looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Stage {
    /// The address as it was written.
    Address,
    /// The name and the resolver.
    Name,
    /// The route to an address, and the interface.
    Way,
    /// Connecting to one address.
    Connection,
    /// What else answers at an address that did not accept: control probes.
    Contrast,
    /// This machine, when it is the server.
    Machine,
    /// What is said.
    Conversation,
    /// What the other end sees, when it is otherend's too.
    OtherEnd,
    /// Binding to an address and listening.
    Listen,
    /// From where a listener can be reached.
    Reach,
}

impl Stage {
    /// A stable word.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Stage::Address => "address",
            Stage::Name => "name",
            Stage::Way => "way",
            Stage::Connection => "connection",
            Stage::Contrast => "contrast",
            Stage::Machine => "machine",
            Stage::Conversation => "conversation",
            Stage::OtherEnd => "other end",
            Stage::Listen => "listen",
            Stage::Reach => "reach",
        }
    }
}

/// How a step turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// As it should be.
    Good,
    /// This is why, or a sign of it.
    Bad,
    /// Worth knowing.
    Note,
    /// The system does not tell.
    Unknown,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// What it looks at.
    pub stage: Stage,
    /// How it turned out.
    pub mark: Mark,
    /// What was seen, in one line.
    pub text: String,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "crate::evidence::as_seconds")]
    pub took: Duration,
}

/// What whoever watches gets to hear.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A step that may take a while begins: what it looks at, and at what.
    Begins(Stage, &'a str),
    /// A step is done.
    Done(&'a Step),
}
