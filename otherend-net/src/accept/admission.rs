//! Who is let in (usually: access control and connection limits): allowed networks, how many at
//! once, how many of one source.

use std::net::IpAddr;

use ipnet::IpNet;
use otherend_core::Address;

use crate::error::BindError;
use crate::hub::registry::Registry;
use crate::system::limits::descriptor_limit;
use crate::watch::Refusal;

/// Descriptors kept for everything that is not a client: half for those who are turned away, half
/// for our own.
const RESERVED_DESCRIPTORS: usize = 128;
/// Conversations of one source at once, where not only this machine can connect.
const PER_SOURCE: usize = 64;

/// What was asked for, and what it takes.
pub(crate) struct Terms<'a> {
    pub(crate) max_clients: Option<usize>,
    pub(crate) max_per_source: Option<usize>,
    pub(crate) allow: &'a [IpNet],
    pub(crate) deny: &'a [IpNet],
    /// How many clients there are at once unless asked otherwise; `None`: always one.
    pub(crate) usual_clients: Option<usize>,
    /// 0: they have none of their own.
    pub(crate) descriptors_per_client: usize,
    /// What whoever watches keeps open for each client beside them.
    pub(crate) watcher_descriptors: usize,
}

/// The rules in force.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) max_clients: usize,
    /// How many who are turned away may stay for a moment; at least 1.
    pub(crate) max_turned_away: usize,
    max_per_source: Option<usize>,
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
}

impl Admission {
    /// # Errors
    ///
    /// When the descriptor limit does not allow the clients asked for.
    pub(crate) fn new(terms: &Terms<'_>, addresses: &[Address]) -> Result<Self, BindError> {
        let open_to_others = !addresses.iter().all(Address::is_local);
        let per_source = terms
            .max_per_source
            .or(open_to_others.then_some(PER_SOURCE));
        let descriptors = descriptor_limit();
        Ok(Admission {
            max_clients: max_clients(terms, descriptors)?,
            max_turned_away: (reserved(descriptors) / 2).max(1),
            max_per_source: per_source,
            allow: terms.allow.to_vec(),
            deny: terms.deny.to_vec(),
        })
    }

    /// May somebody from `source` come in? `None`: this machine, of which no network speaks. Who of it
    /// may connect was decided by the permissions of the socket's file.
    pub(crate) fn check(&self, source: Option<IpAddr>, open: &Registry) -> Result<(), Refusal> {
        let source = source.map(|source| source.to_canonical());
        let within = |networks: &[IpNet]| {
            source.is_some_and(|source| networks.iter().any(|network| network.contains(&source)))
        };
        let allowed = source.is_none() || self.allow.is_empty() || within(&self.allow);
        // In this order: who is not allowed learns nothing of how many are here, and nobody is told
        // of a limit of its own where there would be no place either way.
        if within(&self.deny) || !allowed {
            return Err(Refusal::NotAllowed);
        }
        if open.places() >= self.max_clients {
            return Err(Refusal::Full);
        }
        match self.max_per_source {
            Some(limit) if open.of_source(source) >= limit => Err(Refusal::SourceFull),
            _ => Ok(()),
        }
    }
}

/// How many clients there can be at once, given how many descriptors there can be.
fn max_clients(terms: &Terms<'_>, descriptors: usize) -> Result<usize, BindError> {
    let Some(usual) = terms.usual_clients else {
        return Ok(1);
    };
    let each = terms
        .descriptors_per_client
        .saturating_add(terms.watcher_descriptors);
    let reserved = reserved(descriptors);
    let possible = (descriptors - reserved)
        .checked_div(each)
        .unwrap_or(usize::MAX);
    match terms.max_clients {
        None => Ok(usual.min(possible)),
        Some(asked) if asked <= possible => Ok(asked),
        Some(asked) => {
            let needed = asked.saturating_mul(each).saturating_add(reserved);
            Err(BindError::Descriptors {
                asked,
                needed,
                limit: descriptors,
            })
        }
    }
}

/// How many descriptors are not for clients; where they are scarce, half of them.
fn reserved(descriptors: usize) -> usize {
    RESERVED_DESCRIPTORS.min(descriptors / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, ServerConfig};

    fn possible(
        engine: Engine,
        asked: Option<usize>,
        descriptors: usize,
    ) -> Result<usize, BindError> {
        let config = ServerConfig {
            engine,
            max_clients: asked,
            ..ServerConfig::default()
        };
        max_clients(&config.terms(), descriptors)
    }

    #[test]
    fn the_usual_number_shrinks_with_the_descriptors() {
        let clients = |descriptors| possible(Engine::Threads, None, descriptors).unwrap();
        assert_eq!((clients(20_000), clients(564), clients(64)), (512, 218, 16));
    }

    #[test]
    fn a_number_asked_for_is_had_or_refused() {
        assert_eq!(possible(Engine::Threads, Some(9), 1024).unwrap(), 9);
        let error = possible(Engine::Threads, Some(1000), 1024).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("1000 clients need 2128 descriptors and the limit is 1024")
        );
    }

    #[test]
    fn more_than_can_be_counted_is_refused() {
        let error = possible(Engine::Threads, Some(usize::MAX), 1024).unwrap_err();
        let needed = format!("need {} descriptors and the limit is 1024", usize::MAX);
        assert!(error.to_string().contains(&needed), "{error}");
    }

    #[test]
    fn what_the_watchers_keep_open_is_counted() {
        let mut config = ServerConfig {
            engine: Engine::Threads,
            watcher_descriptors: 1,
            ..ServerConfig::default()
        };
        assert_eq!(max_clients(&config.terms(), 200).unwrap(), 33);
        config.max_clients = Some(34);
        let error = max_clients(&config.terms(), 200).unwrap_err();
        assert!(error.to_string().contains("need 202 descriptors"));

        let tap = crate::tap::TapConfig {
            watcher_descriptors: 1,
            ..crate::tap::TapConfig::default()
        };
        assert_eq!(max_clients(&tap.terms(), 200).unwrap(), 25);
    }

    #[test]
    fn single_serves_one() {
        assert_eq!(possible(Engine::Single, None, 64).unwrap(), 1);
    }
}
