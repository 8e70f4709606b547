//! Step 2, the name: every address that the system's resolver gives, how long it took, where the
//! addresses come from; and when there are none, what the name servers themselves say.

mod asked;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use otherend_net::endpoint::{Endpoint, Host, ResolveError, interleave};

use crate::evidence::{NameLookup, NameOutcome, NameSource, Resolver, ResolverAnswer};
use crate::verdict::answer;
use crate::{Mark, Options, phrase};

pub(crate) use asked::Limits;

/// Look a name up. The addresses are empty when there are none; `None` when it is no name at all.
///
/// # Errors
///
/// When a numeric address cannot be used, for instance one of the family that was not wanted.
pub(crate) fn look_up(
    endpoint: &Endpoint,
    options: &Options,
    limits: Limits,
) -> Result<(Vec<SocketAddr>, Option<NameLookup>), ResolveError> {
    let Host::Name(name) = endpoint.host() else {
        return Ok((endpoint.resolve(options.family, options.no_dns)?, None));
    };
    let asked::Answers {
        system,
        took,
        servers,
    } = asked::ask(endpoint, name, options, limits);
    let outcome = outcome(system.as_ref(), &servers);
    let addresses = match (system.as_deref(), &outcome) {
        (Ok(addresses), _) => addresses.to_vec(),
        (Err(_), NameOutcome::Late) => direct(&servers, endpoint.port()),
        (Err(_), _) => Vec::new(),
    };
    let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    let finding = NameLookup {
        outcome,
        source: source(name, &ips, &servers),
        addresses: other_family(system.as_ref()).unwrap_or(ips),
        took,
        resolvers: servers,
    };
    Ok((addresses, Some(finding)))
}

/// What the first name server that gave addresses gave.
fn direct(servers: &[Resolver], port: u16) -> Vec<SocketAddr> {
    let gave = servers.iter().find(|server| !server.addresses.is_empty());
    let addresses = gave.map_or(&[][..], |server| &server.addresses);
    let addresses: Vec<SocketAddr> = addresses
        .iter()
        .map(|ip| SocketAddr::new(*ip, port))
        .collect();
    interleave(&addresses)
}

/// A failure without what the name servers say, as a finding.
pub(crate) fn finding_of(error: &ResolveError, took: Duration) -> NameLookup {
    let resolved = Err::<(), _>(error);
    NameLookup {
        outcome: outcome(resolved, &[]),
        addresses: other_family(resolved).unwrap_or_default(),
        source: NameSource::System,
        took,
        resolvers: Vec::new(),
    }
}

fn outcome<T>(resolved: Result<T, &ResolveError>, resolvers: &[Resolver]) -> NameOutcome {
    // The system's resolver says what counts, and not why: getaddrinfo(3) has one error for "no such name"
    // and "no address of this family", and one for "nobody answered" and "SERVFAIL". The name servers,
    // asked for themselves, tell them apart.
    let says = |wanted: fn(ResolverAnswer) -> bool| resolvers.iter().any(|r| wanted(r.answer));
    match resolved {
        Ok(_) => NameOutcome::Found,
        Err(ResolveError::WrongFamily { .. }) => NameOutcome::NoFamily,
        Err(ResolveError::NotFound { .. }) if says(|a| a == ResolverAnswer::NoSuchAddress) => {
            NameOutcome::NoFamily
        }
        Err(ResolveError::NotFound { .. }) => NameOutcome::Unknown,
        Err(ResolveError::LookupOff { .. }) => NameOutcome::LookupOff,
        Err(ResolveError::TimedOut { .. })
            if says(|a| matches!(a, ResolverAnswer::Addresses(_))) =>
        {
            NameOutcome::Late
        }
        Err(ResolveError::NoAnswer { .. } | ResolveError::TimedOut { .. }) => {
            match says(|a| matches!(a, ResolverAnswer::Error(_))) {
                true => {
                    NameOutcome::Failed("the system's resolver got no usable answer".to_owned())
                }
                false => NameOutcome::Silent,
            }
        }
        Err(error) => NameOutcome::Failed(error.to_string()),
    }
}

/// The addresses that the name has, all of another family than the wanted one.
fn other_family<T>(resolved: Result<T, &ResolveError>) -> Option<Vec<IpAddr>> {
    match resolved {
        Err(ResolveError::WrongFamily { found, .. }) => {
            Some(found.split(", ").filter_map(|ip| ip.parse().ok()).collect())
        }
        _ => None,
    }
}

fn source(name: &str, addresses: &[IpAddr], resolvers: &[Resolver]) -> NameSource {
    // Nobody says where an address came from. The hosts file is looked at first, as the system does in
    // its usual order (nsswitch.conf).
    let hosts = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    if addresses
        .iter()
        .any(|address| is_in_hosts(&hosts, name, *address))
    {
        return NameSource::HostsFile;
    }
    let gave = |resolver: &Resolver| matches!(resolver.answer, ResolverAnswer::Addresses(_));
    match resolvers.iter().any(gave) {
        true => NameSource::Dns,
        false => NameSource::System,
    }
}

/// hosts(5): an address, then names.
fn is_in_hosts(hosts: &str, name: &str, address: IpAddr) -> bool {
    hosts.lines().any(|line| {
        let entry = line.split('#').next().unwrap_or_default();
        let mut words = entry.split_whitespace();
        let same = words.next().and_then(|ip| ip.parse().ok()) == Some(address);
        same && words.any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// The finding in words.
pub(crate) fn told(finding: &NameLookup) -> (Mark, String) {
    let addresses = phrase::list(&finding.addresses);
    let source = match finding.source {
        NameSource::HostsFile => "from the hosts file",
        NameSource::Dns => "from DNS",
        NameSource::System => "from the system",
    };
    let text = match &finding.outcome {
        NameOutcome::Found => {
            let mark = if finding.is_slow() {
                Mark::Note
            } else {
                Mark::Good
            };
            return (mark, format!("{addresses}, {source}"));
        }
        NameOutcome::Late => {
            let text = format!("{addresses}, asked for directly; the system's resolver is late");
            return (Mark::Note, format!("{text}; {}", servers(finding)));
        }
        NameOutcome::LookupOff => "it is a name, and names are not looked up (-n)".to_owned(),
        NameOutcome::Unknown => "the name does not exist".to_owned(),
        NameOutcome::NoFamily if finding.addresses.is_empty() => {
            "no address of the wanted family".to_owned()
        }
        NameOutcome::NoFamily => format!("no address of the wanted family, only {addresses}"),
        NameOutcome::Silent => "no answer from the resolver".to_owned(),
        NameOutcome::Failed(text) => text.clone(),
    };
    match finding.resolvers.is_empty() || finding.outcome == NameOutcome::Unknown {
        true => (Mark::Bad, text),
        false => (Mark::Bad, format!("{text}; {}", servers(finding))),
    }
}

/// What each name server answered.
fn servers(finding: &NameLookup) -> String {
    let said: Vec<String> = finding
        .resolvers
        .iter()
        .map(|resolver| format!("{} {}", resolver.address.ip(), answer(resolver.answer)))
        .collect();
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_file_is_recognised() {
        let hosts = "127.0.0.1 localhost # x server\n192.0.2.7\tbox server.lan Server\n";
        let address = "192.0.2.7".parse().unwrap();
        assert!(is_in_hosts(hosts, "server", address));
        assert!(!is_in_hosts(hosts, "x", "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_the_name_servers_say_decides_between_the_failures() {
        let not_found = ResolveError::NotFound { host: "a".into() };
        let not_found = Err::<(), _>(&not_found);
        let resolver = |answer| Resolver {
            address: SocketAddr::from(([192, 0, 2, 53], 53)),
            answer,
            addresses: Vec::new(),
            took: Duration::ZERO,
        };
        assert_eq!(outcome(not_found, &[]), NameOutcome::Unknown);
        let no_address = [resolver(ResolverAnswer::NoSuchAddress)];
        assert_eq!(outcome(not_found, &no_address), NameOutcome::NoFamily);
        let no_answer = ResolveError::NoAnswer { host: "a".into() };
        let no_answer = Err::<(), _>(&no_answer);
        let silent = [resolver(ResolverAnswer::Silent)];
        assert_eq!(outcome(no_answer, &silent), NameOutcome::Silent);
        let gave = [silent[0].clone(), resolver(ResolverAnswer::Addresses(1))];
        let (host, limit) = ("a".into(), Duration::from_secs(4));
        let late = ResolveError::TimedOut { host, limit };
        assert_eq!(outcome(Err::<(), _>(&late), &gave), NameOutcome::Late);
        assert_eq!(outcome(no_answer, &gave), NameOutcome::Silent);
        let failed = [resolver(ResolverAnswer::Error(2))];
        assert!(matches!(
            outcome(no_answer, &failed),
            NameOutcome::Failed(_)
        ));
    }
}
