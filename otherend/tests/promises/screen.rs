//! The screen never slows a peer.

use std::io::{BufRead, Read};

use super::served::{Served, serve};
use rustix::process::Signal;

on_engines! {
    peers_go_on_while_nobody_looks_and_what_was_skipped_is_said
}

const LINES: u64 = 200_000;

fn peers_go_on_while_nobody_looks_and_what_was_skipped_is_said(engine: &str) {
    let mut server = serve(engine, &[]);
    let mut peer = server.connect();
    let mut speaking = peer.stream.get_ref().try_clone().unwrap();
    let speaker = std::thread::spawn(move || {
        let line = b"a line that should be on the screen\n".repeat(1000);
        for _ in 0..LINES / 1000 {
            std::io::Write::write_all(&mut speaking, &line).unwrap();
        }
        speaking.shutdown(std::net::Shutdown::Write).unwrap();
    });
    // Nobody reads the server's stdout all the while.
    let mut heard = 0;
    let mut line = String::new();
    while peer.stream.read_line(&mut line).unwrap() > 0 {
        heard += 1;
        line.clear();
    }
    speaker.join().unwrap();
    assert_eq!(heard, LINES);
    drop(peer);

    server.signal(Signal::TERM);
    let mut shown = String::new();
    server.stdout.read_to_string(&mut shown).unwrap();
    let of = |event: &'static str| shown.lines().filter(move |line| line.contains(event));
    let lines = of("\"from\":\"").count() as u64;
    let skipped = of("\"event\":\"skipped\"").map(|line| Served::reported(line, "lines"));
    let skipped: u64 = skipped.sum();
    assert!(skipped > 0, "a pipe took {lines} lines that nobody read");
    // Each line was heard and said back.
    assert_eq!(lines + skipped, 2 * LINES);
    let report = of("\"event\":\"stopped\"").next().unwrap();
    assert_eq!(Served::reported(report, "lines_heard"), LINES, "{report}");
}
