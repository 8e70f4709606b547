//! What `accept` may fail with, injected: the listener never dies and never spins.

use std::fs;
use std::time::{Duration, Instant};

use super::installed::{all_there, show_skipped};
use super::served::{Served, pace, serve_under};

on_engines! {
    what_passes_is_passed_over
    what_lasts_does_not_spin
}

const ERRORS: [&str; 7] = [
    "ECONNABORTED",
    "EPROTO",
    "EPERM",
    "EMFILE",
    "ENFILE",
    "ENOBUFS",
    "ENOMEM",
];

/// A server whose `accept` fails with `error`, `when` strace says; and the file with its calls.
fn served(engine: &str, error: &str, when: &str) -> Option<(Served, tempfile::NamedTempFile)> {
    if !all_there(&["strace"]) {
        return None;
    }
    let calls = tempfile::NamedTempFile::new().unwrap();
    let file = calls.path().to_str()?;
    let inject = format!("inject=accept4:error={error}:when={when}");
    let tool = [
        "strace",
        "-f",
        "-qq",
        "-o",
        file,
        "-e",
        "trace=accept4",
        "-e",
        &inject,
    ];
    let server = serve_under(&tool, engine, &["-q"]);
    if server.is_none() {
        show_skipped("strace may not trace here");
    }
    server.map(|server| (server, calls))
}

fn what_passes_is_passed_over(engine: &str) {
    for error in ERRORS {
        let Some((server, _calls)) = served(engine, error, "1..5") else {
            return;
        };
        let began = Instant::now();
        let mut peer = server.connect();
        let served = peer.is_served() || server.connect().is_served();
        assert!(served, "after {error}");
        let took = began.elapsed();
        assert!(took < Duration::from_secs(3), "{error}: {took:?}");
    }
}

fn what_lasts_does_not_spin(engine: &str) {
    for error in ["EMFILE", "ECONNABORTED"] {
        let Some((server, calls)) = served(engine, error, "1+") else {
            return;
        };
        let _peer = server.connect();
        let before = server.computed();
        pace(Duration::from_secs(2));
        let computed = server.computed() - before;
        assert!(
            computed < Duration::from_millis(500),
            "{error}: {computed:?}"
        );
        let text = fs::read_to_string(calls.path()).unwrap();
        let calls = text
            .lines()
            .filter(|line| line.contains("accept4("))
            .count();
        // Pauses of 10 ms to a second: eight of them, 64 calls before each at most.
        assert!((2..700).contains(&calls), "{error}: {calls} calls in 2 s");
    }
}
