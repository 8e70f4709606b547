//! Who is let in: allowed networks, how many at once, how many of one source.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::error::BindError;
use crate::registry::Registry;
use crate::server::ServerConfig;

/// Descriptors kept for everything that is not a client.
const RESERVED_DESCRIPTORS: usize = 64;
/// Conversations of one source at once, where not only this machine can connect.
const PER_SOURCE: usize = 64;

/// Why a connection did not become a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// As many conversations as allowed are open.
    Full,
    /// The source has as many open as it may.
    SourceFull,
    /// The source is not allowed, or denied.
    NotAllowed,
}

impl Refusal {
    /// The one line that the refused peer gets.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            Refusal::Full => "ERR server is full",
            Refusal::SourceFull => "ERR too many connections from your address",
            Refusal::NotAllowed => "ERR your address is not allowed",
        }
    }

    /// A stable word: the label in metrics and in JSON.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Refusal::Full => "full",
            Refusal::SourceFull => "source-full",
            Refusal::NotAllowed => "not-allowed",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::Full => "the server is full",
            Refusal::SourceFull => "too many connections from that address",
            Refusal::NotAllowed => "that address is not allowed",
        })
    }
}

/// The rules in force.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) max_clients: usize,
    max_per_source: Option<usize>,
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
}

impl Admission {
    /// # Errors
    ///
    /// When the descriptor limit does not allow the clients asked for.
    pub(crate) fn new(config: &ServerConfig, addresses: &[SocketAddr]) -> Result<Self, BindError> {
        let open_to_others = addresses.iter().any(|address| !address.ip().is_loopback());
        let per_source = config
            .max_per_source
            .or(open_to_others.then_some(PER_SOURCE));
        Ok(Admission {
            max_clients: max_clients(config, descriptor_limit())?,
            max_per_source: per_source,
            allow: config.allow.clone(),
            deny: config.deny.clone(),
        })
    }

    pub(crate) fn check(&self, source: IpAddr, open: &Registry) -> Result<(), Refusal> {
        let source = source.to_canonical();
        let within = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&source));
        if within(&self.deny) || !(self.allow.is_empty() || within(&self.allow)) {
            return Err(Refusal::NotAllowed);
        }
        if open.len() >= self.max_clients {
            return Err(Refusal::Full);
        }
        match self.max_per_source {
            Some(limit) if open.of_source(source) >= limit => Err(Refusal::SourceFull),
            _ => Ok(()),
        }
    }
}

/// How many clients there can be at once, given how many descriptors there can be.
fn max_clients(config: &ServerConfig, descriptors: usize) -> Result<usize, BindError> {
    let Some(usual) = config.engine.usual_clients() else {
        return Ok(1);
    };
    let each = config.engine.descriptors_per_client();
    // Where descriptors are scarce, half of them are for clients.
    let reserved = RESERVED_DESCRIPTORS.min(descriptors / 2);
    let possible = (descriptors - reserved) / each;
    match config.max_clients {
        None => Ok(usual.min(possible)),
        Some(asked) if asked <= possible => Ok(asked),
        Some(asked) => {
            let needed = asked * each + reserved;
            Err(BindError::Descriptors {
                asked,
                needed,
                limit: descriptors,
            })
        }
    }
}

/// How many descriptors this process may have.
fn descriptor_limit() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit
        .current
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX)
}

/// Allow this process as many descriptors as it may have at all; programs that serve many call it
/// first.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Without the right to it the limit stays as it is, and `Server::bind` counts with that.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    fn config(engine: Engine, max_clients: Option<usize>) -> ServerConfig {
        ServerConfig {
            engine,
            max_clients,
            ..ServerConfig::default()
        }
    }

    #[test]
    fn the_usual_number_shrinks_with_the_descriptors() {
        let clients =
            |descriptors| max_clients(&config(Engine::Threads, None), descriptors).unwrap();
        assert_eq!((clients(20_000), clients(564), clients(64)), (512, 250, 16));
    }

    #[test]
    fn a_number_asked_for_is_had_or_refused() {
        assert_eq!(
            max_clients(&config(Engine::Threads, Some(9)), 1024).unwrap(),
            9
        );
        let error = max_clients(&config(Engine::Threads, Some(1000)), 1024).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("1000 clients need 2064 descriptors and the limit is 1024")
        );
    }

    #[test]
    fn single_serves_one() {
        assert_eq!(max_clients(&config(Engine::Single, None), 64).unwrap(), 1);
    }
}
