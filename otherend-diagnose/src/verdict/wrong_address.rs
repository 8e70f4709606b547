//! Nobody has the address that was asked for.

use std::net::IpAddr;

use crate::cause::{Cause, CauseKind};
use crate::evidence::{Evidence, Oddity, Target};

/// Nobody has the address. A slip of the finger may be why, which is a guess and no evidence.
pub(super) fn wrong_address(evidence: &Evidence, target: &Target) -> Cause {
    let ip = target.address.ip();
    let says = format!("the address is wrong: no machine has {ip}");
    let cause = Cause::possible(CauseKind::WrongAddress, says)
        .check("on the server: otherend interfaces (or ip addr) prints its addresses");
    let remedy = "use one of the addresses that the server prints";
    match meant(evidence) {
        Some((network, meant)) => cause.remedy(format!(
            "{remedy}; perhaps {meant}, in this machine's network {network}, was meant"
        )),
        None => cause.remedy(remedy),
    }
}

/// The network of this machine that the address is one slip away from, and the address on it.
pub(super) fn meant(evidence: &Evidence) -> Option<(&str, IpAddr)> {
    evidence.oddities.iter().find_map(|oddity| match oddity {
        Oddity::NearOwnNetwork { network, meant } => Some((network.as_str(), *meant)),
        _ => None,
    })
}
