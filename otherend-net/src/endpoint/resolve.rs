//! From an [`Endpoint`] to socket addresses, through the system's resolver.
//!
//! Three failures are kept apart, since each asks for something else: the name does not exist,
//! the resolver does not answer, and the name has no address of the wanted family.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Endpoint, Family, Host, interleave};

/// Why an endpoint gives no address to use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// Port 0 cannot be connected to.
    #[error("port 0 is nobody's: only a listener may ask for it, to be given a free one")]
    PortZero,
    /// A name, while looking up names is off.
    #[error("`{host}` is a name, and names are not looked up (-n): give its address instead")]
    LookupOff {
        /// The name.
        host: String,
    },
    /// The resolver says that there is no such name, or that it has no address.
    #[error(
        "`{host}` does not exist: the resolver knows no address of that name; check the spelling"
    )]
    NotFound {
        /// The name.
        host: String,
    },
    /// The resolver said that it cannot answer now.
    #[error(
        "looking up `{host}`: no answer from the name server; check the network, or give the address itself"
    )]
    NoAnswer {
        /// The name.
        host: String,
    },
    /// The resolver took longer than allowed.
    #[error(
        "looking up `{host}`: no answer within {limit:?}; check the network, or give the address itself"
    )]
    TimedOut {
        /// The name.
        host: String,
        /// The time allowed.
        limit: Duration,
    },
    /// The lookup failed in another way.
    #[error("looking up `{host}`: {cause}")]
    Lookup {
        /// The name.
        host: String,
        /// What the system said.
        cause: io::Error,
    },
    /// There are addresses, but none of the wanted family.
    #[error("`{host}` has no {wanted} address, only {found}: do not insist on {wanted}")]
    WrongFamily {
        /// The name or address.
        host: String,
        /// The family asked for.
        wanted: Family,
        /// The addresses it has, separated by commas.
        found: String,
    },
    /// The zone of an IPv6 address is no interface of this machine.
    #[error("this machine has no interface `{zone}` (the part after % in the address)")]
    NoSuchInterface {
        /// The zone.
        zone: String,
    },
}

impl Endpoint {
    /// The addresses to connect to, in the order in which to try them (RFC 8305 section 4).
    ///
    /// Blocks for as long as the system's resolver does, which may be half a minute.
    /// `localhost` is never looked up: it is `::1` and `127.0.0.1` (RFC 6761 section 6.3).
    ///
    /// # Errors
    ///
    /// When there is no address to try; see [`ResolveError`].
    pub fn resolve(&self, family: Family, no_dns: bool) -> Result<Vec<SocketAddr>, ResolveError> {
        if self.port() == 0 {
            return Err(ResolveError::PortZero);
        }
        let found = self.addresses(no_dns)?;
        Ok(interleave(&self.only(family, found)?))
    }

    /// As [`Endpoint::resolve`], giving up after `limit`. The system's resolver cannot be
    /// interrupted: the thread that asked it ends when it answers.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::resolve`], and [`ResolveError::TimedOut`].
    pub fn resolve_within(
        &self,
        family: Family,
        no_dns: bool,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, ResolveError> {
        if no_dns || !self.needs_lookup() {
            return self.resolve(family, no_dns);
        }
        let asked = self.clone();
        answer_within(&self.host, limit, move || asked.resolve(family, no_dns))
    }

    /// The addresses to listen on, each to be a socket of its own; port 0 is allowed.
    /// `localhost` is both `127.0.0.1` and `::1`.
    ///
    /// # Errors
    ///
    /// When there is no address; see [`ResolveError`].
    pub fn resolve_to_listen(
        &self,
        family: Family,
        no_dns: bool,
    ) -> Result<Vec<SocketAddr>, ResolveError> {
        let found = self.addresses(no_dns)?;
        let mut wanted = self.only(family, found)?;
        // `/etc/hosts` may give a name the same address twice, and the second socket would find it
        // taken.
        wanted.sort();
        wanted.dedup();
        Ok(wanted)
    }

    /// Whether the host is a name that only a resolver knows: no address, and not `localhost`.
    #[must_use]
    pub fn needs_lookup(&self) -> bool {
        matches!(&self.host, Host::Name(name) if !is_localhost(name))
    }

    fn addresses(&self, no_dns: bool) -> Result<Vec<SocketAddr>, ResolveError> {
        let port = self.port;
        let both = [
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
        ];
        match &self.host {
            Host::V4(address) => Ok(vec![SocketAddr::from((*address, port))]),
            Host::V6 { address, zone } => {
                let scope = zone.as_deref().map_or(Ok(0), |z| scope_id(*address, z))?;
                let address = SocketAddrV6::new(*address, port, 0, scope);
                Ok(vec![SocketAddr::V6(address)])
            }
            Host::Name(name) if is_localhost(name) => {
                Ok(both.map(|ip| SocketAddr::new(ip, port)).to_vec())
            }
            Host::Name(name) if no_dns => {
                let host = name.clone();
                Err(ResolveError::LookupOff { host })
            }
            Host::Name(name) => match (name.as_str(), port).to_socket_addrs() {
                Ok(found) => Ok(found.collect()),
                Err(cause) => Err(lookup_error(&self.host, cause)),
            },
        }
    }

    fn only(
        &self,
        family: Family,
        found: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, ResolveError> {
        let (wanted, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|a| family.admits(a.ip()));
        if !wanted.is_empty() {
            return Ok(wanted);
        }
        let others: Vec<String> = others.iter().map(|a| a.ip().to_string()).collect();
        Err(match others.as_slice() {
            [] => ResolveError::NotFound {
                host: self.host.to_string(),
            },
            _ => ResolveError::WrongFamily {
                host: self.host.to_string(),
                wanted: family,
                found: others.join(", "),
            },
        })
    }
}

/// Ask in a thread of its own, and wait no longer than `limit`.
fn answer_within(
    host: &Host,
    limit: Duration,
    ask: impl FnOnce() -> Result<Vec<SocketAddr>, ResolveError> + Send + 'static,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let (answer, answered) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("resolver".into())
        // A send fails only when the time was up and nobody waits any more.
        .spawn(move || drop(answer.send(ask())))
        .map_err(|cause| lookup_error(host, cause))?;
    answered.recv_timeout(limit).unwrap_or_else(|_| {
        let host = host.to_string();
        Err(ResolveError::TimedOut { host, limit })
    })
}

/// Whether a name is this machine by definition (RFC 6761 section 6.3).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// The index behind a zone: the number itself, or what the resolver makes of a name.
fn scope_id(address: Ipv6Addr, zone: &str) -> Result<u32, ResolveError> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    let found = (format!("{address}%{zone}"), 0).to_socket_addrs().ok();
    let first = found.and_then(|mut found| found.next());
    match first {
        Some(SocketAddr::V6(v6)) if v6.scope_id() != 0 => Ok(v6.scope_id()),
        _ => {
            let zone = zone.to_owned();
            Err(ResolveError::NoSuchInterface { zone })
        }
    }
}

/// Tell the resolver's failures apart. The standard library keeps `getaddrinfo`'s code only in
/// its message, whose wording is the C library's and is not translated.
fn lookup_error(host: &Host, cause: io::Error) -> ResolveError {
    let host = host.to_string();
    let said = cause.to_string();
    let says = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
    let windows = cause.raw_os_error().filter(|_| cfg!(windows));
    if says(&NOT_FOUND) || matches!(windows, Some(11001 | 11004)) {
        return ResolveError::NotFound { host };
    }
    if says(&NO_ANSWER) || matches!(windows, Some(11002)) {
        return ResolveError::NoAnswer { host };
    }
    ResolveError::Lookup { host, cause }
}

/// `EAI_NONAME` and `EAI_NODATA` as glibc, musl and the BSDs say them.
const NOT_FOUND: [&str; 5] = [
    "Name or service not known",
    "No address associated with",
    "Name does not resolve",
    "Name has no usable address",
    "nodename nor servname provided",
];

/// `EAI_AGAIN` as glibc and the BSDs, and musl say it.
const NO_ANSWER: [&str; 2] = ["Temporary failure in name resolution", "Try again"];

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(text: &str) -> Endpoint {
        text.parse().unwrap()
    }

    fn shown(found: Result<Vec<SocketAddr>, ResolveError>) -> Vec<String> {
        found.unwrap().iter().map(SocketAddr::to_string).collect()
    }

    #[track_caller]
    fn refused(found: Result<Vec<SocketAddr>, ResolveError>, message: &str) {
        assert_eq!(found.unwrap_err().to_string(), message);
    }

    #[test]
    fn an_address_is_itself_even_without_lookups() {
        assert_eq!(
            shown(endpoint("10.0.0.1:80").resolve(Family::Any, true)),
            ["10.0.0.1:80"]
        );
        assert_eq!(
            shown(endpoint("[fe80::1%7]:80").resolve(Family::Any, true)),
            ["[fe80::1%7]:80"]
        );
    }

    #[test]
    fn localhost_is_both_loopback_addresses_without_a_lookup() {
        let localhost = endpoint("localhost:80");
        assert_eq!(
            shown(localhost.resolve(Family::Any, true)),
            ["[::1]:80", "127.0.0.1:80"]
        );
        assert_eq!(shown(localhost.resolve(Family::V4, true)), ["127.0.0.1:80"]);
        assert_eq!(
            shown(endpoint("api.LocalHost.:80").resolve(Family::V6, true)),
            ["[::1]:80"]
        );
        assert_eq!(
            shown(endpoint("localhost:0").resolve_to_listen(Family::Any, true)),
            ["127.0.0.1:0", "[::1]:0"]
        );
    }

    #[test]
    fn a_name_is_not_looked_up_when_lookups_are_off() {
        refused(
            endpoint("example.org:80").resolve(Family::Any, true),
            "`example.org` is a name, and names are not looked up (-n): give its address instead",
        );
    }

    #[test]
    fn the_wrong_family_says_what_there_is() {
        refused(
            endpoint("127.0.0.1:80").resolve(Family::V6, false),
            "`127.0.0.1` has no IPv6 address, only 127.0.0.1: do not insist on IPv6",
        );
    }

    #[test]
    fn port_zero_is_for_listeners() {
        refused(
            endpoint("127.0.0.1:0").resolve(Family::Any, false),
            "port 0 is nobody's: only a listener may ask for it, to be given a free one",
        );
        assert_eq!(
            shown(endpoint("127.0.0.1:0").resolve_to_listen(Family::Any, false)),
            ["127.0.0.1:0"]
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_zone_is_an_interface_of_this_machine() {
        let lo = endpoint("[fe80::1%lo]:80").resolve(Family::Any, true);
        assert_eq!(shown(lo), ["[fe80::1%1]:80"]);
        refused(
            endpoint("[fe80::1%none9]:80").resolve(Family::Any, true),
            "this machine has no interface `none9` (the part after % in the address)",
        );
    }

    #[test]
    fn the_resolvers_failures_are_told_apart() {
        let host = Host::Name("x.test".into());
        let kind = |said: &str| lookup_error(&host, io::Error::other(said));
        let prefix = "failed to lookup address information:";
        assert!(matches!(
            kind(&format!("{prefix} Name or service not known")),
            ResolveError::NotFound { .. }
        ));
        assert!(matches!(
            kind(&format!("{prefix} Temporary failure in name resolution")),
            ResolveError::NoAnswer { .. }
        ));
        assert!(matches!(kind("Memory"), ResolveError::Lookup { .. }));
    }

    #[test]
    fn a_lookup_is_given_up_after_its_limit() {
        let (release, released) = mpsc::channel::<()>();
        let found = answer_within(&Host::Name("x.test".into()), Duration::ZERO, move || {
            let _ = released.recv();
            Ok(Vec::new())
        });
        drop(release);
        assert!(matches!(found, Err(ResolveError::TimedOut { .. })));
        let address = endpoint("127.0.0.1:80").resolve_within(Family::Any, false, Duration::ZERO);
        assert_eq!(shown(address), ["127.0.0.1:80"]);
    }
}
