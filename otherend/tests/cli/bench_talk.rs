//! `otherend bench --talk` against a mock of the same transcript.

use super::program::{Outcome, otherend};

const BELL: &str = "\
otherend talk 1

S: 200 ready
C: RING {{count:int=3}}
S: 250 rang {{count}} times
S! close
";

/// A short run of 2 clients that play `played`.
fn bench(played: &str, more: &[&str]) -> Outcome {
    let mut server = otherend(&["serve", "0", "--talk", "bell.talk"])
        .file("bell.talk", BELL)
        .start();
    let line = server.stdout_with("listening on ");
    let address = line.rsplit(' ').next().expect("an address").trim();
    let words = ["bench", address, "--talk", "played.talk", "--clients", "2"];
    let words = [&words[..], &["--seconds", "0.3"], more].concat();
    otherend(&words).file("played.talk", played).run()
}

#[test]
fn whole_conversations_are_counted_and_timed() {
    let outcome = bench(BELL, &[]).succeeded();
    outcome
        .said(": 2 clients, playing played.talk\n")
        .said("  passed    ")
        .said("  each took p50 ");
}

#[test]
fn a_program_gets_the_figures_and_values_can_be_set() {
    let outcome = bench(BELL, &["--json", "--set", "count=7"]).succeeded();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert!(json["conversations"].as_u64() > Some(0), "{json}");
    assert!(json["p99_ns"].as_u64() >= json["p50_ns"].as_u64(), "{json}");
    assert_eq!(
        (&json["differed"], &json["clients_not_connected"]),
        (&0.into(), &0.into())
    );
}

#[test]
fn a_server_that_differs_is_shown_once() {
    let outcome = bench(&BELL.replace("times", "bells"), &[]).exited(3);
    assert_eq!(
        outcome.stdout.matches("played.talk:5: ").count(),
        1,
        "{outcome}"
    );
    outcome
        .said("    expected  S: 250 rang {{count}} bells\n")
        .complained(" did not match played.talk");
}

#[test]
fn what_cannot_be_a_load_is_explained() {
    let rules = "otherend talk 1\non C: a\nS: b\n";
    bench(rules, &[])
        .exited(2)
        .complained("a load needs a script over TCP");
    bench(BELL, &["--size", "7"])
        .exited(2)
        .complained("cannot be used with '--size <SIZE>'");
    let outcome = otherend(&["bench", "--set", "a=b"]).run().exited(2);
    outcome.complained("--set is for transcripts: add --talk FILE");
}
