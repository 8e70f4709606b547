//! `otherend interfaces`.

use std::net::TcpListener;

use super::program::otherend;

#[test]
fn loopback_is_always_there() {
    let outcome = otherend(&["interfaces"]).run().succeeded();
    outcome.said("up, loopback").said("127.0.0.1/8");
}

#[test]
fn each_line_of_json_is_an_object() {
    let outcome = otherend(&["interfaces", "--json"]).run().succeeded();
    for line in outcome.stdout.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["type"], "interface", "{line}");
        assert!(value["addresses"].is_array(), "{line}");
    }
}

#[test]
fn a_flag_can_be_set_in_the_environment() {
    let program = otherend(&["interfaces"]).env("OTHEREND_JSON", "1");
    assert!(program.run().succeeded().stdout.starts_with('{'));
}

#[test]
#[cfg(target_os = "linux")]
fn a_taken_port_is_shown_with_who_has_it() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let (port, me) = (address.port().to_string(), std::process::id());
    let outcome = otherend(&["interfaces", "--port", &port]).run().succeeded();
    outcome
        .said(&format!("port {port} is taken by\n"))
        .said(&format!("tcp {address}  "))
        .said(&format!("(pid {me}, "))
        .said(&format!("  {address}  from this machine only"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_listener_in_json_tells_its_process() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let port = address.port().to_string();
    let outcome = otherend(&["interfaces", "--json", "--port", &port]).run();
    let outcome = outcome.succeeded();
    let listener = outcome
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .find(|value| value["type"] == "listener" && value["protocol"] == "tcp")
        .unwrap();
    assert_eq!(listener["address"], address.to_string());
    assert_eq!(listener["pid"], std::process::id());
}

#[test]
fn a_port_out_of_range_is_a_mistake() {
    let outcome = otherend(&["interfaces", "--port", "70000"]).run();
    outcome.exited(2).complained("70000");
}
