//! Nothing came back in time: dropped here, on the way or there, a full queue, or nobody there at
//! all.

use super::listener::who;
use super::wrong_address::wrong_address;
use super::{here, is_local, list_listeners, unreachable, waited};

use crate::cause::{Cause, CauseKind, Likelihood};
use crate::evidence::{
    ConnectOutcome, Evidence, Link, Listening, LocalServer, Route, RuleAction, RuleHit, Target,
};
use crate::phrase;

pub(super) fn causes(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    // From near to far: a rule here that surely drops it, a rule here that must be there, this machine as
    // the server, then everything beyond. What is not excluded by then stays in the list.
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
    // What is looked for on the link has passed this machine's rules, and not left it either.
    let waits_for_link = target.contrast.link == Some(Link::Silent);
    if target.attempt.refused_to_send == Some(true) && !waits_for_link {
        return vec![swallowed(target)];
    }
    let mut causes = match &evidence.machine {
        Some(machine) if is_local(target) => dropped_here(machine, target),
        _ => dropped_elsewhere(evidence, target),
    };
    causes.extend(stopped);
    if !evidence.rules_read && target.attempt.refused_to_send.is_none() && !waits_for_link {
        causes.push(perhaps_here(target));
    }
    causes
}

/// Nothing shows whether this machine lets it out.
fn perhaps_here(target: &Target) -> Cause {
    let says = "a firewall rule on this machine drops what it sends";
    Cause::possible(CauseKind::FirewallHere, says)
        .because(waited(target, "did not answer"))
        .because("this machine's rules cannot be read, nor was there time to see a repetition fail")
        .check("again with a longer time (-w 10), or as root")
        .remedy("allow the port in this machine's outgoing rules")
}

/// The kernel could not even send: a rule on this machine.
fn swallowed(target: &Target) -> Cause {
    Cause::certain(
        CauseKind::FirewallHere,
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
fn dropped_here(machine: &LocalServer, target: &Target) -> Vec<Cause> {
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
            CauseKind::FirewallDrop,
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
        true => Cause::certain(CauseKind::FirewallDrop, says),
        false => Cause::likely(CauseKind::FirewallDrop, says),
    };
    debug_assert!(rule.action == RuleAction::Drop || rule.action == RuleAction::Reject);
    cause
        .because(format!("{}: {}", rule.place, rule.text))
        .because(waited(target, "did not answer"))
        .remedy(rule.remedy())
}

/// The queue of a server on this machine is full.
pub(super) fn backlog(listening: &Listening) -> Cause {
    let cause = Cause::certain(
        CauseKind::BacklogFull,
        "the server does not accept fast enough: its queue of waiting connections is full",
    );
    let cause = match listening.queue {
        Some(queue) => cause.because(format!(
            "{} connections wait, the limit is {} (Recv-Q and Send-Q in ss), and the kernel takes one \
                more",
            queue.waiting, queue.limit
        )),
        None => cause,
    };
    let cause = cause.because(who(listening));
    match &listening.process {
        Some(process) if process.is_stopped() => cause
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
    // Each sign of life excludes what would silence it, too. Port 22 refuses: the machine is on, its
    // answers come back, only this port is silent. Nothing but ARP is answered: it is on, and all
    // that goes over IP is lost, on the way there or back. ARP itself is not answered: nobody there.
    if contrast.port_answers() {
        return port_is_silent(target);
    }
    if contrast.host_answers() || on_link(target) == Some(Link::Answers) {
        return everything_dropped(target);
    }
    if contrast.link == Some(Link::Silent) {
        return unreachable::nobody_on_link(evidence, target);
    }
    nothing_answers(evidence, target)
}

/// What the neighbour table says about the machine itself, not about a router towards it.
fn on_link(target: &Target) -> Option<Link> {
    // A router that answers is no sign that the machine behind it does.
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
        Some((other, ConnectOutcome::Refused)) => {
            format!("port {other} answers (it refuses), so the machine is up")
        }
        Some((other, _)) => format!("port {other} accepts, so the machine is up"),
        None => "another port accepts, so the machine is up".to_owned(),
    };
    vec![
        Cause::likely(
            CauseKind::FirewallDrop,
            format!("a firewall at the server or on the way drops connections to port {port}"),
        )
        .because(&silent)
        .because(&contrast)
        .check(format!(
            "{}, as root: nft list ruleset, iptables-save: look for the port",
            where_rules_are(target)
        ))
        .remedy("allow the port in the firewall"),
        Cause::possible(
            CauseKind::BacklogFull,
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

fn everything_dropped(target: &Target) -> Vec<Cause> {
    let silent = waited(target, "did not answer");
    if target.contrast.ping == Some(true) {
        // Answers do come back, to an echo request.
        return vec![drops_each(target, "the machine answers an echo request")];
    }
    let question = phrase::link_question(target.address.ip());
    let alive = format!("the machine answers on the network ({question})");
    vec![
        drops_each(target, &alive),
        answer_lost(target, &silent).because(alive),
    ]
}

fn drops_each(target: &Target, alive: &str) -> Cause {
    Cause::likely(
        CauseKind::FirewallDrop,
        format!(
            "a firewall at the server or on the way drops connections, to port {} as to its \
                neighbours",
            target.address.port()
        ),
    )
    .because(waited(target, "did not answer"))
    .because(alive)
    .because("neighbouring ports do not answer either")
    .check(format!(
        "{}, as root: nft list ruleset, iptables-save: look at the chains and their policies",
        where_rules_are(target)
    ))
    .remedy("allow the port in the firewall")
}

/// Whose rules may stop a packet on its way there, as far as the machines are known.
fn where_rules_are(target: &Target) -> String {
    match &target.way.route {
        Route::Via { gateway, .. } => format!("on the server and on the router {gateway}"),
        _ => "on the server".to_owned(),
    }
}

/// The server got the packets, and its answers do not arrive here.
fn answer_lost(target: &Target, silent: &str) -> Cause {
    Cause::possible(
        CauseKind::AnswerLost,
        "the packets arrive, and the answers do not find the way back",
    )
    .because(silent)
    .check(format!("{} prints a line", list_half_open(target)))
    .remedy("give the server a route back to this machine, or allow its answers out")
}

/// The command that shows, on the server, whose first packet has arrived.
fn list_half_open(target: &Target) -> String {
    let port = target.address.port();
    format!("on the server while this runs: ss -tn state syn-recv 'sport = :{port}'")
}

/// Not a sign of life from there: all that remains.
fn nothing_answers(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    let silent = waited(target, "did not answer, nor did its other ports");
    let mut causes = vec![
        Cause::likely(
            CauseKind::FirewallDrop,
            "a firewall at the server or on the way drops everything",
        )
        .because(&silent)
        .check(format!("{} prints no line", list_half_open(target)))
        .remedy("allow the port in the firewall that stands between"),
        Cause::likely(
            CauseKind::HostDown,
            "the machine with this address is off or not connected",
        )
        .because(&silent)
        .check("is it on, and does it reach others?")
        .remedy("start it or connect it"),
        answer_lost(target, &silent),
    ];
    causes.push(wrong_address(evidence, target).because(silent));
    causes
}
