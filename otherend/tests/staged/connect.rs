//! `otherend connect` to machines that do not answer.

use super::stage::staged;

#[test]
fn a_machine_that_is_off_is_said_to_be() {
    // What the kernel tells itself comes over loopback.
    let script = "ip link set lo up\n$OTHEREND connect 192.168.77.9:8080";
    let Some(outcome) = staged(script) else {
        return;
    };
    let outcome = outcome
        .exited(1)
        .complained("cannot connect to 192.168.77.9:8080: no route to host")
        .complained("\n  wrong-address: ")
        .complained("\n  host-down: ");
    assert!(!outcome.stderr.contains("firewall"), "{outcome}");
}

#[test]
fn who_answers_nothing_is_waited_for_as_long_as_was_said() {
    // It answers on the link, and drops what comes then.
    const DROPS: &str = "
ip neigh add 192.168.77.8 lladdr 02:00:00:00:00:08 dev up0
$OTHEREND connect -w 300ms 192.168.77.8:8080";
    let Some(outcome) = staged(DROPS) else {
        return;
    };
    outcome
        .exited(4)
        .complained("cannot connect to 192.168.77.8:8080: no answer in time")
        .complained("\n  firewall-drop: ");
}

#[test]
fn without_a_route_there_is_advice() {
    let script = "ip route del default\n$OTHEREND connect 198.51.100.1:8080";
    let Some(outcome) = staged(script) else {
        return;
    };
    outcome
        .exited(1)
        .complained("cannot connect to 198.51.100.1:8080: network is unreachable")
        .complained("\n  no-route: ")
        .complained("ip route add default");
}
