//! From evidence to verdict: a pure function. It names every cause that fits, in order of
//! likelihood, and none that the evidence excludes. The rules stand in one file for each thing that
//! can be seen.

mod here;
mod icmp;
mod listen;
mod listener;
mod name;
mod refused;
mod talk;
mod unanswered;
mod unreachable;
mod wrong_address;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::cause::{Cause, CauseKind, Verdict};
use crate::evidence::{ConnectOutcome, Evidence, NameOutcome, Oddity, Route, Target};

pub(crate) use icmp::{Meaning, icmp_text, meaning};
pub use listen::listen_verdict;
pub(crate) use listener::who;
pub(crate) use name::answer;
pub(crate) use talk::mark as mark_of_talk;

/// What the evidence of an attempt to connect amounts to.
pub fn verdict(evidence: &Evidence) -> Verdict {
    // What comes first leaves nothing to what comes after: without a usable address no name matters,
    // without an address nothing was tried, and once one has accepted, what failed before is a remark.
    if let Some(cause) = address_cause(evidence) {
        return failed(evidence, vec![cause]);
    }
    if let Some(name) = &evidence.name
        && !matches!(name.outcome, NameOutcome::Found | NameOutcome::Late)
    {
        return failed(evidence, name::causes(evidence, name));
    }
    match accepted(evidence) {
        Some(target) => talk::verdict(evidence, target),
        None => {
            let causes = evidence
                .targets
                .iter()
                .flat_map(|target| causes_at(evidence, target));
            failed(evidence, causes.collect())
        }
    }
}

fn failed(evidence: &Evidence, causes: Vec<Cause>) -> Verdict {
    let asked = &evidence.asked;
    let headline = format!(
        "{} does not connect",
        crate::phrase::endpoint(&asked.host, asked.port)
    );
    Verdict::new(false, headline, causes)
}

fn accepted(evidence: &Evidence) -> Option<&Target> {
    let accepted = |target: &&Target| matches!(target.attempt.outcome, ConnectOutcome::Accepted(_));
    evidence.targets.iter().find(accepted)
}

/// The cause that the address itself shows, before anything is sent.
fn address_cause(evidence: &Evidence) -> Option<Cause> {
    let host = &evidence.asked.host;
    let has = |oddity: Oddity| evidence.oddities.contains(&oddity);
    if has(Oddity::PortZero) {
        let says = "port 0 is no port: to a server it means \"any free port\"";
        let cause = Cause::certain(CauseKind::PortZero, says)
            .because("the port asked for is 0")
            .remedy("use the port that the server printed when it started");
        return Some(cause);
    }
    let broadcast = evidence
        .targets
        .iter()
        .any(|target| target.way.route == Route::Broadcast);
    if has(Oddity::Multicast) || broadcast {
        let says = format!("{host} stands for many machines; a connection has one peer");
        let cause = Cause::certain(CauseKind::BadAddress, says)
            .because("it is a multicast or broadcast address")
            .remedy("use the address of one machine");
        return Some(cause);
    }
    None
}

fn causes_at(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    let mut causes = causes_of_outcome(evidence, target);
    let told = causes
        .iter()
        .any(|cause| cause.kind == CauseKind::NotListening);
    if let Some(machine) = evidence
        .machine
        .as_ref()
        .filter(|_| is_local(target) && !told)
    {
        // Whatever else is wrong: without a server there is nothing to connect to.
        causes.splice(0..0, refused::unserved(machine, target));
    }
    causes
}

fn causes_of_outcome(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    match &target.attempt.outcome {
        ConnectOutcome::Accepted(_) | ConnectOutcome::NotTried => Vec::new(),
        ConnectOutcome::ResetAtOnce => talk::ended::reset_at_once(target),
        ConnectOutcome::Refused => refused::causes(evidence, target),
        ConnectOutcome::TimedOut => unanswered::causes(evidence, target),
        ConnectOutcome::HostUnreachable | ConnectOutcome::NetworkUnreachable => {
            unreachable::causes(evidence, target)
        }
        // ICMPv6 "administratively prohibited" becomes EACCES, as if this machine had said it.
        ConnectOutcome::Forbidden if target.attempt.icmp.is_some() => {
            unreachable::causes(evidence, target)
        }
        _ => here::causes(evidence, target),
    }
}

/// "answered with a reset after 0.4 ms": what happened, as evidence.
fn happened(target: &Target, what: &str) -> String {
    format!(
        "{} {what} after {}",
        target.address,
        took(target.attempt.took)
    )
}

/// "did not answer within 4.0 s".
fn waited(target: &Target, what: &str) -> String {
    let address = target.address;
    format!("{address} {what} within {}", took(target.attempt.took))
}

fn took(time: Duration) -> String {
    crate::phrase::duration(time)
}

fn is_local(target: &Target) -> bool {
    target.way.route == Route::Local || target.address.ip().is_loopback()
}

/// The command that shows, on the server, who listens on the port.
fn list_listeners(port: u16) -> String {
    format!("on the server: ss -ltnp 'sport = :{port}'")
}
