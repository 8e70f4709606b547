//! Step 2, the name: every address that the system's resolver gives, how long it took, where the
//! addresses come from; and when there are none, what the name servers themselves say.

use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::dns::{self, Configured};
use super::evidence::{NameFinding, NameOutcome, NameSource, Resolver, ResolverAnswer};
use super::verdict::answer;
use super::{Mark, Options, phrase};
use crate::endpoint::{Endpoint, Host, ResolveError};

/// How long the name servers' own answers are waited for once the system has answered.
const PATIENCE: Duration = Duration::from_millis(500);

/// Look a name up. The addresses are empty when there are none; `None` when it is no name at all.
///
/// # Errors
///
/// When a numeric address cannot be used, for instance one of the family that was not wanted.
pub(super) fn look_up(
    endpoint: &Endpoint,
    options: &Options,
    limit: Duration,
) -> Result<(Vec<SocketAddr>, Option<NameFinding>), ResolveError> {
    let Host::Name(name) = endpoint.host() else {
        return Ok((endpoint.resolve(options.family, options.no_dns)?, None));
    };
    let started = Instant::now();
    let asked = ask_servers(name, options, limit);
    let resolved = endpoint.resolve_within(options.family, options.no_dns, limit);
    let took = started.elapsed();
    let patience = PATIENCE.min(limit.saturating_sub(took)).max(PATIENCE / 5);
    let resolvers = match options.no_dns {
        true => Vec::new(),
        false => collect(&asked, patience),
    };
    let addresses = resolved
        .as_deref()
        .map(<[SocketAddr]>::to_vec)
        .unwrap_or_default();
    let ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    let finding = NameFinding {
        outcome: outcome(resolved.as_ref(), &resolvers),
        source: source(name, &ips, &resolvers),
        addresses: other_family(resolved.as_ref()).unwrap_or(ips),
        took,
        resolvers,
    };
    Ok((addresses, Some(finding)))
}

/// A failure without what the name servers say, as a finding.
pub(super) fn finding_of(error: &ResolveError, took: Duration) -> NameFinding {
    let resolved = Err::<(), _>(error);
    NameFinding {
        outcome: outcome(resolved, &[]),
        addresses: other_family(resolved).unwrap_or_default(),
        source: NameSource::System,
        took,
        resolvers: Vec::new(),
    }
}

/// Each name server in a thread of its own; they answer into the channel.
fn ask_servers(name: &str, options: &Options, limit: Duration) -> mpsc::Receiver<Resolver> {
    let (answers, answered) = mpsc::channel();
    let is_localhost = crate::endpoint::is_localhost(name);
    if options.no_dns || is_localhost {
        return answered;
    }
    let configured = Configured::read();
    let name = configured.full_name(name);
    for server in configured.servers {
        let (name, family, answers) = (name.clone(), options.family, answers.clone());
        // Without a thread for it, this server's answer is missing from the evidence, no more.
        let _ = thread::Builder::new()
            .name("name server".into())
            .spawn(move || drop(answers.send(dns::ask(server, &name, family, limit))));
    }
    answered
}

fn collect(answered: &mpsc::Receiver<Resolver>, patience: Duration) -> Vec<Resolver> {
    let deadline = Instant::now() + patience;
    let mut all = Vec::new();
    while let Ok(answer) = answered.recv_timeout(deadline.saturating_duration_since(Instant::now()))
    {
        all.push(answer);
    }
    all.sort_by_key(|resolver| resolver.address);
    all
}

fn outcome<T>(resolved: Result<T, &ResolveError>, resolvers: &[Resolver]) -> NameOutcome {
    let says = |wanted: fn(ResolverAnswer) -> bool| resolvers.iter().any(|r| wanted(r.answer));
    match resolved {
        Ok(_) => NameOutcome::Found,
        Err(ResolveError::WrongFamily { .. }) => NameOutcome::NoFamily,
        Err(ResolveError::NotFound { .. }) if says(|a| a == ResolverAnswer::NoSuchAddress) => {
            NameOutcome::NoFamily
        }
        Err(ResolveError::NotFound { .. }) => NameOutcome::Unknown,
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
pub(super) fn told(finding: &NameFinding) -> (Mark, String) {
    let addresses = phrase::list(&finding.addresses);
    let source = match finding.source {
        NameSource::HostsFile => "from the hosts file",
        NameSource::Dns => "from DNS",
        NameSource::System => "from the system",
    };
    let text = match &finding.outcome {
        NameOutcome::Found => return (Mark::Good, format!("{addresses}, {source}")),
        NameOutcome::Unknown => "the name does not exist".to_owned(),
        NameOutcome::NoFamily if finding.addresses.is_empty() => {
            "no address of the wanted family".to_owned()
        }
        NameOutcome::NoFamily => format!("no address of the wanted family, only {addresses}"),
        NameOutcome::Silent => "no answer from the resolver".to_owned(),
        NameOutcome::Failed(text) => text.clone(),
    };
    let servers: Vec<String> = finding
        .resolvers
        .iter()
        .map(|resolver| format!("{} {}", resolver.address.ip(), answer(resolver.answer)))
        .collect();
    match servers.is_empty() || finding.outcome == NameOutcome::Unknown {
        true => (Mark::Bad, text),
        false => (Mark::Bad, format!("{text}; {}", servers.join("; "))),
    }
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
            took: Duration::ZERO,
        };
        assert_eq!(outcome(not_found, &[]), NameOutcome::Unknown);
        let no_address = [resolver(ResolverAnswer::NoSuchAddress)];
        assert_eq!(outcome(not_found, &no_address), NameOutcome::NoFamily);
        let no_answer = ResolveError::NoAnswer { host: "a".into() };
        let no_answer = Err::<(), _>(&no_answer);
        let silent = [resolver(ResolverAnswer::Silent)];
        assert_eq!(outcome(no_answer, &silent), NameOutcome::Silent);
        let failed = [resolver(ResolverAnswer::Error(2))];
        assert!(matches!(
            outcome(no_answer, &failed),
            NameOutcome::Failed(_)
        ));
    }
}
