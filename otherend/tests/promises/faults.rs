//! What `accept` may fail with, injected: the listener never dies and never spins.

use std::fs;
use std::io::{BufRead, ErrorKind};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::installed::{all_there, show_skipped};
use super::served::{Served, serve_under};

on_engines! {
    what_passes_is_passed_over
    what_lasts_does_not_spin
    an_answer_that_is_lost_ends_in_a_reset
}

/// Without a thread for it a peer is told so, and the next may have one.
#[test]
fn no_thread_left() {
    // One that is stopped before its first client says how many threads it begins with.
    let Some((server, calls)) = traced("threads", "clone3", "trace=clone3") else {
        return;
    };
    drop(server);
    let begun = calls_in(&calls, "clone3(");
    let inject = format!("inject=clone3:error=EAGAIN:when={}", begun + 1);
    let (server, calls) = traced("threads", "clone3", &inject).unwrap();
    let mut unlucky = server.connect();
    assert_eq!(unlucky.line(), "ERR server is full\n");
    assert_eq!(unlucky.line(), "");
    assert!(server.connect().is_served());
    assert_eq!(calls_in(&calls, "EAGAIN"), 1);
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
fn served(engine: &str, error: &str, when: &str) -> Option<(Served, NamedTempFile)> {
    let inject = format!("inject=accept4:error={error}:when={when}");
    traced(engine, "accept4", &inject)
}

/// A server under strace with an expression about `call`, and the file with these calls.
fn traced(engine: &str, call: &str, expression: &str) -> Option<(Served, NamedTempFile)> {
    if !all_there(&["strace"]) {
        return None;
    }
    let calls = NamedTempFile::new().unwrap();
    let file = calls.path().to_str()?;
    let trace = format!("trace={call}");
    let tool = [
        "strace", "-f", "-qq", "-o", file, "-e", &trace, "-e", expression,
    ];
    let server = serve_under(&tool, engine, &["-q"]);
    if server.is_none() {
        show_skipped("strace may not trace here");
    }
    server.map(|server| (server, calls))
}

/// How many of the calls have `what` in their line.
fn calls_in(calls: &NamedTempFile, what: &str) -> usize {
    let text = fs::read_to_string(calls.path()).unwrap();
    text.lines().filter(|line| line.contains(what)).count()
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
        let computed = server.computed_in(Duration::from_secs(2));
        assert!(
            computed < Duration::from_millis(500),
            "{error}: {computed:?}"
        );
        let calls = calls_in(&calls, "accept4(");
        // Pauses of 10 ms to a second: eight of them, 64 calls before each at most.
        assert!((2..700).contains(&calls), "{error}: {calls} calls in 2 s");
    }
}

/// No memory for a send, say: the line has no answer, so the end is not to look like a whole one.
fn an_answer_that_is_lost_ends_in_a_reset(engine: &str) {
    for error in ["ENOMEM", "ENOBUFS", "EPIPE"] {
        let inject = format!("inject=sendto:error={error}:when=2");
        let Some((server, _calls)) = traced(engine, "sendto", &inject) else {
            return;
        };
        let mut peer = server.connect();
        // strace counts the calls of each thread, and which of them answers is not ours to say.
        let end = loop {
            peer.send(b"hello\n");
            match peer.stream.read_line(&mut String::new()) {
                Ok(length) if length > 0 => {}
                end => break end.map_err(|error| error.kind()),
            }
        };
        assert_eq!(end, Err(ErrorKind::ConnectionReset), "after {error}");
        assert!(server.connect().is_served());
    }
}
