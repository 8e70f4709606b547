//! Can this machine serve at an address? The same kind of verdict, from what binding to it gave.

use std::net::{IpAddr, SocketAddr};

use crate::cause::{Cause, CauseKind, Verdict};
use crate::evidence::{
    BindAttempt, BindOutcome, Evidence, ListenEvidence, Listening, NameOutcome, RuleAction, RuleHit,
};
use crate::phrase;

/// What the evidence about an address to listen on amounts to.
pub fn listen_verdict(evidence: &ListenEvidence) -> Verdict {
    let address = phrase::endpoint(&evidence.asked.host, evidence.asked.port);
    if let Some(name) = &evidence.name
        && name.outcome != NameOutcome::Found
    {
        let asked = Evidence {
            asked: evidence.asked.clone(),
            ..Evidence::default()
        };
        let causes = super::name::causes(&asked, name);
        return Verdict::new(false, format!("{address} cannot be listened on"), causes);
    }
    let causes: Vec<Cause> = evidence
        .binds
        .iter()
        .filter_map(|bind| obstacle(evidence, bind))
        .collect();
    if causes.is_empty() {
        let remarks: Vec<Cause> = evidence
            .rules
            .incoming
            .iter()
            .map(|rule| firewall(evidence, rule))
            .collect();
        let headline = match remarks.is_empty() {
            true => format!("{address} can be listened on"),
            false => format!("{address} can be listened on; other machines will not reach it:"),
        };
        return Verdict::new(true, headline, remarks);
    }
    Verdict::new(false, format!("{address} cannot be listened on"), causes)
}

fn obstacle(evidence: &ListenEvidence, bind: &BindAttempt) -> Option<Cause> {
    let address = bind.address;
    match &bind.outcome {
        BindOutcome::Free => None,
        BindOutcome::Taken => Some(taken(evidence, address)),
        BindOutcome::NotHere => Some(not_here(evidence, address)),
        BindOutcome::Forbidden => Some(forbidden(evidence, address)),
        BindOutcome::FamilyMissing => Some(family_missing(address)),
        BindOutcome::NoDescriptors => Some(super::here::no_descriptors()),
        BindOutcome::Other(text) => Some(
            Cause::certain(
                CauseKind::Unexplained,
                format!("listening on {address} gave: {text}"),
            )
            .because(format!("the kernel says: {text}")),
        ),
    }
}

fn taken(evidence: &ListenEvidence, address: SocketAddr) -> Cause {
    let in_the_way: Vec<&Listening> = evidence
        .holders
        .iter()
        .filter(|holder| overlap(holder.address.ip(), address.ip()))
        .collect();
    let cause = match in_the_way.first() {
        Some(holder) => Cause::certain(CauseKind::PortTaken, whose(address, holder)),
        None => Cause::certain(
            CauseKind::PortTaken,
            format!("{address} is taken by a socket that does not listen, or of another user"),
        )
        .check(format!(
            "as root: {} 'sport = :{}'",
            sockets(evidence),
            address.port()
        )),
    };
    let cause = in_the_way.iter().fold(cause, with_age);
    let cause = cause.because("the kernel says: address already in use");
    let holder = in_the_way.iter().find_map(|holder| holder.process.as_ref());
    let end = match holder {
        Some(process) => format!("end the other server (kill {})", process.pid),
        None => "end the other server".to_owned(),
    };
    match evidence.nearest_free {
        Some(port) => cause.remedy(format!("use port {port}, which is free, or {end}")),
        None => cause.remedy(format!("{end}, or use another port")),
    }
}

/// The command that lists all sockets of the protocol with their processes.
fn sockets(evidence: &ListenEvidence) -> &'static str {
    match evidence.udp {
        true => "ss -uanp",
        false => "ss -tanp",
    }
}

/// Two sockets are in each other's way when one address is the other, or means all of its family;
/// the IPv6 "any" address may also stand for IPv4.
fn overlap(held: IpAddr, wanted: IpAddr) -> bool {
    // 127.0.0.1 and 192.168.1.20 go side by side on one port; 0.0.0.0 is in the way of both. `::` is in
    // the way of IPv4 where it is not IPV6_V6ONLY, which other programs seldom set.
    let same_family = held.is_ipv4() == wanted.is_ipv4();
    let both = |any: IpAddr| any.is_ipv6() && any.is_unspecified();
    held == wanted
        || (same_family && (held.is_unspecified() || wanted.is_unspecified()))
        || both(held)
        || both(wanted)
}

fn whose(address: SocketAddr, holder: &Listening) -> String {
    let name = holder
        .process
        .as_ref()
        .map_or("another server".to_owned(), |p| {
            format!("{} (pid {})", p.name, p.pid)
        });
    let held = holder.address;
    if held == address {
        format!("{name} listens on {address} already")
    } else if held.ip().is_unspecified() {
        format!(
            "{name} listens on {held}, which means all addresses, {} too",
            address.ip()
        )
    } else {
        format!("{name} listens on {held}, and {address} would mean that address too")
    }
}

/// Who holds the port is in the cause itself.
fn with_age(cause: Cause, holder: &&Listening) -> Cause {
    match holder
        .process
        .as_ref()
        .map(|process| (process.pid, process.age))
    {
        Some((pid, Some(age))) => {
            cause.because(format!("pid {pid} has run for {}", phrase::age(age)))
        }
        _ => cause,
    }
}

fn not_here(evidence: &ListenEvidence, address: SocketAddr) -> Cause {
    let same_family = |ip: &&IpAddr| ip.is_ipv4() == address.is_ipv4();
    let own: Vec<IpAddr> = evidence.own.iter().filter(same_family).copied().collect();
    let cause = Cause::certain(
        CauseKind::AddressNotHere,
        format!(
            "{} is not an address of this machine; only its own can be listened on",
            address.ip()
        ),
    )
    .because("the kernel says: cannot assign requested address");
    let any = if address.is_ipv4() { "0.0.0.0" } else { "::" };
    let all = format!("{any} for all of them (otherend serve --any)");
    match own.is_empty() {
        true => cause.remedy(format!("use {any}")),
        false => cause.remedy(format!("use {}, or {all}", phrase::list_or(&own))),
    }
}

fn forbidden(evidence: &ListenEvidence, address: SocketAddr) -> Cause {
    let port = address.port();
    match evidence.first_unprivileged {
        Some(first) if port < first => Cause::certain(
            CauseKind::PrivilegedPort,
            format!("port {port} needs a privilege: on this machine ports below {first} do"),
        )
        .because("the kernel says: permission denied")
        .because(format!("net.ipv4.ip_unprivileged_port_start is {first}"))
        .remedy(match evidence.nearest_free {
            Some(free) => format!(
                "use port {free}, which is free; or run as root, or: setcap \
                cap_net_bind_service=+ep on the program"
            ),
            None => "use a higher port, or run as root".to_owned(),
        }),
        _ => Cause::certain(
            CauseKind::PrivilegedPort,
            format!(
                "this process may not listen on \
            {address}"
            ),
        )
        .because("the kernel says: permission denied")
        .check("the limits of the service or container (seccomp, SELinux)")
        .remedy("allow it there, or use a port above 1023"),
    }
}

fn family_missing(address: SocketAddr) -> Cause {
    let family = phrase::family(address.ip());
    Cause::certain(
        CauseKind::FamilyMissing,
        format!("this machine does not have {family}"),
    )
    .because("the kernel says: address family not supported")
    .remedy("listen on an address of the other family")
}

/// Listening works, and a rule keeps others away.
fn firewall(evidence: &ListenEvidence, rule: &RuleHit) -> Cause {
    let port = evidence.asked.port;
    let (kind, does) = match rule.action {
        RuleAction::Drop => (CauseKind::FirewallDrop, "drops"),
        RuleAction::Reject => (CauseKind::FirewallReject, "rejects"),
    };
    let says = format!("a rule on this machine {does} what arrives from outside for port {port}");
    let cause = match rule.certain {
        true => Cause::certain(kind, says),
        false => Cause::likely(kind, says),
    };
    cause
        .because(format!("{}: {}", rule.place, rule.text))
        .remedy(rule.remedy())
}
