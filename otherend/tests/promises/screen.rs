//! The screen never slows a peer, and no peer turns it off.

use std::io::{BufRead, Read};

use super::served::{PATIENCE, Served, serve};
use rustix::process::Signal;

on_engines! {
    peers_go_on_while_nobody_looks_and_what_was_skipped_is_said
    a_burst_of_empty_lines_leaves_the_screen_on
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

fn a_burst_of_empty_lines_leaves_the_screen_on(engine: &str) {
    const BURST: u64 = 65_536;
    let server = serve(engine, &[]);
    let shown = server.listen();
    let mut peer = server.connect();
    peer.send(&[b'\n'; BURST as usize]);
    for _ in 0..BURST {
        assert_eq!(peer.line(), "From server -> \n");
    }
    // Each line and its answer is shown or counted though nobody says anything more.
    let mut told = 0;
    while told < 2 * BURST {
        let line = shown.recv_timeout(PATIENCE);
        let line = line.unwrap_or_else(|_| panic!("only {told} lines were shown or counted"));
        told += match line.contains("\"event\":\"skipped\"") {
            true => Served::reported(&line, "lines"),
            false => u64::from(line.contains("\"from\":\"")),
        };
    }
    peer.ask("can you see me");
    let seen = |_| shown.recv_timeout(PATIENCE).unwrap().contains("see me");
    assert!((0..3).any(seen));
}
