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
