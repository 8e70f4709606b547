//! A name that gave no address: it does not exist, has no such address, or nobody answered. Three
//! different things.

use crate::diagnose::cause::Cause;
use crate::diagnose::evidence::{Evidence, NameFinding, NameOutcome, ResolverAnswer};
use crate::diagnose::phrase;
use crate::diagnose::word::Word;

pub(super) fn causes(evidence: &Evidence, name: &NameFinding) -> Vec<Cause> {
    let host = &evidence.asked.host;
    match &name.outcome {
        NameOutcome::Found => Vec::new(),
        NameOutcome::Unknown => vec![unknown(host, name)],
        NameOutcome::NoFamily => vec![no_family(evidence, name)],
        NameOutcome::Silent => vec![silent(host, name)],
        NameOutcome::Failed(text) => vec![broken(host, name, text)],
    }
}

fn unknown(host: &str, name: &NameFinding) -> Cause {
    with_resolvers(
        Cause::certain(Word::NameUnknown, format!("the name {host} does not exist")),
        name,
    )
    .because(format!(
        "the system's resolver says so after {}",
        phrase::duration(name.took)
    ))
    .remedy("correct the name, add it to /etc/hosts, or use the server's address")
}

fn no_family(evidence: &Evidence, name: &NameFinding) -> Cause {
    let host = &evidence.asked.host;
    let wanted = evidence.asked.family;
    let cause = Cause::certain(
        Word::NameNoFamily,
        format!("{host} exists and has no {wanted} address"),
    );
    let cause = match name.addresses.as_slice() {
        [] => cause.because(format!(
            "the resolver gave none, after {}",
            phrase::duration(name.took)
        )),
        others => cause.because(format!("it has {}", phrase::list(others))),
    };
    with_resolvers(cause, name).remedy("leave out -4 or -6, or use an address of the other family")
}

fn silent(host: &str, name: &NameFinding) -> Cause {
    with_resolvers(
        Cause::certain(
            Word::ResolverSilent,
            format!(
                "no resolver answers, so {host} has no address; the server itself was not \
                asked yet"
            ),
        ),
        name,
    )
    .because(format!(
        "the system's resolver had none after {}",
        phrase::duration(name.took)
    ))
    .remedy(
        "check the network and the nameserver lines of /etc/resolv.conf, or use the \
        server's address",
    )
}

fn broken(host: &str, name: &NameFinding, text: &str) -> Cause {
    with_resolvers(
        Cause::certain(
            Word::ResolverFailed,
            format!("the resolver could not answer for {host}; whether the name exists is unknown"),
        ),
        name,
    )
    .because(text)
    .remedy("try again later, try another resolver, or use the server's address")
}

fn with_resolvers(cause: Cause, name: &NameFinding) -> Cause {
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
pub(in crate::diagnose) fn answer(answer: ResolverAnswer) -> String {
    match answer {
        ResolverAnswer::Addresses(1) => "gave one address".to_owned(),
        ResolverAnswer::Addresses(count) => format!("gave {count} addresses"),
        ResolverAnswer::NoSuchName => "said that the name does not exist".to_owned(),
        ResolverAnswer::NoSuchAddress => "said that it has no such address".to_owned(),
        ResolverAnswer::Error(2) => "said that it failed (SERVFAIL)".to_owned(),
        ResolverAnswer::Error(5) => "refused the question (REFUSED)".to_owned(),
        ResolverAnswer::Error(code) => format!("answered with error {code}"),
        ResolverAnswer::Silent => "did not answer".to_owned(),
        ResolverAnswer::Unreachable => "cannot be reached".to_owned(),
    }
}
