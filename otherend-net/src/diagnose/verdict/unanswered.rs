//! Nothing came back in time: dropped here, on the way or there, a full queue, or nobody there at
//! all.

use super::{here, is_local, list_listeners, unreachable, waited};
use std::net::IpAddr;

use crate::diagnose::cause::{Cause, Likelihood};
use crate::diagnose::evidence::{
    Evidence, Link, Listening, Machine, Oddity, Route, RuleAction, RuleHit, Target,
};
use crate::diagnose::word::Word;

pub(super) fn causes(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    let stopped = target
        .way
        .outgoing
        .as_ref()
        .map(|rule| here::stopped_by_rule(target, rule));
    if let Some(cause) = stopped
        .as_ref()
        .filter(|cause| cause.likelihood == Likelihood::Certain)
    {
        return vec![cause.clone()];
    }
    if target.attempt.refused_to_send == Some(true) {
        return vec![swallowed(target)];
    }
    let mut causes = match &evidence.machine {
        Some(machine) if is_local(target) => dropped_here(machine, target),
        _ => dropped_elsewhere(evidence, target),
    };
    causes.extend(stopped);
    if !evidence.rules_read && target.attempt.refused_to_send.is_none() {
        causes.push(perhaps_here(target));
    }
    causes
}

/// Nothing shows whether this machine lets it out.
fn perhaps_here(target: &Target) -> Cause {
    let says = "a firewall rule on this machine drops what it sends";
    Cause::possible(Word::FirewallHere, says)
        .because(waited(target, "did not answer"))
        .because("this machine's rules cannot be read, nor was there time to see a repetition fail")
        .check("again with a longer time (-w 10), or as root")
        .remedy("allow the port in this machine's outgoing rules")
}

/// The kernel could not even send: a rule on this machine.
fn swallowed(target: &Target) -> Cause {
    Cause::certain(
        Word::FirewallHere,
        format!(
            "a firewall rule on this machine drops what is sent to {}",
            target.address
        ),
    )
    .because(waited(target, "was not answered"))
    .because("the kernel could not send its repetitions of this connection's first packet")
    .check("as root: nft list ruleset, iptables-save: look at the output chains")
    .remedy("allow the port in this machine's outgoing rules")
}

/// The server runs here: its queue and the rules can be looked at.
fn dropped_here(machine: &Machine, target: &Target) -> Vec<Cause> {
    let mut causes = Vec::new();
    let full = machine
        .listeners
        .iter()
        .find(|l| l.queue.is_some_and(|queue| queue.is_full()));
    causes
        .extend(full.map(|listening| backlog(listening).because(waited(target, "did not answer"))));
    causes.extend(
        machine
            .rules
            .incoming
            .as_ref()
            .map(|rule| dropped_by_rule(target, rule)),
    );
    if causes.is_empty() {
        let cause = Cause::likely(
            Word::FirewallDrop,
            "a firewall rule on this machine drops it",
        )
        .because(waited(target, "did not answer, though it is this machine,"));
        let cause = match &machine.rules.unreadable {
            Some(reason) => cause.because(format!("the rules could not be read: {reason}")),
            None => cause,
        };
        causes.push(cause.remedy("as root: nft list ruleset"));
    }
    causes
}

fn dropped_by_rule(target: &Target, rule: &RuleHit) -> Cause {
    let says = format!(
        "a rule on this machine drops what arrives for port {}",
        target.address.port()
    );
    let cause = match rule.certain {
        true => Cause::certain(Word::FirewallDrop, says),
        false => Cause::likely(Word::FirewallDrop, says),
    };
    debug_assert!(rule.action == RuleAction::Drop || rule.action == RuleAction::Reject);
    cause
        .because(format!("{}: {}", rule.place, rule.text))
        .because(waited(target, "did not answer"))
        .remedy("remove or change that rule")
}

/// The queue of a server on this machine is full.
pub(super) fn backlog(listening: &Listening) -> Cause {
    let cause = Cause::certain(
        Word::BacklogFull,
        "the server does not accept fast enough: its queue of waiting connections is full",
    );
    let cause = match listening.queue {
        Some(queue) => cause.because(format!(
            "{} connections wait, the limit is {} (Recv-Q and Send-Q in ss)",
            queue.waiting, queue.limit
        )),
        None => cause,
    };
    let cause = cause.because(super::refused::who(listening));
    match &listening.process {
        Some(process) if super::talk::is_stopped(process) => cause
            .because(format!(
                "its process is stopped (state {})",
                process.state.unwrap_or('T')
            ))
            .remedy(format!("let it go on: kill -CONT {}", process.pid)),
        _ => cause
            .remedy("see why the server does not accept: it hangs, is overloaded or is stopped"),
    }
}

/// Another machine, or nobody. What else answers there tells some causes apart.
fn dropped_elsewhere(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    let contrast = &target.contrast;
    if contrast.port_answers() {
        return port_is_silent(target);
    }
    if contrast.host_answers() || on_link(target) == Some(Link::Answers) {
        return vec![everything_dropped(target)];
    }
    if contrast.link == Some(Link::Silent) {
        return unreachable::nobody_on_link(evidence, target);
    }
    nothing_answers(evidence, target)
}

/// What the neighbour table says about the machine itself, not about a router towards it.
fn on_link(target: &Target) -> Option<Link> {
    match target.way.route {
        Route::Direct { .. } => target.contrast.link,
        _ => None,
    }
}

fn port_is_silent(target: &Target) -> Vec<Cause> {
    let port = target.address.port();
    let silent = waited(target, "did not answer");
    let answers = target
        .contrast
        .neighbours
        .iter()
        .find(|(_, outcome)| outcome.answered());
    let contrast = match answers {
        Some((other, _)) => format!("port {other} of the same machine answers"),
        None => "another port of the same machine answers".to_owned(),
    };
    vec![
        Cause::likely(
            Word::FirewallDrop,
            format!("a firewall at the server or on the way drops connections to port {port}"),
        )
        .because(&silent)
        .because(&contrast)
        .check("on the server, as root: nft list ruleset, iptables-save: look for the port")
        .remedy("allow the port in the firewall"),
        Cause::possible(
            Word::BacklogFull,
            "the server accepts no more: its queue of waiting connections is full",
        )
        .because(silent)
        .because(contrast)
        .check(format!(
            "{} shows a Recv-Q above its Send-Q",
            list_listeners(port)
        ))
        .remedy("see why the server does not accept: it hangs, is overloaded or is stopped"),
    ]
}

fn everything_dropped(target: &Target) -> Cause {
    let alive = match target.contrast.ping {
        Some(true) => "the machine answers an echo request",
        _ => "the machine answers on the network (ARP or neighbour discovery)",
    };
    Cause::likely(
        Word::FirewallDrop,
        format!(
            "a firewall at the server or on the way drops connections, to port {} as to its \
                neighbours",
            target.address.port()
        ),
    )
    .because(waited(target, "did not answer"))
    .because(alive)
    .because("neighbouring ports do not answer either")
    .check(
        "on the server, as root: nft list ruleset, iptables-save: look at the input chain \
        and its policy",
    )
    .remedy("allow the port in the firewall")
}

/// Not a sign of life from there: all that remains.
fn nothing_answers(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    let silent = waited(target, "did not answer, nor did its other ports");
    let mut causes = vec![
        Cause::likely(
            Word::FirewallDrop,
            "a firewall at the server or on the way drops everything",
        )
        .because(&silent)
        .check("connect from a machine next to the server")
        .remedy("allow the port in the firewall that stands between"),
        Cause::likely(
            Word::HostDown,
            "the machine with this address is off or not connected",
        )
        .because(&silent)
        .check("is it on, and does it reach others?")
        .remedy("start it or connect it"),
        Cause::possible(
            Word::AnswerLost,
            "the packets arrive, and the answers do not find the way back",
        )
        .because(&silent)
        .check(format!(
            "on the server while this runs: ss -tn state syn-recv 'sport = :{}' shows a line",
            target.address.port()
        ))
        .remedy("give the server a route back to this machine, or allow its answers out"),
    ];
    causes.push(wrong_address(evidence, target).because(silent));
    causes
}

/// The address may be a slip of the finger. How likely that is depends on what else is known.
pub(super) fn wrong_address(evidence: &Evidence, target: &Target) -> Cause {
    let ip = target.address.ip();
    match meant(evidence) {
        Some((network, meant)) => {
            let says = format!("the address is wrong: perhaps {meant} was meant");
            Cause::possible(Word::WrongAddress, says)
                .because(format!(
                    "{ip} is one slip away from this machine's network {network}"
                ))
                .check(format!(
                    "otherend diagnose {meant}:{}",
                    target.address.port()
                ))
                .remedy("correct the address")
        }
        None => {
            let says = format!("the address is wrong: no machine has {ip}");
            Cause::possible(Word::WrongAddress, says)
                .check("on the server: otherend interfaces (or ip addr) prints its addresses")
                .remedy("use one of the addresses that the server prints")
        }
    }
}

/// The network of this machine that the address is one slip away from, and the address on it.
pub(super) fn meant(evidence: &Evidence) -> Option<(&str, IpAddr)> {
    evidence.oddities.iter().find_map(|oddity| match oddity {
        Oddity::NearOwnNetwork { network, meant } => Some((network.as_str(), *meant)),
        _ => None,
    })
}
