//! Adapters, listeners and reach: as text for people, as JSON Lines for programs.

pub(crate) mod json;
pub(crate) mod text;

use std::io;

use otherend_diagnose::interfaces::Reach;
use otherend_diagnose::listeners::Listener;

/// What there is to show about one port.
#[derive(Debug)]
pub(crate) struct PortUse {
    pub(crate) port: u16,
    /// Who listens; an error where the system does not tell.
    pub(crate) listeners: io::Result<Vec<Listener>>,
    /// Where those who listen can be reached; with nobody there, where a server could be.
    pub(crate) reachable: Vec<Reach>,
}
