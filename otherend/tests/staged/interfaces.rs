//! `otherend interfaces`, and a server at a link-local address.

use serde_json::Value;

use super::program::Outcome;
use super::stage::staged;

fn adapters(outcome: Outcome) -> Vec<Value> {
    let outcome = outcome.succeeded();
    let lines = outcome.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[track_caller]
fn named<'a>(adapters: &'a [Value], name: &str) -> &'a Value {
    let found = adapters.iter().find(|adapter| adapter["name"] == name);
    found.unwrap_or_else(|| panic!("{name} is not in {adapters:?}"))
}

/// Each address with its prefix and scope.
fn addresses(adapter: &Value) -> Vec<String> {
    let all = adapter["addresses"].as_array().expect("a list");
    let text = |address: &Value| {
        let [ip, prefix, scope] = ["address", "prefix", "scope"].map(|key| address[key].clone());
        let (ip, scope) = (ip.as_str().unwrap_or("?"), scope.as_str().unwrap_or("?"));
        format!("{ip}/{prefix} {scope}")
    };
    // What the system adds by itself once it is sure that nobody else has it.
    let by_itself = |text: &String| text.starts_with("fe80::ff:fe00:1/");
    all.iter().map(text).filter(|t| !by_itself(t)).collect()
}

#[test]
fn an_adapter_is_told_with_all_that_it_has() {
    let Some(outcome) = staged("$OTHEREND interfaces --json") else {
        return;
    };
    let adapters = adapters(outcome);
    let up = named(&adapters, "up0");
    // Those that are seen from further away stand first.
    assert_eq!(
        addresses(up),
        [
            "203.0.113.1/32 global",
            "192.168.77.1/24 private",
            "fd77::1/64 private",
            "fe80::77/64 link",
        ]
    );
    assert_eq!(up["state"], "up");
    assert_eq!(up["kind"], "ethernet");
    assert_eq!(up["mac"], "02:00:00:00:00:01");
    assert_eq!(up["mtu"], 1400);
    assert_eq!(up["default"], true);
    assert_eq!(up["gateways"], serde_json::json!(["192.168.77.254"]));
}

#[test]
fn what_is_down_is_told_too_loopback_included() {
    let Some(outcome) = staged("$OTHEREND interfaces --json") else {
        return;
    };
    let adapters = adapters(outcome);
    let down = named(&adapters, "down0");
    assert_eq!(down["state"], "down");
    assert_eq!(addresses(down), ["10.77.0.1/8 private"]);
    let loopback = named(&adapters, "lo");
    assert_eq!(loopback["kind"], "loopback");
    assert_eq!(loopback["state"], "down", "a new namespace's is");
}

#[test]
fn a_server_is_reached_where_the_adapter_is_up() {
    let Some(outcome) = staged("$OTHEREND interfaces --port 9000") else {
        return;
    };
    let outcome = outcome.succeeded();
    let reached: Vec<&str> = outcome
        .stdout
        .lines()
        .filter(|l| l.contains(":9000"))
        .collect();
    let reached = reached.join("\n");
    assert!(reached.contains("  192.168.77.1:9000  "), "{outcome}");
    assert!(reached.contains("  [fe80::77%up0]:9000  "), "{outcome}");
    assert!(!reached.contains("10.77.0.1"), "it is down: {outcome}");
}

#[test]
fn a_link_local_address_is_listened_on_and_connected_to_with_its_zone() {
    const TALK: &str = "
$OTHEREND serve -q '[fe80::77%up0]:9000' & server=$!
echo hello | $OTHEREND connect --retry 10s '[fe80::77%up0]:9000'
kill $server
wait $server";
    // Each packet to an own address goes through loopback.
    let Some(outcome) = staged(&format!("ip link set lo up\n{TALK}")) else {
        return;
    };
    assert_eq!(outcome.succeeded().stdout, "From server -> hello\n");
}
