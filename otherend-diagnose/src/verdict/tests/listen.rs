//! What is concluded from binding to an address.

use otherend_net::endpoint::Family;

use super::*;

#[test]
fn listening_fails_for_one_reason_at_an_address() {
    let with = |outcome| ListenEvidence {
        asked: Asked {
            host: "0.0.0.0".into(),
            port: 80,
            family: Family::Any,
            ..Asked::default()
        },
        binds: vec![BindAttempt {
            address: address("0.0.0.0:80"),
            outcome,
        }],
        holders: vec![listening("127.0.0.1:80")],
        first_unprivileged: Some(1024),
        nearest_free: Some(8081),
        ..ListenEvidence::default()
    };
    let words = |outcome| listen_verdict(&with(outcome)).kinds();
    assert_eq!(words(BindOutcome::Free), []);
    assert_eq!(words(BindOutcome::Taken), [PortTaken]);
    assert_eq!(words(BindOutcome::NotHere), [AddressNotHere]);
    assert_eq!(words(BindOutcome::Forbidden), [PrivilegedPort]);
    assert_eq!(words(BindOutcome::FamilyMissing), [FamilyMissing]);
    assert_eq!(words(BindOutcome::NoDescriptors), [NoDescriptors]);
    let taken = listen_verdict(&with(BindOutcome::Taken));
    assert_eq!(
        taken.causes[0].says,
        "myserver (pid 4711) listens on 127.0.0.1:80, and 0.0.0.0:80 would mean that address too"
    );
}

#[test]
fn a_socket_that_is_not_found_is_looked_for_with_its_protocol() {
    let check = |udp| {
        let evidence = ListenEvidence {
            udp,
            binds: vec![BindAttempt {
                address: address("0.0.0.0:9000"),
                outcome: BindOutcome::Taken,
            }],
            ..ListenEvidence::default()
        };
        listen_verdict(&evidence).causes[0].check.clone()
    };
    let wanted = |options| Some(format!("as root: ss {options} 'sport = :9000'"));
    assert_eq!(check(false), wanted("-tanp"));
    assert_eq!(check(true), wanted("-uanp"));
}

#[test]
fn a_rule_that_keeps_others_away_is_a_remark() {
    let evidence = ListenEvidence {
        rules: Rules {
            unreadable: None,
            incoming: Some(rule(RuleAction::Drop)),
        },
        ..ListenEvidence::default()
    };
    let verdict = listen_verdict(&evidence);
    assert_eq!((verdict.works, verdict.kinds()), (true, vec![FirewallDrop]));
}
