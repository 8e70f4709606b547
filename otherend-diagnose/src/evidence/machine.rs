//! What this machine knows about a server that runs on it.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

/// What this machine knows about a server that runs on it. The address asked for is one of this
/// machine's.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LocalServer {
    /// Who listens on the port, on whatever address.
    pub listeners: Vec<Listening>,
    /// Who listens on a port one slip away.
    pub nearby: Vec<Listening>,
    /// What the firewall rules of this machine say.
    pub rules: Rules,
}

/// A listening socket and its owner.
#[derive(Debug, Clone, Serialize)]
pub struct Listening {
    /// The address it listens on.
    pub address: SocketAddr,
    /// The process, where the system lets us know.
    pub process: Option<ServerProcess>,
    /// The queue of connections not yet accepted, where the system tells.
    pub queue: Option<AcceptQueue>,
}

impl Listening {
    /// Whether it leaves connections waiting: it is stopped, or somebody waits to be accepted.
    pub fn keeps_waiting(&self) -> bool {
        self.queue.is_some_and(|queue| queue.waiting > 0)
            || self.process.as_ref().is_some_and(ServerProcess::is_stopped)
    }
}

/// A process that listens.
#[derive(Debug, Clone, Serialize)]
pub struct ServerProcess {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// Its state letter, as in `ps`: `T` is stopped, `t` is held by a debugger.
    pub state: Option<char>,
    /// Descriptors in use, and how many it may have.
    pub descriptors: Option<(u64, u64)>,
    /// For how long it runs.
    #[serde(serialize_with = "super::as_optional_seconds")]
    pub age: Option<Duration>,
}

impl ServerProcess {
    /// Whether it is stopped, by a signal or by a debugger.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state, Some('T' | 't'))
    }
}

/// A queue of connections that wait to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AcceptQueue {
    /// How many wait (`Recv-Q` in `ss`).
    pub waiting: u32,
    /// How many may wait (`Send-Q` in `ss`); the kernel takes one more.
    pub limit: u32,
}

impl AcceptQueue {
    /// Whether the kernel drops the next connection.
    pub fn is_full(self) -> bool {
        self.waiting > self.limit
    }
}

/// What the firewall rules say about incoming connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Why they could not be read.
    pub unreadable: Option<String>,
    /// The rule that decides about a connection to the port.
    pub incoming: Option<RuleHit>,
}

/// A firewall rule that stops a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleHit {
    /// What it does.
    pub action: RuleAction,
    /// The rule as the tool prints it, or the chain's policy.
    pub text: String,
    /// Where it stands: family, table and chain.
    pub place: String,
    /// The command that removes the rule, when it removes nothing else.
    pub undo: Option<String>,
    /// False when the rule has a condition that could not be judged.
    pub certain: bool,
}

impl RuleHit {
    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        match &self.undo {
            Some(undo) => format!("change that rule, or remove it, as root: {undo}"),
            None => "add a rule before it that accepts the port".to_owned(),
        }
    }
}

/// What a firewall rule does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleAction {
    /// Drops it without a word.
    Drop,
    /// Rejects it with a reset or an ICMP error.
    Reject,
}
