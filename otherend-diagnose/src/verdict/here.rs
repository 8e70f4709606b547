//! This machine could not even try: a rule, a route, ports, descriptors, a missing family.

use crate::cause::{Cause, CauseKind};
use crate::evidence::{ConnectOutcome, Evidence, Route, RuleHit, Target};
use crate::phrase;

pub(super) fn causes(_evidence: &Evidence, target: &Target) -> Vec<Cause> {
    match &target.attempt.outcome {
        ConnectOutcome::Forbidden => forbidden(target),
        ConnectOutcome::NoLocalPort => vec![no_local_port(target)],
        ConnectOutcome::NoDescriptors => vec![no_descriptors()],
        ConnectOutcome::FamilyMissing => vec![family_missing(phrase::family(target.address.ip()))],
        ConnectOutcome::SelfConnected => self_connected(target),
        ConnectOutcome::Other(text) => vec![unexplained(target, text)],
        _ => Vec::new(),
    }
}

fn forbidden(target: &Target) -> Vec<Cause> {
    if let Some(rule) = &target.way.outgoing {
        return vec![stopped_by_rule(target, rule)];
    }
    let kind = match target.way.route {
        Route::Forbidden(kind) => kind,
        _ => return vec![forbidden_by_something(target)],
    };
    vec![forbidden_by_route(target, kind)]
}

/// A route of the kind `prohibit`, `unreachable` or `blackhole`.
pub(super) fn forbidden_by_route(target: &Target, kind: &str) -> Cause {
    let ip = target.address.ip();
    Cause::certain(
        CauseKind::RouteForbids,
        format!("a route on this machine forbids to send to {ip}"),
    )
    .because(format!("the route to {ip} is of the kind {kind}"))
    .check(format!("ip route get {ip}"))
    .remedy(format!(
        "find it with {route} show type {kind}, and remove it: {route} del {kind} PREFIX",
        route = phrase::ip_route(ip)
    ))
}

fn forbidden_by_something(target: &Target) -> Cause {
    Cause::certain(
        CauseKind::FirewallHere,
        format!(
            "this machine forbids this process to connect to {}",
            target.address
        ),
    )
    .because("the kernel says: permission denied")
    .check(
        "as root: nft list ruleset; ip rule; the limits of the service or container \
        (IPAddressDeny, seccomp, SELinux)",
    )
    .remedy("allow it there")
}

/// A firewall rule of this machine stops the outgoing packet.
pub(super) fn stopped_by_rule(target: &Target, rule: &RuleHit) -> Cause {
    let says = format!(
        "a rule on this machine stops what is sent to {}",
        target.address
    );
    let cause = match rule.certain {
        true => Cause::certain(CauseKind::FirewallHere, says),
        false => Cause::likely(CauseKind::FirewallHere, says),
    };
    cause
        .because(format!("{}: {}", rule.place, rule.text))
        .remedy(rule.remedy())
}

fn no_local_port(target: &Target) -> Cause {
    Cause::certain(
        CauseKind::NoLocalPort,
        "this machine has no free port left for an outgoing connection",
    )
    .because("the kernel says: cannot assign requested address")
    .check(format!(
        "ss -tan dst {} | wc -l comes near the number of ports in sysctl \
            net.ipv4.ip_local_port_range",
        target.address.ip()
    ))
    .remedy(
        "close connections, or widen the range, as root: sysctl \
            net.ipv4.ip_local_port_range='1024 65535'",
    )
}

pub(super) fn no_descriptors() -> Cause {
    Cause::certain(
        CauseKind::NoDescriptors,
        "otherend itself may open no further socket: its limit of open files is used up",
    )
    .because("the kernel says: too many open files")
    .check("ulimit -n, where otherend is started")
    .remedy("raise the limit there: ulimit -n 4096")
}

fn family_missing(family: &str) -> Cause {
    Cause::certain(
        CauseKind::FamilyMissing,
        format!("this machine does not have {family}"),
    )
    .because("the kernel says: address family not supported")
    .remedy("use an address of the other family")
}

/// The kernel chose the destination's own port as the source port: nobody listens there.
fn self_connected(target: &Target) -> Vec<Cause> {
    let port = target.address.port();
    vec![
        Cause::certain(
            CauseKind::SelfConnect,
            format!(
                "the connection to {} was made to itself; there is no server",
                target.address
            ),
        )
        .because(format!(
            "the local and the peer's address are both {}",
            target.address
        ))
        .because(format!(
            "port {port} is in the range that outgoing connections take ports from"
        ))
        .remedy(
            "start the server; choose a port below the range (sysctl net.ipv4.ip_local_port_range)",
        ),
        Cause::certain(
            CauseKind::NotListening,
            format!("no server listens on port {port} here"),
        )
        .because("a connection cannot take a port that a server listens on")
        .remedy("start the server"),
    ]
}

fn unexplained(target: &Target, text: &str) -> Cause {
    Cause::certain(
        CauseKind::Unexplained,
        format!("connecting to {} gave: {text}", target.address),
    )
    .because(format!("the kernel says: {text}"))
}
