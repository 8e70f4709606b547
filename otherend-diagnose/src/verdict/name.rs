//! A name that gave no address: it does not exist, has no such address, or nobody answered. Three
//! different things.

use otherend_net::endpoint::Family;

use crate::cause::{Cause, CauseKind};
use crate::evidence::{Evidence, NameLookup, NameOutcome, Resolver, ResolverAnswer};
use crate::phrase;

pub(super) fn causes(evidence: &Evidence, name: &NameLookup) -> Vec<Cause> {
    let host = &evidence.asked.host;
    match &name.outcome {
        NameOutcome::Found | NameOutcome::Late => Vec::new(),
        NameOutcome::LookupOff => vec![lookup_off(host)],
        NameOutcome::Unknown => vec![unknown(host, name)],
        NameOutcome::NoFamily => vec![no_family(evidence, name)],
        // The system gave up, and the name servers had the answer: not silence, but impatience.
        NameOutcome::Silent if gives_addresses(name) => vec![too_late(host, name)],
        NameOutcome::Silent => vec![silent(host, name)],
        NameOutcome::Failed(text) => vec![broken(host, name, text)],
    }
}

fn unknown(host: &str, name: &NameLookup) -> Cause {
    with_resolvers(
        Cause::certain(
            CauseKind::NameUnknown,
            format!("the name {host} does not exist"),
        ),
        name,
    )
    .because(format!(
        "the system's resolver says so after {}",
        phrase::duration(name.took)
    ))
    .remedy(
        "correct the name, add it to /etc/hosts, or use the server's address; a name of a company \
            may exist in its own network or VPN only",
    )
}

fn no_family(evidence: &Evidence, name: &NameLookup) -> Cause {
    let host = &evidence.asked.host;
    let wanted = evidence.asked.family;
    let cause = Cause::certain(
        CauseKind::NameNoFamily,
        format!("{host} exists and has no {wanted} address"),
    );
    let cause = match name.addresses.as_slice() {
        [] => cause.because(format!(
            "the resolver gave none, after {}",
            phrase::duration(name.took)
        )),
        others => cause.because(format!("it has {}", phrase::list(others))),
    };
    let flag = match wanted {
        Family::V4 => "-4",
        Family::V6 => "-6",
        Family::Any => "-4 or -6",
    };
    with_resolvers(cause, name).remedy(match name.addresses.as_slice() {
        [] => "use a name or an address that has one".to_owned(),
        others => format!("use {}, or leave out {flag}", phrase::list_or(others)),
    })
}

fn lookup_off(host: &str) -> Cause {
    Cause::certain(
        CauseKind::LookupOff,
        format!("{host} is a name, and names are not to be looked up (-n): nobody was asked"),
    )
    .because("-n was given")
    .remedy("give the server's address, or leave out -n")
}

/// One that did not wait for the slow name server.
fn too_late(host: &str, name: &NameLookup) -> Cause {
    let gave_up = phrase::duration(name.took);
    let says = format!("the system gives up on {host} before a name server answers");
    with_resolvers(Cause::certain(CauseKind::ResolverSlow, says), name)
        .because(format!("the system's resolver gave up after {gave_up}"))
        .remedy(REPAIR)
}

/// The name was found, and took so long that whoever connects by it is delayed.
pub(super) fn slow(evidence: &Evidence) -> Option<Cause> {
    let name = evidence.name.as_ref().filter(|name| name.is_slow())?;
    let took = phrase::duration(name.took);
    let says = format!(
        "looking up {} takes long, and delays each connection by this name",
        evidence.asked.host
    );
    let system = match name.outcome {
        NameOutcome::Late => format!("the system's resolver had not answered after {took}"),
        _ => format!("the system's resolver answered after {took}"),
    };
    let cause = with_resolvers(
        Cause::certain(CauseKind::ResolverSlow, says).because(system),
        name,
    );
    Some(cause.remedy(REPAIR))
}

const REPAIR: &str = "take the name server that is late or silent out of /etc/resolv.conf, or mend \
    it; until then, use the server's address";

fn gives_addresses(name: &NameLookup) -> bool {
    let mut resolvers = name.resolvers.iter();
    resolvers.any(|resolver| !resolver.addresses.is_empty())
}

fn silent(host: &str, name: &NameLookup) -> Cause {
    with_resolvers(
        Cause::certain(
            CauseKind::ResolverSilent,
            format!(
                "no resolver answers, so {host} has no address; the server itself was not \
                asked yet"
            ),
        ),
        name,
    )
    .because(format!(
        "the system's resolver got no answer in {}",
        phrase::duration(name.took)
    ))
    .remedy(match served_here(name) {
        true => {
            "see whether the name service of this machine runs (systemd-resolved, dnsmasq, ...) and \
                reaches its own servers, or use the server's address"
        }
        false => {
            "check the network and the nameserver lines of /etc/resolv.conf, or use the server's \
                address"
        }
    })
}

/// All name servers are this machine's own.
fn served_here(name: &NameLookup) -> bool {
    let own = |resolver: &Resolver| resolver.address.ip().is_loopback();
    !name.resolvers.is_empty() && name.resolvers.iter().all(own)
}

fn broken(host: &str, name: &NameLookup, text: &str) -> Cause {
    with_resolvers(
        Cause::certain(
            CauseKind::ResolverFailed,
            format!("the resolver could not answer for {host}; whether the name exists is unknown"),
        ),
        name,
    )
    .because(text)
    .remedy(format!(
        "try again later, ask another resolver (dig @1.1.1.1 {host}), or use the server's address"
    ))
}

fn with_resolvers(cause: Cause, name: &NameLookup) -> Cause {
    name.resolvers.iter().fold(cause, |cause, resolver| {
        cause.because(format!(
            "resolver {} {} after {}",
            resolver.address.ip(),
            answer(resolver.answer),
            phrase::duration(resolver.took)
        ))
    })
}

/// What a resolver answered, as the end of a sentence about it.
pub(crate) fn answer(answer: ResolverAnswer) -> String {
    match answer {
        ResolverAnswer::Addresses(1) => "gave one address".to_owned(),
        ResolverAnswer::Addresses(count) => format!("gave {count} addresses"),
        ResolverAnswer::NoSuchName => "said that the name does not exist".to_owned(),
        ResolverAnswer::NoSuchAddress => "said that it has no such address".to_owned(),
        ResolverAnswer::Error(2) => "said that it failed (SERVFAIL)".to_owned(),
        ResolverAnswer::Error(5) => "refused the question (REFUSED)".to_owned(),
        ResolverAnswer::Error(code) => format!("answered with error {code}"),
        ResolverAnswer::Silent => "did not answer".to_owned(),
        ResolverAnswer::Unreachable => "gave an error: no name server is there".to_owned(),
    }
}
