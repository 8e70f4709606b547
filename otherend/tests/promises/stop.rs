//! Signals: the first drains and loses no line, the second stops at once, the third ends it; and
//! nobody who does not look can hold that up.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::served::{PATIENCE, RawPeer, Served, pace, serve};

on_engines! {
    sigterm_under_load_answers_every_line_that_came
    who_waits_at_the_door_is_answered
    a_second_signal_stops_at_once
    a_stdout_that_takes_nothing_holds_no_end_up
    a_third_signal_ends_whatever_is_waited_for
}

fn sigterm_under_load_answers_every_line_that_came(engine: &str) {
    let mut server = serve(engine, &["--prefix", ""]);
    let count = if engine == "single" { 1 } else { 20 };
    let answers = Arc::new(AtomicU64::new(0));
    let talk = |_| talk_until_the_end(server.connect(), Arc::clone(&answers));
    let talkers: Vec<_> = (0..count).map(talk).collect();
    let began = Instant::now();
    while answers.load(Ordering::Relaxed) < 20_000 {
        assert!(began.elapsed() < PATIENCE);
        thread::yield_now();
    }
    server.signal(Signal::TERM);
    for talker in talkers {
        talker.join().unwrap();
    }
    let report = server.wait_for("\"event\":\"stopped\"");
    let heard = Served::reported(&report, "lines_heard");
    assert_eq!(heard, answers.load(Ordering::Relaxed), "{report}");
    assert_eq!(Served::reported(&report, "aborted"), 0, "{report}");
    let status = server.ended_within(PATIENCE);
    assert!(status.success(), "{status}");
}

/// Say numbered lines, 50 at a time, until the server has had enough. Each must be answered once
/// and in order, and the end must be an end.
fn talk_until_the_end(mut peer: RawPeer, answers: Arc<AtomicU64>) -> JoinHandle<()> {
    // Who is still at the door when the signal comes is not under way.
    assert_eq!(peer.ask("0"), "0\n");
    answers.fetch_add(1, Ordering::Relaxed);
    thread::spawn(move || {
        for first in (1..).step_by(50) {
            let lines = (first..first + 50).map(|number| format!("{number}\n"));
            let lines: String = lines.collect();
            // After the end it may say what it likes.
            let _ = peer.stream.get_mut().write_all(lines.as_bytes());
            for number in first..first + 50 {
                let line = peer.line();
                if line.is_empty() {
                    return;
                }
                assert_eq!(line, format!("{number}\n"));
                answers.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
}

/// The kernel has taken their connections and lines, the server has seen nothing of them yet.
fn who_waits_at_the_door_is_answered(engine: &str) {
    let mut server = serve(engine, &[]);
    server.signal(Signal::STOP);
    let mut peers: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for peer in &mut peers {
        peer.send(b"late\n");
    }
    server.signal(Signal::TERM);
    server.signal(Signal::CONT);
    for mut peer in peers {
        assert_eq!(peer.line(), "From server -> late\n");
        assert_eq!(peer.line(), "");
    }
    let report = server.wait_for("\"event\":\"stopped\"");
    assert_eq!(Served::reported(&report, "lines_heard"), 3, "{report}");
    assert!(server.ended_within(PATIENCE).success());
}

fn a_second_signal_stops_at_once(engine: &str) {
    let mut server = serve(engine, &[]);
    let mut peer = server.connect();
    assert_eq!(peer.ask("hello"), "From server -> hello\n");
    peer.send(b"begun and never finished");
    server.wait_for("\"text\":\"hello\"");
    let began = Instant::now();
    server.signal(Signal::TERM);
    server.wait_for("\"stopping\"");
    server.signal(Signal::TERM);
    let report = server.wait_for("\"event\":\"stopped\"");
    assert_eq!(Served::reported(&report, "aborted"), 1, "{report}");
    let status = server.ended_within(PATIENCE);
    // The drain would have taken 10 s.
    assert!(began.elapsed() < Duration::from_secs(5), "{status}");
}

/// A server that has more to show than fits into the pipe that nobody reads.
fn with_a_full_stdout(engine: &str) -> Served {
    let server = serve(engine, &[]);
    let mut peer = server.connect();
    let line = "a line that nobody looks at ".repeat(36);
    for _ in 0..300 {
        assert!(peer.ask(&line).ends_with(&format!("{line}\n")));
    }
    server
}

fn a_stdout_that_takes_nothing_holds_no_end_up(engine: &str) {
    let mut server = with_a_full_stdout(engine);
    server.signal(Signal::INT);
    let status = server.ended_within(PATIENCE);
    assert!(status.success(), "{status}");
}

fn a_third_signal_ends_whatever_is_waited_for(engine: &str) {
    let mut server = with_a_full_stdout(engine);
    // Signals that come at once are one.
    let status = loop {
        server.signal(Signal::TERM);
        pace(Duration::from_millis(50));
        if let Some(status) = server.ended() {
            break status;
        }
    };
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()), "{status}");
}
