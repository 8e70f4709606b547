//! Somebody said that it cannot be reached: this machine, a router or a firewall. Who said it, and
//! with which ICMP code, tells them apart.

use std::net::IpAddr;

use super::icmp::{Meaning, icmp_text, meaning};
use super::wrong_address::{meant, wrong_address};
use super::{happened, here};
use crate::cause::{Cause, CauseKind, Likelihood};
use crate::evidence::{ConnectOutcome, Evidence, Icmp, Route, Target};
use crate::phrase;

pub(super) fn causes(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    let Some(icmp) = &target.attempt.icmp else {
        return without_icmp(evidence, target);
    };
    // The same words from two senders are two causes. "host unreachable" from this machine's own
    // address: nobody answered its ARP. From 203.0.113.1: that router is reached, and asked in vain.
    match meaning(icmp) {
        Meaning::Rejected => vec![rejected(target, icmp)],
        Meaning::NoRoute => vec![router_without_route(target, icmp)],
        Meaning::Circle => vec![circle(target, icmp)],
        Meaning::HostSilent if target.way.is_from(icmp.from) => nobody_on_link(evidence, target),
        Meaning::HostSilent => nobody_behind_router(evidence, target, icmp.from),
    }
}

fn without_icmp(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    // Nobody outside said anything, so it was this machine: from what it was told to do, over a link
    // that is down, to an ARP without an answer. What remains is that it knows no way at all.
    if let Route::Forbidden(kind) = target.way.route {
        return vec![here::forbidden_by_route(target, kind)];
    }
    if let Some(interface) = &target.way.down {
        return vec![interface_down(target, interface)];
    }
    if target.attempt.outcome == ConnectOutcome::HostUnreachable {
        return nobody_on_link(evidence, target);
    }
    vec![no_route(evidence, target)]
}

/// Neither a network of its own nor a default route takes it there.
fn no_route(evidence: &Evidence, target: &Target) -> Cause {
    let ip = target.address.ip();
    let says = format!("this machine has no route to {ip}, not even a default one");
    let add = format!("{} add default via ROUTER", phrase::ip_route(ip));
    let cause =
        Cause::certain(CauseKind::NoRoute, says).because("the kernel says: network is unreachable");
    match meant(evidence) {
        Some((network, meant)) => cause
            .because(format!(
                "{ip} is one slip away from {network}, this machine's network"
            ))
            .remedy(format!(
                "use {meant}, if that was meant; else connect the network, or add a route: {add}"
            )),
        None => cause.remedy(format!("connect the network, or add a route: {add}")),
    }
}

fn interface_down(target: &Target, interface: &str) -> Cause {
    Cause::certain(
        CauseKind::InterfaceDown,
        format!(
            "the interface {interface}, which leads to {}, is down",
            target.address.ip()
        ),
    )
    .because(format!(
        "{interface} has a network with this address, and is {}",
        target.way.down_because()
    ))
    .check(format!(
        "ip link show {interface} prints NO-CARRIER or state DOWN"
    ))
    .remedy(match target.way.no_link {
        true => "connect its cable or its radio network".to_owned(),
        false => format!("switch it on: ip link set {interface} up"),
    })
}

/// A firewall's "no", by ICMP. From this machine itself, it is this machine's firewall.
pub(super) fn rejected(target: &Target, icmp: &Icmp) -> Cause {
    let Icmp { from, .. } = icmp;
    // A firewall of this machine that rejects what leaves writes its own address as the sender. At
    // loopback that address is the server's as well, and the rule an incoming one.
    let own = target.way.is_from(*from) && !super::is_local(target);
    let (kind, whose, place) = match own {
        true => (
            CauseKind::FirewallHere,
            "this machine's own firewall".to_owned(),
            "here".to_owned(),
        ),
        false if *from == target.address.ip() => (
            CauseKind::FirewallReject,
            format!("a firewall on {from} itself"),
            format!("on {from}"),
        ),
        false => (
            CauseKind::FirewallReject,
            format!("a firewall on the way ({from})"),
            format!("on {from}"),
        ),
    };
    let sender = match own {
        true => format!("this machine ({from})"),
        false => from.to_string(),
    };
    let said = format!(
        "{sender} sent ICMP \"{}\" after {}, which nobody but a firewall sends for a closed port",
        icmp_text(icmp),
        super::took(target.attempt.took)
    );
    Cause::certain(
        kind,
        format!("{whose} rejects connections to {}", target.address),
    )
    .because(said)
    .check(format!(
        "{place}, as root: nft list ruleset, iptables-save: look for reject"
    ))
    .remedy("allow the port in that firewall")
}

fn router_without_route(target: &Target, icmp: &Icmp) -> Cause {
    Cause::certain(
        CauseKind::NoRoute,
        format!(
            "the router {} has no route to {}",
            icmp.from,
            target.address.ip()
        ),
    )
    .because(format!("{} sent ICMP \"{}\"", icmp.from, icmp_text(icmp)))
    .check(format!(
        "on {}: ip route get {}",
        icmp.from,
        target.address.ip()
    ))
    .remedy("correct the address, or give that router a route")
}

/// Routers send it to each other until its hops are used up.
fn circle(target: &Target, icmp: &Icmp) -> Cause {
    let ip = target.address.ip();
    Cause::certain(
        CauseKind::RoutingLoop,
        format!("routers send packets for {ip} in a circle"),
    )
    .because(format!("{} sent ICMP \"{}\"", icmp.from, icmp_text(icmp)))
    .check(format!(
        "the routes of the routers: traceroute {ip} shows which repeat"
    ))
    .remedy("correct the address, or the routers' routes")
}

/// This machine asked on its network (ARP, neighbour discovery) and nobody answered.
pub(super) fn nobody_on_link(evidence: &Evidence, target: &Target) -> Vec<Cause> {
    if let Route::Via {
        gateway, interface, ..
    } = &target.way.route
    {
        return vec![gateway_down(target, *gateway, interface)];
    }
    let ip = target.address.ip();
    let interface = match &target.way.route {
        Route::Direct { interface, .. } => format!(" on {interface}"),
        _ => String::new(),
    };
    let unclaimed = format!(
        "nobody{interface} answers to {ip} ({}, {})",
        phrase::link_question(ip),
        super::took(target.attempt.took)
    );
    let down = target.way.down.as_deref();
    let down = down.map(|interface| likely(interface_down(target, interface)).because(&unclaimed));
    let mut causes: Vec<Cause> = down.into_iter().collect();
    causes.extend([
        likely(wrong_address(evidence, target)).because(&unclaimed),
        Cause::likely(
            CauseKind::HostDown,
            format!(
                "the machine {} is off, asleep, or not on this network",
                target.address.ip()
            ),
        )
        .because(unclaimed)
        .check("is it on, and on the same cable, switch or WLAN?")
        .remedy("start it or connect it"),
    ]);
    causes
}

fn gateway_down(target: &Target, gateway: IpAddr, interface: &str) -> Cause {
    Cause::certain(
        CauseKind::GatewayDown,
        format!(
            "the router {gateway}, through which {} is reached, does not answer",
            target.address.ip()
        ),
    )
    .because(format!(
        "nobody on {interface} answers to {gateway} ({})",
        phrase::link_question(gateway)
    ))
    .remedy(format!(
        "check the router and the cable to it, or the default route ({})",
        phrase::ip_route(gateway)
    ))
}

fn nobody_behind_router(evidence: &Evidence, target: &Target, router: IpAddr) -> Vec<Cause> {
    let ip = target.address.ip();
    let told = happened(
        target,
        &format!("is unreachable, says the router {router},"),
    );
    vec![
        likely(wrong_address(evidence, target)).because(&told),
        Cause::likely(
            CauseKind::HostDown,
            format!("the machine {ip} is off, asleep or unplugged"),
        )
        .because(told)
        .because(format!("the way as far as {router} works"))
        .check("is it on, and does it reach others?")
        .remedy("start it or connect it"),
    ]
}

fn likely(cause: Cause) -> Cause {
    let likelihood = Likelihood::Likely;
    Cause {
        likelihood,
        ..cause
    }
}
