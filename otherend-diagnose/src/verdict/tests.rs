//! The reasoning as a table: each row is a piece of evidence and all the words it must give, in
//! order.

use std::net::SocketAddr;

mod here;
mod listen;
mod talk;

use super::super::cause::CauseKind::{self, *};
use super::super::evidence::*;
use super::*;

const REMOTE: &str = "192.168.1.65:8080";
const OWN: &str = "192.168.1.20";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A direct neighbour that was tried with this outcome.
fn remote(outcome: ConnectOutcome) -> Evidence {
    let target = Target {
        address: address(REMOTE),
        way: Way {
            route: Route::Direct {
                interface: "eth0".into(),
                source: Some(OWN.parse().unwrap()),
            },
            ..Way::default()
        },
        attempt: ConnectAttempt {
            outcome,
            took: Duration::from_millis(3),
            ..ConnectAttempt::default()
        },
        contrast: Contrast::default(),
    };
    with_targets(vec![target])
}

fn with_targets(targets: Vec<Target>) -> Evidence {
    Evidence {
        asked: Asked {
            host: targets[0].address.ip().to_string(),
            port: targets[0].address.port(),
            ..Asked::default()
        },
        targets,
        rules_read: true,
        ..Evidence::default()
    }
}

/// A server on this machine, asked at `asked`, that listens on `listens`.
fn local(asked: &str, outcome: ConnectOutcome, listens: &[&str]) -> Evidence {
    let mut evidence = remote(outcome);
    evidence.asked.port = address(asked).port();
    evidence.targets[0].address = address(asked);
    evidence.targets[0].way.route = Route::Local;
    let (same, near) = listens
        .iter()
        .map(|at| listening(at))
        .partition(|l| l.address.port() == address(asked).port());
    evidence.machine = Some(LocalServer {
        listeners: same,
        nearby: near,
        rules: Rules::default(),
    });
    evidence
}

fn listening(at: &str) -> Listening {
    Listening {
        address: address(at),
        process: Some(ServerProcess {
            pid: 4711,
            name: "myserver".into(),
            state: Some('S'),
            descriptors: Some((7, 1024)),
            age: None,
        }),
        queue: Some(AcceptQueue {
            waiting: 0,
            limit: 128,
        }),
    }
}

fn via_router(mut evidence: Evidence) -> Evidence {
    evidence.targets[0].way.route = Route::Via {
        gateway: "192.168.1.1".parse().unwrap(),
        interface: "eth0".into(),
        source: Some(OWN.parse().unwrap()),
    };
    evidence
}

fn with_icmp(mut evidence: Evidence, code: u8, from: &str) -> Evidence {
    evidence.targets[0].attempt.icmp = Some(Icmp {
        kind: 3,
        code,
        from: from.parse().unwrap(),
    });
    evidence
}

fn with_contrast(mut evidence: Evidence, contrast: Contrast) -> Evidence {
    evidence.targets[0].contrast = contrast;
    evidence
}

fn rule(action: RuleAction) -> RuleHit {
    RuleHit {
        action,
        text: "tcp dport 8080 drop".into(),
        undo: None,
        place: "table inet filter, chain input".into(),
        certain: true,
    }
}

#[track_caller]
fn gives(evidence: &Evidence, works: bool, words: &[CauseKind]) {
    let verdict = verdict(evidence);
    assert_eq!(verdict.kinds(), words, "{verdict:#?}");
    assert_eq!(verdict.works, works, "{verdict:#?}");
    for cause in &verdict.causes {
        assert!(!cause.because.is_empty(), "no evidence for {}", cause.kind);
        let alone = verdict.causes.len() == 1;
        assert!(
            alone || cause.check.is_some() || cause.likelihood == crate::Likelihood::Certain,
            "nothing tells {} from the others",
            cause.kind
        );
    }
}

#[test]
fn a_reset_from_another_machine_has_many_explanations() {
    let mut evidence = remote(ConnectOutcome::Refused);
    gives(
        &evidence,
        false,
        &[
            NotListening,
            LoopbackOnly,
            OtherAddress,
            FirewallReject,
            WrongAddress,
        ],
    );
    evidence.targets[0].address = address("[fd77::2]:8080");
    let loopback = &verdict(&evidence).causes[1];
    assert!(loopback.says.contains("::1"), "{loopback:?}");
    assert_eq!(verdict(&evidence).kinds()[2], FamilyMismatch);
}

#[test]
fn a_port_one_slip_away_that_accepts_comes_first() {
    let contrast = Contrast {
        open: vec![8081],
        ..Contrast::default()
    };
    let evidence = with_contrast(remote(ConnectOutcome::Refused), contrast);
    gives(
        &evidence,
        false,
        &[
            OtherPort,
            NotListening,
            LoopbackOnly,
            OtherAddress,
            FirewallReject,
            WrongAddress,
        ],
    );
}

#[test]
fn an_icmp_rejection_names_the_firewall() {
    for code in [3, 9, 10, 13] {
        let there = with_icmp(
            remote(ConnectOutcome::HostUnreachable),
            code,
            "192.168.1.65",
        );
        gives(&there, false, &[FirewallReject]);
    }
    gives(
        &with_icmp(remote(ConnectOutcome::Refused), 3, "192.168.1.65"),
        false,
        &[FirewallReject],
    );
    gives(
        &with_icmp(remote(ConnectOutcome::Refused), 3, OWN),
        false,
        &[FirewallHere],
    );
    gives(
        &with_icmp(
            via_router(remote(ConnectOutcome::HostUnreachable)),
            13,
            "192.168.1.1",
        ),
        false,
        &[FirewallReject],
    );
}

#[test]
fn an_icmpv6_rejection_is_not_this_machines() {
    let mut evidence = remote(ConnectOutcome::Forbidden);
    evidence.targets[0].address = address("[fd77::2]:8080");
    evidence.targets[0].attempt.icmp = Some(Icmp {
        kind: 1,
        code: 1,
        from: "fd77::2".parse().unwrap(),
    });
    gives(&evidence, false, &[FirewallReject]);
}

#[test]
fn packets_that_circle_are_no_missing_route() {
    let mut evidence = with_icmp(
        via_router(remote(ConnectOutcome::HostUnreachable)),
        0,
        "192.168.1.1",
    );
    evidence.targets[0].attempt.icmp.as_mut().unwrap().kind = 11;
    gives(&evidence, false, &[RoutingLoop]);
}

#[test]
fn who_says_unreachable_tells_the_causes_apart() {
    gives(
        &with_icmp(remote(ConnectOutcome::HostUnreachable), 1, OWN),
        false,
        &[WrongAddress, HostDown],
    );
    let routed = via_router(remote(ConnectOutcome::HostUnreachable));
    gives(&with_icmp(routed.clone(), 1, OWN), false, &[GatewayDown]);
    gives(
        &with_icmp(routed.clone(), 1, "192.168.1.1"),
        false,
        &[WrongAddress, HostDown],
    );
    gives(&with_icmp(routed, 0, "192.168.1.1"), false, &[NoRoute]);
}

#[test]
fn without_a_route_the_interface_may_be_down() {
    let mut evidence = remote(ConnectOutcome::NetworkUnreachable);
    evidence.targets[0].way.route = Route::None;
    gives(&evidence, false, &[NoRoute]);
    let near = Oddity::NearOwnNetwork {
        network: "192.168.2.0/24".into(),
        meant: "192.168.2.65".parse().unwrap(),
    };
    evidence.oddities = vec![near];
    gives(&evidence, false, &[NoRoute]);
    let remedy = verdict(&evidence).causes[0].remedy.clone().unwrap();
    assert!(remedy.starts_with("use 192.168.2.65"), "{remedy}");
    evidence.targets[0].way.down = Some("eth1".into());
    gives(&evidence, false, &[InterfaceDown]);
}

#[test]
fn silence_is_explained_by_what_else_answers() {
    let silent = remote(ConnectOutcome::TimedOut);
    let port = Contrast {
        neighbours: vec![(8081, ConnectOutcome::Refused)],
        ..Contrast::default()
    };
    gives(
        &with_contrast(silent.clone(), port),
        false,
        &[FirewallDrop, BacklogFull],
    );
    let host = Contrast {
        neighbours: vec![(8081, ConnectOutcome::TimedOut)],
        link: Some(Link::Answers),
        ..Contrast::default()
    };
    gives(
        &with_contrast(silent.clone(), host.clone()),
        false,
        &[FirewallDrop, AnswerLost],
    );
    let echo = Contrast {
        ping: Some(true),
        ..host
    };
    gives(&with_contrast(silent.clone(), echo), false, &[FirewallDrop]);
    let nobody = Contrast {
        link: Some(Link::Silent),
        ..Contrast::default()
    };
    gives(
        &with_contrast(silent.clone(), nobody),
        false,
        &[WrongAddress, HostDown],
    );
    gives(
        &via_router(silent),
        false,
        &[FirewallDrop, HostDown, AnswerLost, WrongAddress],
    );
}

#[test]
fn a_router_that_answers_on_the_link_is_not_the_machine() {
    let contrast = Contrast {
        link: Some(Link::Answers),
        ..Contrast::default()
    };
    let evidence = with_contrast(via_router(remote(ConnectOutcome::TimedOut)), contrast);
    gives(
        &evidence,
        false,
        &[FirewallDrop, HostDown, AnswerLost, WrongAddress],
    );
}

#[test]
fn nobody_answers_on_a_link_that_is_down() {
    let mut evidence = with_icmp(remote(ConnectOutcome::HostUnreachable), 1, OWN);
    evidence.targets[0].way.down = Some("eth0".into());
    evidence.targets[0].way.no_link = true;
    gives(&evidence, false, &[InterfaceDown, WrongAddress, HostDown]);
    let remedy = verdict(&evidence).causes[0].remedy.clone().unwrap();
    assert!(remedy.contains("cable"), "{remedy}");
}

#[test]
fn a_name_fails_in_five_ways() {
    let with = |outcome: NameOutcome| Evidence {
        name: Some(NameLookup {
            outcome,
            addresses: Vec::new(),
            source: NameSource::System,
            took: Duration::from_millis(20),
            resolvers: Vec::new(),
        }),
        ..remote(ConnectOutcome::NotTried)
    };
    gives(&with(NameOutcome::Unknown), false, &[NameUnknown]);
    gives(&with(NameOutcome::NoFamily), false, &[NameNoFamily]);
    gives(&with(NameOutcome::Silent), false, &[ResolverSilent]);
    gives(&with(NameOutcome::LookupOff), false, &[LookupOff]);
    let mut gave_up = with(NameOutcome::Silent);
    let resolvers = &mut gave_up.name.as_mut().unwrap().resolvers;
    resolvers.push(Resolver {
        address: address("192.168.1.53:53"),
        answer: ResolverAnswer::Addresses(1),
        addresses: vec![OWN.parse().unwrap()],
        took: Duration::from_secs(2),
    });
    gives(&gave_up, false, &[ResolverSlow]);
    gives(
        &with(NameOutcome::Failed("odd".into())),
        false,
        &[ResolverFailed],
    );
}

#[test]
fn an_address_can_be_wrong_before_anything_is_sent() {
    let with = |oddity| Evidence {
        oddities: vec![oddity],
        ..remote(ConnectOutcome::TimedOut)
    };
    gives(&with(Oddity::PortZero), false, &[PortZero]);
    gives(&with(Oddity::Multicast), false, &[BadAddress]);
    let near = Oddity::NearOwnNetwork {
        network: "192.168.2.0/24".into(),
        meant: "192.168.2.65".parse().unwrap(),
    };
    gives(
        &via_router(with(near)),
        false,
        &[FirewallDrop, HostDown, AnswerLost, WrongAddress],
    );
}
