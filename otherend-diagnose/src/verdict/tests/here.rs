//! What is concluded about this machine: as the client that cannot send, and as the server.

use super::*;

#[test]
fn on_this_machine_a_refusal_has_one_explanation() {
    gives(
        &local("127.0.0.1:8080", ConnectOutcome::Refused, &[]),
        false,
        &[NotListening],
    );
    gives(
        &local(
            "192.168.1.20:8080",
            ConnectOutcome::Refused,
            &["127.0.0.1:8080"],
        ),
        false,
        &[LoopbackOnly],
    );
    gives(
        &local(
            "127.0.0.1:8080",
            ConnectOutcome::Refused,
            &["192.168.1.20:8080"],
        ),
        false,
        &[OtherAddress],
    );
    gives(
        &local("[::1]:8080", ConnectOutcome::Refused, &["127.0.0.1:8080"]),
        false,
        &[FamilyMismatch],
    );
    gives(
        &local(
            "127.0.0.1:8080",
            ConnectOutcome::Refused,
            &["127.0.0.1:8081"],
        ),
        false,
        &[OtherPort, NotListening],
    );
}

#[test]
fn a_reset_although_a_server_listens_is_a_rule_or_a_full_queue() {
    let mut evidence = local("127.0.0.1:8080", ConnectOutcome::Refused, &["0.0.0.0:8080"]);
    gives(&evidence, false, &[FirewallReject]);
    let machine = evidence.machine.as_mut().unwrap();
    machine.listeners[0].queue = Some(AcceptQueue {
        waiting: 2,
        limit: 1,
    });
    gives(&evidence, false, &[BacklogFull]);
}

#[test]
fn what_this_machine_does_not_send_is_its_own_fault() {
    let mut evidence = remote(ConnectOutcome::TimedOut);
    evidence.targets[0].attempt.refused_to_send = Some(true);
    gives(&evidence, false, &[FirewallHere]);
    // Unless it is still looking for the machine on the link.
    let nobody = Contrast {
        link: Some(Link::Silent),
        ..Contrast::default()
    };
    let mut evidence = with_contrast(evidence, nobody);
    gives(&evidence, false, &[WrongAddress, HostDown]);
    evidence.rules_read = false;
    evidence.targets[0].attempt.refused_to_send = None;
    gives(&evidence, false, &[WrongAddress, HostDown]);
    let mut evidence = remote(ConnectOutcome::TimedOut);
    evidence.targets[0].way.outgoing = Some(rule(RuleAction::Drop));
    gives(&evidence, false, &[FirewallHere]);
    gives(&remote(ConnectOutcome::Forbidden), false, &[FirewallHere]);
    let mut evidence = via_router(remote(ConnectOutcome::TimedOut));
    evidence.rules_read = false;
    let possible = [
        FirewallDrop,
        HostDown,
        AnswerLost,
        WrongAddress,
        FirewallHere,
    ];
    gives(&evidence, false, &possible);
    evidence.targets[0].attempt.refused_to_send = Some(false);
    gives(&evidence, false, &possible[..4]);
}

#[test]
fn a_route_that_forbids_is_no_firewall() {
    let mut evidence = remote(ConnectOutcome::Forbidden);
    evidence.targets[0].way.route = Route::Forbidden("prohibit");
    gives(&evidence, false, &[RouteForbids]);
}

#[test]
fn this_machine_without_ports_descriptors_or_family() {
    gives(&remote(ConnectOutcome::NoLocalPort), false, &[NoLocalPort]);
    gives(
        &remote(ConnectOutcome::NoDescriptors),
        false,
        &[NoDescriptors],
    );
    gives(
        &remote(ConnectOutcome::FamilyMissing),
        false,
        &[FamilyMissing],
    );
    gives(
        &remote(ConnectOutcome::SelfConnected),
        false,
        &[SelfConnect, NotListening],
    );
    gives(
        &remote(ConnectOutcome::Other("odd".into())),
        false,
        &[Unexplained],
    );
}

#[test]
fn without_a_server_here_that_is_a_cause_whatever_else_is_wrong() {
    let with = |outcome, listens: &[&str]| local("127.0.0.1:8080", outcome, listens);
    gives(
        &with(ConnectOutcome::NoLocalPort, &[]),
        false,
        &[NotListening, NoLocalPort],
    );
    gives(
        &with(ConnectOutcome::SelfConnected, &[]),
        false,
        &[SelfConnect, NotListening],
    );
    gives(
        &with(ConnectOutcome::NoLocalPort, &["192.168.1.20:8080"]),
        false,
        &[OtherAddress, NoLocalPort],
    );
    gives(
        &with(ConnectOutcome::NoLocalPort, &["127.0.0.1:8080"]),
        false,
        &[NoLocalPort],
    );
    gives(&with(ConnectOutcome::NotTried, &[]), false, &[]);
}

#[test]
fn a_server_here_that_is_silent_shows_its_queue_or_its_rules() {
    let mut evidence = local(
        "127.0.0.1:8080",
        ConnectOutcome::TimedOut,
        &["127.0.0.1:8080"],
    );
    gives(&evidence, false, &[FirewallDrop]);
    let machine = evidence.machine.as_mut().unwrap();
    machine.listeners[0].queue = Some(AcceptQueue {
        waiting: 3,
        limit: 2,
    });
    gives(&evidence, false, &[BacklogFull]);
}
