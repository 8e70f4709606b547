//! Each step of a listening diagnosis in words, with its mark.

use std::net::SocketAddr;

use crate::Mark;
use crate::evidence::{BindAttempt, BindOutcome, ListenEvidence, RuleHit};
use crate::interfaces::{self, Scope};
use crate::verdict::who;

type Told = (Mark, String);

pub(super) fn bind(bind: &BindAttempt) -> Told {
    let text = match &bind.outcome {
        BindOutcome::Free => return (Mark::Good, format!("{} is free", bind.address)),
        BindOutcome::Taken => "is taken",
        BindOutcome::NotHere => "is not an address of this machine",
        BindOutcome::Forbidden => "is not allowed to this user",
        BindOutcome::FamilyMissing => "has a family that this machine does not have",
        BindOutcome::NoDescriptors => "cannot be tried: too many open files in otherend itself",
        BindOutcome::Other(text) => text,
    };
    (Mark::Bad, format!("{} {text}", bind.address))
}

/// Who has the port, what lingers, what the firewall says.
pub(super) fn machine(evidence: &ListenEvidence) -> Vec<Told> {
    let mut told: Vec<Told> = evidence
        .holders
        .iter()
        .map(|holder| (Mark::Note, who(holder)))
        .collect();
    if evidence.time_wait > 0 {
        told.push((Mark::Note, lingering(evidence.time_wait)));
    }
    match (&evidence.rules.unreadable, &evidence.rules.incoming) {
        (Some(reason), _) => {
            let text = format!("the firewall rules of this machine cannot be read: {reason}");
            told.push((Mark::Unknown, text));
        }
        (None, Some(hit)) => {
            told.push((Mark::Bad, format!("firewall: {}: {}", hit.place, hit.text)))
        }
        (None, None) => {}
    }
    told
}

/// Connections in TIME_WAIT are in the way of a program that does not ask for the address all the
/// same.
fn lingering(count: usize) -> String {
    let linger = match count {
        1 => "1 ended connection lingers".to_owned(),
        count => format!("{count} ended connections linger"),
    };
    format!(
        "{linger} in TIME_WAIT, for about a minute: no obstacle for otherend; a program that does \
            not set SO_REUSEADDR gets \"address already in use\" until then"
    )
}

/// From where a listener on the address could be reached, unless this rule stops it.
pub(super) fn reach(address: SocketAddr, rule: Option<&RuleHit>) -> Told {
    let reaches = match interfaces::reachable_at(address) {
        Ok(reaches) => reaches,
        Err(error) => return (Mark::Unknown, error.to_string()),
    };
    let outside: Vec<String> = reaches
        .iter()
        .filter(|reach| reach.scope > Scope::Host)
        .map(ToString::to_string)
        .collect();
    let at = outside.join(", ");
    match rule {
        _ if outside.is_empty() => (
            Mark::Note,
            format!("{address} can be reached from this machine only"),
        ),
        None => (Mark::Good, format!("other machines reach it at {at}")),
        Some(rule) => {
            let stops = if rule.certain { "stops" } else { "may stop" };
            let text = format!("for other machines it would be {at}; the rule above {stops} them");
            (Mark::Bad, text)
        }
    }
}
