//! Each cause of a connection that fails is staged for real, in network namespaces, and must be in
//! the verdict: first where the evidence separates it, and without any that the evidence excludes.
//!
//! Needs root, `ip`, `nft`, `unshare` and `nsenter`; says so and passes where one is missing. Every
//! namespace lives as long as a process that reads from a pipe of this test: however the test ends,
//! nothing is left behind. `OTHEREND_STAGE=word` runs only the cases whose name has the word;
//! `--nocapture` shows the table, which also goes to `target/tmp/diagnose-staged.md`.
#![expect(
    clippy::print_stdout,
    reason = "what is skipped, and the table, are there to be read"
)]

mod cases;
mod ends;
mod host;
mod peers;
mod run;
mod table;

use std::process::{Command, Stdio};

#[test]
fn every_staged_cause_is_named_and_no_excluded_one() {
    if let Some(reason) = missing() {
        println!("skipped: {reason}");
        return;
    }
    let only = std::env::var("OTHEREND_STAGE").unwrap_or_default();
    let mut cases = cases::all();
    cases.retain(|case| case.name.contains(&only));
    assert!(!cases.is_empty(), "no case has \"{only}\" in its name");
    let results = run::all(cases);
    table::show(&results);
    let wrong: Vec<String> = results.iter().filter_map(run::Shown::complaint).collect();
    assert!(
        wrong.is_empty(),
        "{} cases are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn both_ends_see_a_translation() {
    match missing() {
        Some(reason) => println!("skipped: {reason}"),
        None => ends::see_a_translation(),
    }
}

#[test]
fn a_server_tells_lost_answers_from_none() {
    match missing() {
        Some(reason) => println!("skipped: {reason}"),
        None => ends::tell_lost_answers_from_none(),
    }
}

#[test]
fn connect_explains_the_addresses_that_it_tried() {
    match missing() {
        Some(reason) => println!("skipped: {reason}"),
        None => ends::connect_explains_what_it_tried(),
    }
}

/// Why nothing can be staged here.
fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("staging causes needs root".to_owned());
    }
    for tool in ["ip", "nft", "unshare", "nsenter", "nc", "sysctl", "setpriv"] {
        if !has(tool) {
            return Some(format!("{tool} is not installed"));
        }
    }
    let namespace = Command::new("unshare")
        .args(["--net", "--mount", "true"])
        .status();
    match namespace {
        Ok(status) if status.success() => None,
        _ => Some("no network namespaces can be made here".to_owned()),
    }
}

/// Whether a tool can be run at all.
fn has(tool: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", tool])
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}
