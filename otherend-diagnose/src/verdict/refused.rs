//! The connection was refused: by the machine, because nothing listens there, or by a firewall.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::listener::who;
use super::{happened, is_local, list_listeners, unreachable};
use crate::cause::{Cause, CauseKind};
use crate::evidence::{ConnectOutcome, Evidence, Listening, LocalServer, RuleAction, Target};
use crate::phrase;

pub(super) fn causes(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    if let Some(icmp) = &target.attempt.icmp {
        return vec![unreachable::rejected(target, icmp)];
    }
    if let Some(rule) = &target.way.outgoing
        && rule.action == RuleAction::Reject
    {
        return vec![super::here::stopped_by_rule(target, rule)];
    }
    // A reset has the address of the one who was asked, whoever sent it: from outside it is the
    // same from a closed port, a firewall (`reject with tcp reset`) and another machine that has the
    // address now. On the machine itself there is nobody else.
    match &evidence.machine {
        Some(machine) if is_local(target) => refused_here(machine, target),
        _ => refused_there(target),
    }
}

/// A reset came from another machine: from outside, many things look like this.
fn refused_there(target: &Target) -> Vec<Cause> {
    let port = target.address.port();
    let ip = target.address.ip();
    let reset = happened(target, "answered with a reset");
    let mut causes = Vec::new();
    for open in &target.contrast.open {
        causes.push(
            Cause::likely(
                CauseKind::OtherPort,
                format!("another port was meant: {ip} accepts on port {open}"),
            )
            .because(format!(
                "port {open} accepted a connection, port {port} refused"
            ))
            .check(format!("otherend diagnose {}", SocketAddr::new(ip, *open)))
            .remedy(format!("use port {open}, or start the server on {port}")),
        );
    }
    let or = if causes.is_empty() {
        ", or on another port"
    } else {
        ""
    };
    causes.push(
        Cause::likely(
            CauseKind::NotListening,
            format!("no server listens on port {port} of {ip}: not started, or ended{or}"),
        )
        .because(&reset)
        .check(format!(
            "on the server: ss -ltnp shows no line with :{port}"
        ))
        .remedy("start the server, or use the port that ss shows for it"),
    );
    causes.extend(listens_otherwise(target));
    causes.push(reset_by_firewall(target));
    causes.push(another_machine(target));
    causes
}

/// The server runs, on an address or of a family that was not asked for.
fn listens_otherwise(target: &Target) -> Vec<Cause> {
    let (ip, port) = (target.address.ip(), target.address.port());
    let (loopback, any): (IpAddr, IpAddr) = match ip {
        IpAddr::V4(_) => (Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into()),
        IpAddr::V6(_) => (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::UNSPECIFIED.into()),
    };
    let cause = |kind, says: String, shows: String| {
        Cause::possible(kind, says)
            .because("a machine answers with a reset for that, too")
            .check(format!("{} shows {shows}", list_listeners(port)))
    };
    let start = format!("start the server on {any} or on {ip} (otherend serve --any)");
    let connect = format!("connect to the address that ss shows, or {start}");
    let on_loopback = cause(
        CauseKind::LoopbackOnly,
        format!("the server listens on {loopback} of its machine only"),
        format!("{} and no other", SocketAddr::new(loopback, port)),
    );
    let mut causes = vec![on_loopback.remedy(start)];
    if ip.is_ipv6() {
        let on_ipv4 = cause(
            CauseKind::FamilyMismatch,
            "the server listens on IPv4 only".to_owned(),
            format!("0.0.0.0:{port} or another IPv4 address"),
        );
        causes.push(on_ipv4.remedy(&connect));
    }
    let elsewhere = cause(
        CauseKind::OtherAddress,
        "the server listens on another address of its machine only".to_owned(),
        "that address".to_owned(),
    );
    causes.push(elsewhere.remedy(connect));
    causes
}

fn another_machine(target: &Target) -> Cause {
    let ip = target.address.ip();
    Cause::possible(
        CauseKind::WrongAddress,
        format!("the server is another machine: it does not have {ip}, or no longer"),
    )
    .because("the reset shows that a machine is there, and not which")
    .check("on the server: otherend interfaces (or ip addr) prints its addresses")
    .remedy("use one of the addresses that the server prints")
}

fn reset_by_firewall(target: &Target) -> Cause {
    let cause = Cause::possible(
        CauseKind::FirewallReject,
        "a firewall at the server or on the way answers with a reset in the server's name",
    );
    // A closed port answers. Where the port beside it does not, somebody chooses.
    let silent = target
        .contrast
        .neighbours
        .iter()
        .find(|(_, outcome)| !outcome.answered());
    let cause = match silent {
        Some((port, _)) => cause.because(format!(
            "port {port} does not answer at all: a firewall is at work"
        )),
        None => cause.because("a reset does not show who sent it"),
    };
    cause
        .check(format!(
            "{} shows a server, and it is refused all the same",
            list_listeners(target.address.port())
        ))
        .remedy("allow the port in the firewall (nft list ruleset, iptables-save)")
}

/// This machine refused its own connection though a server listens; without one, that is the cause.
fn refused_here(machine: &LocalServer, target: &Target) -> Vec<Cause> {
    serving(machine, target)
        .map(|listening| refused_though_listening(machine, target, listening))
        .into_iter()
        .collect()
}

/// The server on this machine that takes connections to the target.
fn serving<'a>(machine: &'a LocalServer, target: &Target) -> Option<&'a Listening> {
    let ip = target.address.ip();
    let mut listeners = machine.listeners.iter();
    listeners.find(|l| covers(l.address.ip(), ip))
}

/// No server on this machine takes connections to the target: it runs elsewhere, or not at all.
pub(super) fn unserved(machine: &LocalServer, target: &Target) -> Vec<Cause> {
    if serving(machine, target).is_some() || target.attempt.outcome == ConnectOutcome::NotTried {
        return Vec::new();
    }
    let elsewhere: Vec<Cause> = machine
        .listeners
        .iter()
        .map(|listening| elsewhere(target, listening))
        .collect();
    if elsewhere.is_empty() {
        nobody(machine, target)
    } else {
        elsewhere
    }
}

/// Whether a listener on one address takes connections to another.
pub(super) fn covers(listening: IpAddr, asked: IpAddr) -> bool {
    let same_family = listening.is_ipv4() == asked.is_ipv4();
    listening == asked || (same_family && listening.is_unspecified())
}

fn refused_though_listening(
    machine: &LocalServer,
    target: &Target,
    listening: &Listening,
) -> Cause {
    let reset = happened(target, "answered with a reset");
    if let Some(rule) = &machine.rules.incoming {
        return Cause::certain(
            CauseKind::FirewallReject,
            format!(
                "a rule on this machine rejects what arrives for port {}",
                target.address.port()
            ),
        )
        .because(format!("{}: {}", rule.place, rule.text))
        .because(reset)
        .because(who(listening))
        .remedy(rule.remedy());
    }
    // With net.ipv4.tcp_abort_on_overflow a full queue answers with a reset; usually it is silent.
    if listening.queue.is_some_and(|queue| queue.is_full()) {
        return super::unanswered::backlog(listening).because(reset);
    }
    let cause = Cause::likely(
        CauseKind::FirewallReject,
        "a firewall rule rejects it, or the server had only just started",
    );
    let cause = cause.because(who(listening)).because(reset);
    let cause = match &machine.rules.unreadable {
        Some(reason) => cause.because(format!("the rules could not be read: {reason}")),
        None => cause,
    };
    cause
        .check("run the diagnosis again, as root")
        .remedy("as root: nft list ruleset")
}

/// The server runs here, on another address than the one asked for.
fn elsewhere(target: &Target, listening: &Listening) -> Cause {
    let asked = target.address;
    let on = listening.address;
    let differs = on.is_ipv4() != asked.is_ipv4();
    // Asked ::1 and it listens on 127.0.0.1, or asked for an outer IPv6 address and it listens on
    // 0.0.0.0: the family is why. Asked for an outer address and it listens on 127.0.0.1: whatever the
    // family, it would have to leave loopback first.
    let (kind, says) = if differs
        && (on.ip().is_loopback() == asked.ip().is_loopback() || on.ip().is_unspecified())
    {
        let (has, wants) = (phrase::family(on.ip()), phrase::family(asked.ip()));
        (
            CauseKind::FamilyMismatch,
            format!(
                "the server listens on {on}, which is {has}; you asked {asked}, which is {wants}"
            ),
        )
    } else if on.ip().is_loopback() {
        (
            CauseKind::LoopbackOnly,
            format!("the server listens on {on} only; you asked {asked}"),
        )
    } else {
        (
            CauseKind::OtherAddress,
            format!("the server listens on {on} only; you asked {asked}"),
        )
    };
    with_refusal(Cause::certain(kind, says).because(who(listening)), target).remedy(format!(
        "connect to {on}, or start the server on {}",
        wider(asked.ip())
    ))
}

fn wider(asked: IpAddr) -> String {
    match asked {
        _ if asked.is_loopback() => format!("{asked} as well"),
        IpAddr::V4(_) => format!("0.0.0.0 or {asked} (otherend serve --any)"),
        IpAddr::V6(_) => format!(":: or {asked} (otherend serve --any)"),
    }
}

/// Nobody listens on the port on any address of this machine; perhaps on a port close by.
fn nobody(machine: &LocalServer, target: &Target) -> Vec<Cause> {
    let port = target.address.port();
    let mut causes: Vec<Cause> = machine
        .nearby
        .iter()
        .map(|near| {
            Cause::likely(
                CauseKind::OtherPort,
                format!(
                    "another port was meant: a server listens on {}",
                    near.address
                ),
            )
            .because(who(near))
            .because(format!("nothing listens on port {port}"))
            .check("the port that the server printed when it started")
            .remedy(format!("use port {}", near.address.port()))
        })
        .collect();
    // A server one slip away is no proof that it was meant. Without one, the table of sockets is: it has
    // every listener of this machine, whoever owns it.
    let idle = "no process listens on this port on any address of this machine";
    let says = format!("no server runs on port {port} here: not started, or ended");
    let cause = match causes.is_empty() {
        true => Cause::certain(CauseKind::NotListening, says),
        false => Cause::likely(CauseKind::NotListening, says)
            .check("is the server meant to be on this port?"),
    };
    let cause = cause.because(idle);
    causes.push(with_refusal(cause, target).remedy("start the server"));
    causes
}

/// With what came back, when it was a refusal.
fn with_refusal(cause: Cause, target: &Target) -> Cause {
    match target.attempt.outcome {
        ConnectOutcome::Refused => cause.because(happened(target, "answered with a reset")),
        _ => cause,
    }
}
