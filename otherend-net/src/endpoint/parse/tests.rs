//! Each accepted form, and each complaint, as one row of a table.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn reads(text: &str, shown: &str) {
    match endpoint(text) {
        Ok(endpoint) => assert_eq!(endpoint.to_string(), shown, "for `{text}`"),
        Err(error) => panic!("`{text}` is not understood: {error}"),
    }
}

#[track_caller]
fn complains(text: &str, complaint: &str) {
    match endpoint(text) {
        Ok(endpoint) => panic!("`{text}` is taken for {endpoint}"),
        Err(error) => assert_eq!(error.to_string(), complaint, "for `{text}`"),
    }
}

#[test]
fn every_form_is_read() {
    reads("localhost:8080", "localhost:8080");
    reads("192.168.1.65:80", "192.168.1.65:80");
    reads("0.0.0.0:0", "0.0.0.0:0");
    reads("localhost 8080", "localhost:8080");
    reads("  localhost \t 8080 ", "localhost:8080");
    reads("[::1]:8080", "[::1]:8080");
    reads("[::]:8080", "[::]:8080");
    reads("[fe80::1%eth0]:8080", "[fe80::1%eth0]:8080");
    reads("[fe80::1%2]:8080", "[fe80::1%2]:8080");
    reads("::1 8080", "[::1]:8080");
    reads("[::1] 8080", "[::1]:8080");
    reads("fe80::1%eth0 8080", "[fe80::1%eth0]:8080");
    reads(":8080", "127.0.0.1:8080");
    reads("8080", "127.0.0.1:8080");
    reads("192.168.1.65", "192.168.1.65:8080");
    reads("[::1]", "[::1]:8080");
    reads("::1", "[::1]:8080");
    reads("2001:db8::7", "[2001:db8::7]:8080");
    reads("2001:db8:0:0:0:0:0:1", "[2001:db8::1]:8080");
    reads("fe80::1%eth0", "[fe80::1%eth0]:8080");
    reads("[fe80::1%eth0]", "[fe80::1%eth0]:8080");
    reads("", "127.0.0.1:8080");
    reads("   ", "127.0.0.1:8080");
    reads("example.org.:25", "example.org.:25");
    reads("my_host-2:65535", "my_host-2:65535");
}

#[test]
fn a_missing_port_is_added_to_the_example() {
    complains(
        "localhost",
        "`localhost` has no port: add one, as in localhost:8080",
    );
    complains(
        "localhost:",
        "`localhost` has no port: add one, as in localhost:8080",
    );
    complains(
        "192.168.1.65:",
        "`192.168.1.65` has no port: add one, as in 192.168.1.65:8080",
    );
    complains(
        ":",
        "`127.0.0.1` has no port: add one, as in 127.0.0.1:8080",
    );
}

#[test]
fn a_wrong_port_is_told() {
    complains(
        "localhost:65536",
        "port 65536 is out of range: ports go from 0 to 65535",
    );
    complains(
        "99999999999",
        "port 99999999999 is out of range: ports go from 0 to 65535",
    );
    let no_port = "`http` is no port: a port is a number from 0 to 65535, as in localhost:8080";
    complains("localhost:http", no_port);
    complains("localhost http", no_port);
    complains(
        "localhost:+80",
        "`+80` is no port: a port is a number from 0 to 65535, as in localhost:8080",
    );
    complains(
        "[::1]:x",
        "`x` is no port: a port is a number from 0 to 65535, as in [::1]:8080",
    );
}

#[test]
fn ipv6_that_may_end_with_a_port_is_shown_in_brackets() {
    let start = "an IPv6 address stands in brackets before its port: write";
    complains("::1:8080", &format!("{start} [::1]:8080"));
    complains("2001:db8::7:443", &format!("{start} [2001:db8::7]:443"));
}

#[test]
fn broken_ipv6_is_told() {
    let no_ipv6 = "is no IPv6 address with a port: write it as in [::1]:8080";
    complains("[::1:8080", &format!("`[::1:8080` {no_ipv6}"));
    complains("[::1]8080", &format!("`[::1]8080` {no_ipv6}"));
    complains("[localhost]:8080", &format!("`[localhost]:8080` {no_ipv6}"));
    complains("[fe80::1%]:8080", &format!("`[fe80::1%]:8080` {no_ipv6}"));
    complains(
        "a:b:c",
        "`a:b:c` is neither HOST:PORT nor an IPv6 address such as [::1]:8080",
    );
    complains(
        "[fe80::1]:80",
        "fe80::1 is link-local: say through which interface, as in [fe80::1%eth0]:8080",
    );
}

#[test]
fn a_url_is_cut_down_to_its_address() {
    let of = |url: &str, write: &str| {
        format!("`{url}` is a URL, and an address is only HOST:PORT: write {write}")
    };
    for (url, write) in [
        ("tcp://localhost:8080", "localhost:8080"),
        ("http://example.org/a?b", "example.org:80"),
        ("TCP://me@example.org:1", "example.org:1"),
        ("tcp://127.0.0.1", "127.0.0.1:PORT"),
        ("ws://[::1]/chat", "[::1]:80"),
        ("tcp://example.org", "example.org:PORT"),
        ("redis://[::1]:6380/0", "[::1]:6380"),
        ("http:///", "HOST:PORT"),
    ] {
        complains(url, &of(url, write));
    }
    complains(
        "udp://localhost:53",
        &of("udp://localhost:53", "localhost:53 and talk over UDP"),
    );
}

#[test]
fn a_url_is_never_cut_down_to_something_weaker() {
    for url in [
        "tls://localhost:8080",
        "ssl://localhost:8080",
        "https://example.org",
        "wss://example.org/chat",
        "MQTTS://me:secret@broker:8883",
        "rediss://:secret@cache",
        "ssh://me@host",
        "quic://host:1",
    ] {
        let complaint = "asks for an encrypted connection, and HOST:PORT is plain TCP";
        complains(url, &format!("`{url}` {complaint}"));
    }
    for url in [
        "unix:///run/x.sock",
        "https+unix://x",
        "foo://host:1",
        "://x:1",
    ] {
        let complaint = "is a URL, and an address is only HOST:PORT, which is plain TCP";
        complains(url, &format!("`{url}` {complaint}"));
    }
}

#[test]
fn a_port_before_its_host_is_told() {
    let of = |words: &[&str]| Endpoint::list_from_words(words).unwrap_err().to_string();
    for host in ["127.0.0.1", "localhost", "::1", "[::1]"] {
        let complaint =
            format!("`9000 {host}`: the port stands behind its host, as in {host} 9000");
        assert_eq!(of(&["9000", host]), complaint);
        assert_eq!(of(&["80", "81", "[::1]:82", "9000", host]), complaint);
        assert_eq!(
            endpoint(&format!("9000 {host}")).unwrap_err().to_string(),
            complaint
        );
    }
}

#[test]
fn rubbish_is_explained() {
    let in_name = "cannot stand in a host name: an address is HOST:PORT, as in localhost:8080";
    complains("localhost;8080", &format!("`;` {in_name}"));
    complains("me@host:22", &format!("`@` {in_name}"));
    complains("\u{1b}[2J:80", &format!("`\\u{{1b}}` {in_name}"));
    let ipv4 = "is no IPv4 address: it takes four numbers from 0 to 255, as in 192.168.1.65";
    complains("300.1.1.1:80", &format!("`300.1.1.1` {ipv4}"));
    complains("192.168.1:80", &format!("`192.168.1` {ipv4}"));
    complains("1234:80", &format!("`1234` {ipv4}"));
    complains(
        "münchen.de:80",
        "`münchen.de` is not ASCII: write the name in its xn-- form",
    );
    complains(
        "a..b:80",
        "`a..b` is no host name: there is nothing between two dots",
    );
    complains(
        "*:80",
        "`*` is no address: use 0.0.0.0 for all IPv4 addresses or [::] for all IPv6 ones",
    );
    complains(
        "a 1 b 2",
        "`a 1 b 2` is more than one address: give one, as HOST:PORT",
    );
    let long = "a".repeat(64);
    complains(
        &format!("{long}:80"),
        &format!("`{long}` is no host name: a part between dots has at most 63 characters"),
    );
}

#[test]
fn words_pair_up_only_where_a_port_is_missing() {
    let of = |words: &[&str]| -> Vec<String> {
        let endpoints = Endpoint::list_from_words(words).unwrap();
        endpoints.iter().map(Endpoint::to_string).collect()
    };
    assert!(of(&[]).is_empty());
    assert_eq!(of(&["8080", "9090"]), ["127.0.0.1:8080", "127.0.0.1:9090"]);
    assert_eq!(
        of(&["localhost", "80", "9090"]),
        ["localhost:80", "127.0.0.1:9090"]
    );
    assert_eq!(of(&["::1", "80", "[::1]:81"]), ["[::1]:80", "[::1]:81"]);
    assert_eq!(of(&["9000", "::1", "80"]), ["127.0.0.1:9000", "[::1]:80"]);
    assert_eq!(of(&["127.0.0.1", "80"]), ["127.0.0.1:80"]);
    assert_eq!(of(&["127.0.0.1", "::1"]), ["127.0.0.1:8080", "[::1]:8080"]);
    assert_eq!(
        Endpoint::list_from_words(&["localhost", "127.0.0.1:80"])
            .unwrap_err()
            .to_string(),
        "`localhost` has no port: add one, as in localhost:8080"
    );
    let none: [&str; 0] = [];
    assert_eq!(Endpoint::from_words(&none), Ok(Endpoint::DEFAULT));
    assert_eq!(Endpoint::from_words(&[" "]), Err(EndpointError::EmptyWord));
    assert_eq!(
        Endpoint::from_words(&["80", "81"]).unwrap_err().to_string(),
        "`80 81` is more than one address: give one, as HOST:PORT"
    );
}

proptest! {
    #[test]
    fn no_text_panics_and_no_complaint_carries_a_control_character(text in any::<String>()) {
        if let Err(error) = endpoint(&text) {
            prop_assert!(!error.to_string().chars().any(char::is_control));
        }
    }

    #[test]
    fn what_is_shown_reads_back(text in "[a-z0-9:.%\\[\\] ]{0,24}") {
        if let Ok(found) = endpoint(&text) {
            prop_assert_eq!(endpoint(&found.to_string()), Ok(found));
        }
    }
}
