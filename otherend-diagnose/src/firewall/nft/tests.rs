//! A ruleset as nft 1.0.6 lists it, and what it does to packets.

use super::super::{Direction, Packet, judge};
use super::*;
use crate::evidence::RuleAction;

const JSON: &str = r#"{"nftables": [
{"metainfo": {"version": "1.0.6"}},
{"table": {"family": "inet", "name": "filter", "handle": 1}},
{"set": {"family": "inet", "name": "ports", "table": "filter", "type": "inet_service", "handle": 4, "elem": [22, {"range": [8080, 8090]}]}},
{"chain": {"family": "inet", "table": "filter", "name": "other", "handle": 1}},
{"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 2, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
{"chain": {"family": "inet", "table": "filter", "name": "nat", "handle": 3, "type": "nat", "hook": "prerouting", "prio": -100, "policy": "drop"}},
{"rule": {"family": "inet", "table": "filter", "chain": "other", "handle": 5, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 83}}, {"reject": {"type": "icmpx", "expr": "admin-prohibited"}}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "other", "handle": 6, "expr": [{"return": null}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 7, "expr": [{"vmap": {"key": {"ct": {"key": "state"}}, "data": {"set": [["established", {"accept": null}], ["invalid", {"drop": null}]]}}}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 8, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iif"}}, "right": "lo"}}, {"accept": null}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 11, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": "@ports"}}, {"accept": null}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 12, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}}, {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 81}}, {"counter": {"packets": 0, "bytes": 0}}, {"drop": null}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 15, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": {"set": [82, 83]}}}, {"jump": {"target": "other"}}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 16, "expr": [{"match": {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": "192.0.2.9"}}, {"limit": {"rate": 5, "burst": 5, "per": "second"}}, {"drop": null}]}},
{"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 17, "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}}, "right": 84}}, {"accept": null}]}}
]}"#;

const PLAIN: &str = "table inet filter { # handle 1
\tchain input { # handle 2
\t\tip saddr 10.0.0.0/8 tcp dport 81 counter packets 0 bytes 0 drop # handle 12
\t}
}
";

fn hit(source: Option<&str>, port: u16) -> Option<(RuleAction, bool, String)> {
    let packet = Packet {
        direction: Direction::In,
        source: source.map(|ip| ip.parse().unwrap()),
        destination: "192.0.2.1".parse().unwrap(),
        port,
        interface: Some("eth0".to_owned()),
    };
    let hit = judge(&parse(JSON, PLAIN).unwrap(), &packet)?;
    Some((hit.action, hit.certain, hit.text))
}

#[test]
fn a_named_set_of_ports_is_looked_up() {
    assert_eq!(hit(Some("192.0.2.9"), 22), None);
    assert_eq!(hit(Some("192.0.2.9"), 8085), None);
}

#[test]
fn a_rule_is_quoted_as_the_listing_has_it() {
    let text = "ip saddr 10.0.0.0/8 tcp dport 81 counter packets 0 bytes 0 drop";
    let expected = (RuleAction::Drop, true, text.to_owned());
    assert_eq!(hit(Some("10.1.2.3"), 81), Some(expected));
}

#[test]
fn a_jump_leads_to_the_rule_behind_it() {
    let (action, certain, _) = hit(Some("192.0.2.9"), 83).unwrap();
    assert_eq!((action, certain), (RuleAction::Reject, true));
}

#[test]
fn the_policy_decides_what_no_rule_accepts() {
    let (action, certain, text) = hit(Some("192.0.2.9"), 84).unwrap();
    assert_eq!((action, certain), (RuleAction::Drop, true));
    assert_eq!(text, "its policy is drop, and no rule accepts");
}

#[test]
fn a_packet_that_a_rate_limit_may_stop_is_stopped_by_the_policy_for_certain() {
    let (_, certain, text) = hit(Some("192.0.2.7"), 84).unwrap();
    assert!(certain && text.starts_with("its policy"));
}

#[test]
fn from_an_unknown_source_a_rule_about_sources_is_uncertain() {
    let json = JSON.replace("\"policy\": \"drop\"", "\"policy\": \"accept\"");
    let packet = Packet {
        direction: Direction::In,
        source: None,
        destination: "192.0.2.1".parse().unwrap(),
        port: 81,
        interface: None,
    };
    let hit = judge(&parse(&json, PLAIN).unwrap(), &packet).unwrap();
    assert_eq!((hit.action, hit.certain), (RuleAction::Drop, false));
}
