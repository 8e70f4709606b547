//! Each step of a listening diagnosis in words, with its mark.

use std::net::SocketAddr;

use crate::diagnose::Mark;
use crate::diagnose::evidence::{Bind, BindOutcome, ListenEvidence};
use crate::diagnose::verdict::who;
use crate::interfaces::{self, Scope};

type Told = (Mark, String);

pub(super) fn bind(bind: &Bind) -> Told {
    let text = match &bind.outcome {
        BindOutcome::Free => return (Mark::Good, format!("{} is free", bind.address)),
        BindOutcome::Taken => "is taken",
        BindOutcome::NotHere => "is not an address of this machine",
        BindOutcome::Forbidden => "is not allowed to this user",
        BindOutcome::FamilyMissing => "has a family that this machine does not have",
        BindOutcome::NoDescriptors => "cannot be tried: too many open files in this process",
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
        let count = evidence.time_wait;
        let text = format!("{count} ended connections linger in TIME_WAIT: no obstacle");
        told.push((Mark::Note, text));
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

/// From where a listener on the address could be reached.
pub(super) fn reach(address: SocketAddr) -> Told {
    let reaches = match interfaces::reachable_at(address) {
        Ok(reaches) => reaches,
        Err(error) => return (Mark::Unknown, error.to_string()),
    };
    let outside: Vec<String> = reaches
        .iter()
        .filter(|reach| reach.scope > Scope::Host)
        .map(ToString::to_string)
        .collect();
    match outside.is_empty() {
        true => (
            Mark::Note,
            format!("{address} can be reached from this machine only"),
        ),
        false => (
            Mark::Good,
            format!("other machines reach it at {}", outside.join(", ")),
        ),
    }
}
