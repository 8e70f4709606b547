//! What stands before any command: help, version, mistakes.

use super::program::otherend;

#[test]
fn the_version_begins_with_the_packages() {
    let version = format!("otherend {}", env!("CARGO_PKG_VERSION"));
    otherend(&["--version"]).run().succeeded().said(&version);
}

#[test]
fn without_a_command_the_help_is_a_complaint() {
    otherend(&[])
        .run()
        .exited(2)
        .complained("Usage: otherend <COMMAND>");
}

#[test]
fn a_misspelt_command_is_guessed() {
    let outcome = otherend(&["interface"]).run().exited(2);
    outcome.complained("a similar subcommand exists: 'interfaces'");
}

#[test]
fn a_port_behind_a_flag_is_told_how_addresses_are_written() {
    for flag in ["--port", "-p"] {
        let outcome = otherend(&["diagnose", flag, "9"]).run().exited(2);
        let outcome = outcome.complained("an address is written without a flag: HOST:PORT");
        assert!(!outcome.stderr.contains("-- "), "{outcome}");
    }
    let outcome = otherend(&["tap", "-1"]).run().exited(2);
    assert!(!outcome.stderr.contains("-- "), "{outcome}");
    let outcome = otherend(&["tap", "--recod", "x"]).run().exited(2);
    outcome.complained("a similar argument exists: '--record'");
}

#[test]
fn hands_used_to_other_tools_are_shown_the_way() {
    let tips: [(&[&str], &str); 4] = [
        (&["-l", "9000"], "to listen: otherend serve"),
        (&["listen", "9000"], "to be the server: otherend serve"),
        (
            &["localhost", "80"],
            "to be its client: otherend connect localhost",
        ),
        (&["serve", "-k"], "a server goes on after each client"),
    ];
    for (words, tip) in tips {
        otherend(words).run().exited(2).complained(tip);
    }
}

#[test]
fn a_wrong_value_from_the_environment_is_not_blamed_on_a_flag() {
    let tip = "the value is from the environment: OTHEREND_MAX_LINE";
    let program = || otherend(&["serve", "--exit-word", "x"]).env("OTHEREND_MAX_LINE", "abc");
    program().run().exited(2).complained(tip);
}

#[test]
fn a_tap_without_a_target_is_asked_for_one() {
    otherend(&["tap", ":9242"])
        .run()
        .exited(2)
        .complained("where should it be passed on to? otherend tap :9242 HOST:PORT");
    otherend(&["tap", "1", "2", "3"])
        .run()
        .exited(2)
        .complained("tap takes two addresses");
}

#[test]
fn an_address_alone_has_the_usual_port() {
    // From a source that is not here nothing goes out.
    for (host, address) in [
        ("127.0.0.1", "127.0.0.1:8080"),
        ("[::1]", "[::1]:8080"),
        ("::1", "[::1]:8080"),
    ] {
        let source = if host.contains(':') {
            "2001:db8::9"
        } else {
            "192.0.2.99"
        };
        let outcome = otherend(&["connect", host, "-s", source]).run().exited(1);
        outcome.complained(&format!("cannot connect to {address}: "));
    }
}

/// Every command × what hands write in place of HOST:PORT: what is advised is never weaker.
#[test]
fn an_address_written_otherwise_is_recognised() {
    const TALK: &str = "otherend talk 1\n\nC: a\nS: a\n";
    const IN_CLEAR: &str =
        "which says everything in clear; to talk over TLS: openssl s_client -connect h:443";
    let commands: [(&[&str], &str, &str); 6] = [
        (&["connect"], "write --udp h:53", IN_CLEAR),
        (&["serve"], "write --udp h:53", IN_CLEAR),
        (&["tap", "1"], "talks over TCP only", IN_CLEAR),
        (&["bench"], "talks over TCP only", IN_CLEAR),
        (
            &["play", "a.talk"],
            "write h:53 and talk over UDP",
            IN_CLEAR,
        ),
        (&["diagnose"], "talks over TCP only", "write --tls h:443"),
    ];
    for (command, udp, tls) in commands {
        for (word, complaint) in [
            ("udp://h:53", udp),
            ("tls://h:443", tls),
            ("https://h/", tls),
            ("tcp://h:80", "an address is only HOST:PORT: write h:80"),
            (
                "unix:///run/x",
                "an address is only HOST:PORT, which is plain TCP",
            ),
        ] {
            let words = [command, &[word]].concat();
            let outcome = otherend(&words).file("a.talk", TALK).run();
            outcome.exited(2).complained(complaint);
        }
        let words = [command, &["9000", "h"]].concat();
        let outcome = otherend(&words).file("a.talk", TALK).run().exited(2);
        outcome.complained(match command[0] {
            "tap" => "the target `h` has no port: add one",
            _ => "`9000 h`: the port stands behind its host, as in h 9000",
        });
    }
    let outcome = otherend(&["tap", "2525", "mail.example"]).run().exited(2);
    outcome.complained(
        "the target `mail.example` has no port: add one, as in otherend tap 2525 mail.example 25",
    );
}
