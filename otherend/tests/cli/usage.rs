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
