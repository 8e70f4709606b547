//! Can it be listened on here? Binding says whether; who holds the port and what the firewall
//! does is looked up.

mod tell;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use otherend_net::endpoint::Endpoint;
use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use crate::evidence::{Asked, BindAttempt, BindOutcome, ListenEvidence, Rules};
use crate::firewall::{self, Direction, Packet};
use crate::interfaces::{self, Scope};
use crate::listeners::{self, Protocol};
use crate::{
    ListenDiagnosis, Options, Progress, Stage, StepLog, listen_verdict, machine, name, phrase,
    system,
};

/// How far the nearest free port is looked for.
const FARTHEST: u16 = 200;

/// Can it be listened on? Tries to, and gives the port back at once.
#[must_use]
pub fn listen(endpoint: &Endpoint, options: &Options) -> ListenDiagnosis {
    listen_with_progress(endpoint, options, |_| ())
}

/// As [`listen`]; `on_progress` hears of each step as it begins and as soon as it is done.
pub fn listen_with_progress(
    endpoint: &Endpoint,
    options: &Options,
    mut on_progress: impl FnMut(Progress<'_>),
) -> ListenDiagnosis {
    let mut log = StepLog {
        steps: Vec::new(),
        on_progress: &mut on_progress,
    };
    let mut evidence = ListenEvidence {
        asked: Asked {
            host: endpoint.host().to_string(),
            port: endpoint.port(),
            family: options.family,
            ..Asked::default()
        },
        udp: options.udp,
        ..ListenEvidence::default()
    };
    let started = Instant::now();
    match endpoint.resolve_to_listen(options.family, options.no_dns) {
        Ok(addresses) => look(&mut log, &mut evidence, &addresses),
        Err(error) => {
            let finding = name::finding_of(&error, started.elapsed());
            let (mark, text) = name::told(&finding);
            log.step(Stage::Name, mark, text, finding.took);
            evidence.name = Some(finding);
        }
    }
    let verdict = listen_verdict(&evidence);
    ListenDiagnosis {
        steps: log.steps,
        evidence,
        verdict,
    }
}

fn look(log: &mut StepLog<'_>, evidence: &mut ListenEvidence, addresses: &[SocketAddr]) {
    for address in addresses {
        let started = Instant::now();
        let bind = BindAttempt {
            address: *address,
            outcome: outcome(take(evidence.udp, *address)),
        };
        let (mark, text) = tell::bind(&bind);
        log.step(Stage::Listen, mark, text, started.elapsed());
        evidence.binds.push(bind);
    }
    let started = Instant::now();
    explain(evidence);
    for (mark, text) in tell::machine(evidence) {
        log.step(Stage::Machine, mark, text, started.elapsed());
    }
    let free = |bind: &&BindAttempt| bind.outcome == BindOutcome::Free;
    for bind in evidence.binds.iter().filter(free) {
        let (mark, text) = tell::reach(bind.address, evidence.rules.incoming.as_ref());
        log.step(Stage::Reach, mark, text, started.elapsed());
    }
}

/// Listen there as a server of otherend would, and give the port back at once.
///
/// The options decide whether it succeeds, so they are the server's: `::` and `0.0.0.0` are two
/// sockets; connections of the past do not hold a TCP port, and a UDP port is never shared.
fn take(udp: bool, address: SocketAddr) -> io::Result<()> {
    let kind = if udp { Type::DGRAM } else { Type::STREAM };
    let socket = Socket::new(Domain::for_address(address), kind, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(!udp)?;
    socket.bind(&address.into())?;
    if udp { Ok(()) } else { socket.listen(1) }
}

fn outcome(listening: io::Result<()>) -> BindOutcome {
    let Err(error) = listening else {
        return BindOutcome::Free;
    };
    match Errno::from_io_error(&error) {
        Some(Errno::ADDRINUSE) => BindOutcome::Taken,
        Some(Errno::ADDRNOTAVAIL) => BindOutcome::NotHere,
        Some(Errno::ACCESS | Errno::PERM) => BindOutcome::Forbidden,
        Some(Errno::AFNOSUPPORT) => BindOutcome::FamilyMissing,
        Some(Errno::MFILE | Errno::NFILE) => BindOutcome::NoDescriptors,
        _ => BindOutcome::Other(phrase::system_error(&error)),
    }
}

/// Fill in what explains an obstacle, and what would keep others away.
fn explain(evidence: &mut ListenEvidence) {
    let port = evidence.asked.port;
    let holders = listeners::on_port(port).unwrap_or_default();
    let protocol = match evidence.udp {
        true => Protocol::Udp,
        false => Protocol::Tcp,
    };
    let in_the_way = holders
        .iter()
        .filter(|listener| listener.protocol == protocol);
    evidence.holders = in_the_way.map(machine::listening).collect();
    if !evidence.udp {
        evidence.time_wait = system::time_wait(port);
    }
    evidence.first_unprivileged = system::first_unprivileged_port();
    evidence.own = own_addresses();
    if evidence
        .binds
        .iter()
        .any(|bind| bind.outcome != BindOutcome::Free)
    {
        evidence.nearest_free = nearest_free(evidence);
    } else {
        evidence.rules = rules(evidence);
    }
}

fn own_addresses() -> Vec<IpAddr> {
    let all = interfaces::list().unwrap_or_default();
    let addresses = all.iter().flat_map(|interface| &interface.addresses);
    addresses.map(|address| address.ip).collect()
}

/// The next port upwards that all the addresses have free. For one that needs a privilege it is the
/// usual stand-in if that is free: 8080 for 80.
fn nearest_free(evidence: &ListenEvidence) -> Option<u16> {
    let ips: Vec<IpAddr> = evidence
        .binds
        .iter()
        .filter(|bind| is_of_this_machine(&bind.outcome))
        .map(|bind| bind.address.ip())
        .collect();
    let free = |port: &u16| {
        let is_free = |ip: &IpAddr| take(evidence.udp, SocketAddr::new(*ip, *port)).is_ok();
        ips.iter().all(is_free)
    };
    let asked = evidence.asked.port;
    // Found by trying: a table of sockets would not show a rule or a limit that forbids it.
    let lowest = evidence.first_unprivileged.unwrap_or(1024);
    let stand_in = (asked < lowest.min(1024)).then(|| asked + 8000);
    let first = lowest.max(asked);
    let mut candidates = stand_in
        .into_iter()
        .chain(first..=first.saturating_add(FARTHEST));
    candidates.find(free).filter(|_| !ips.is_empty())
}

fn is_of_this_machine(outcome: &BindOutcome) -> bool {
    use BindOutcome::{Forbidden, Free, Taken};
    matches!(outcome, Free | Taken | Forbidden)
}

/// What the rules do to connections from outside; nothing is said about loopback.
fn rules(evidence: &ListenEvidence) -> Rules {
    if evidence.udp {
        let unreadable = Some("those for datagrams are not looked at".to_owned());
        return Rules {
            unreadable,
            ..Rules::default()
        };
    }
    let ips: Vec<IpAddr> = evidence
        .binds
        .iter()
        .map(|bind| bind.address.ip())
        .collect();
    let of_own = |ip: &IpAddr| {
        evidence
            .own
            .iter()
            .find(|own| reachable(**own, *ip))
            .copied()
    };
    let Some(destination) = ips.iter().find_map(of_own) else {
        return Rules::default();
    };
    let packet = Packet {
        direction: Direction::In,
        source: None,
        destination,
        port: evidence.asked.port,
        interface: None,
    };
    machine::rules_for(&firewall::read(), &packet)
}

/// Whether a listener on `listened` can be reached from outside at `own`.
fn reachable(own: IpAddr, listened: IpAddr) -> bool {
    let same_family = own.is_ipv4() == listened.is_ipv4();
    let same = own == listened || (listened.is_unspecified() && same_family);
    same && Scope::of(own) > Scope::Host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_port_has_a_neighbour_or_none() {
        let mut evidence = ListenEvidence {
            binds: vec![BindAttempt {
                address: SocketAddr::from(([127, 0, 0, 1], u16::MAX)),
                outcome: BindOutcome::Taken,
            }],
            ..ListenEvidence::default()
        };
        evidence.asked.port = u16::MAX;
        assert!(nearest_free(&evidence).is_none_or(|port| port == u16::MAX));
    }

    #[test]
    fn a_port_that_is_listened_on_is_taken_and_another_is_found() {
        let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = holder.local_addr().unwrap();
        let mut evidence = ListenEvidence {
            binds: vec![BindAttempt {
                address,
                outcome: outcome(take(false, address)),
            }],
            ..ListenEvidence::default()
        };
        evidence.asked.port = address.port();
        assert_eq!(evidence.binds[0].outcome, BindOutcome::Taken);
        explain(&mut evidence);
        assert_eq!(evidence.holders[0].address, address);
        let process = evidence.holders[0].process.as_ref().unwrap();
        assert_eq!(process.pid, std::process::id());
        assert!(
            evidence
                .nearest_free
                .is_none_or(|port| port > address.port())
        );
    }
}
