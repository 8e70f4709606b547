//! `otherend interfaces` on a machine whose adapters are known: a network namespace with one that
//! is up, one that is down, and addresses of every scope.
//!
//! Needs root, `ip` and `unshare`; says so and passes without root. With `OTHEREND_CI=1` in the
//! environment the tools must be there.
#![cfg(target_os = "linux")]

#[path = "peers/installed.rs"]
mod installed;
#[path = "cli/program.rs"]
mod program;

use program::{Outcome, program};
use serde_json::Value;

const STAGE: &str = "set -e
mount -t sysfs sysfs /sys
ip link add up0 address 02:00:00:00:00:01 mtu 1400 type veth peer name peer0
ip link set up0 up
ip link set peer0 up
ip address add 192.168.77.1/24 dev up0
ip address add 203.0.113.1/32 dev up0
ip address add fd77::1/64 dev up0 nodad
ip address add fe80::77/64 dev up0 scope link nodad
ip route add default via 192.168.77.254
ip link add down0 type veth peer name peer1
ip address add 10.77.0.1/8 dev down0
";

/// Run this on the stage, where `$OTHEREND` is the program; none where there can be no stage.
fn staged(script: &str) -> Option<Outcome> {
    if !installed::all_there(&["ip", "unshare"]) {
        return None;
    }
    if !rustix::process::geteuid().is_root() {
        installed::show_skipped("network namespaces need root");
        return None;
    }
    let script = format!("{STAGE}{script}");
    let words = ["--net", "--mount", "sh", "-c", &script];
    let stage = program("unshare", &words).env("OTHEREND", env!("CARGO_BIN_EXE_otherend"));
    Some(stage.run())
}

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
