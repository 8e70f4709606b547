//! Memory stays flat, whatever a peer sends or does not read.

use std::io::{BufRead, Write};

use rustix::process::Signal;

use super::installed::{all_there, show_skipped};
use super::served::{PATIENCE, serve, serve_under};

on_engines! {
    a_line_without_an_end_takes_no_memory
    peers_that_never_read_take_what_they_may
    too_many_for_the_address_space_are_refused
    under_valgrind_a_crowd_that_leaves_touches_nothing_that_is_not_its_own
}

/// What a server may grow by beside what is promised, in KiB.
const SLACK: u64 = 6 * 1024;

fn a_line_without_an_end_takes_no_memory(engine: &str) {
    let server = serve(engine, &["-q", "--line-timeout", "1h"]);
    let mut peer = server.connect();
    let answer = peer.ask("hello");
    assert_eq!(answer, "From server -> hello\n");
    let before = server.peak_memory();
    let megabyte = vec![b'x'; 1_000_000];
    for _ in 0..100 {
        peer.send(&megabyte);
    }
    peer.send(b"\nstill there?\n");
    assert_eq!(peer.line(), "ERR line longer than 65536 bytes\n");
    assert_eq!(peer.line(), "From server -> still there?\n");
    let grown = server.peak_memory() - before;
    assert!(grown < SLACK, "100 MB took {grown} KiB, from {before} KiB");
}

fn peers_that_never_read_take_what_they_may(engine: &str) {
    let words = ["-q", "--max-output", "256k", "--write-timeout", "1h"];
    let server = serve(engine, &words);
    let count = if engine == "single" { 1 } else { 8 };
    assert_eq!(server.connect().ask("hello"), "From server -> hello\n");
    let before = server.peak_memory();
    let mut stuck: Vec<_> = (0..count).map(|_| server.connect()).collect();
    for peer in &mut stuck {
        // Both sockets are full of it, and no more of it is in the server than may wait there.
        assert!(peer.send_until_stuck() > 256 * 1024);
    }
    let grown = server.peak_memory() - before;
    // What waits, the read that made it wait, and a thread.
    let allowed = SLACK + count * (2 * 256 + 3 * 64 + 256);
    assert!(grown < allowed, "{count} peers took {grown} KiB");
    if engine != "single" {
        assert_eq!(server.connect().ask("next"), "From server -> next\n");
    }
}

fn too_many_for_the_address_space_are_refused(engine: &str) {
    if !all_there(&["prlimit"]) || engine == "single" {
        return;
    }
    // What it has from the start, and some 60 MB.
    let before = serve(engine, &["-q"]).address_space() * 1024 + 60_000_000;
    let limit = format!("--as={before}");
    let server = serve_under(&["prlimit", &limit], engine, &["-q"]).unwrap();
    let mut peers: Vec<_> = (0..400).map(|_| server.connect()).collect();
    let line = vec![b'x'; 60_000];
    for peer in &mut peers {
        let _ = peer.stream.get_mut().write_all(&line);
    }
    let mut told = 0;
    for peer in &mut peers {
        let _ = peer.stream.get_mut().write_all(b"\n");
        let mut reply = String::new();
        // Whoever was told, and went on speaking, may find a reset in the place of the line.
        let is_reset = peer.stream.read_line(&mut reply).is_err();
        match &reply[..] {
            "ERR server is full\n" => told += 1,
            "" if is_reset => told += 1,
            reply => assert!(reply.starts_with("From server -> xxx"), "{reply:?}"),
        }
    }
    assert!((1..400).contains(&told), "{told}");
    drop(peers);
    assert_eq!(server.connect().ask("still"), "From server -> still\n");
}

/// The one `unsafe` of ours gives memory back once a crowd has left; those of our dependencies look for
/// the ends of lines and speak to the system.
fn under_valgrind_a_crowd_that_leaves_touches_nothing_that_is_not_its_own(engine: &str) {
    if !all_there(&["valgrind"]) {
        return;
    }
    // Exit code 9 if anything was read or written that is not the program's, or not set.
    let tool = ["valgrind", "-q", "--error-exitcode=9", "--fair-sched=yes"];
    let Some(mut server) = serve_under(&tool, engine, &["-q"]) else {
        return show_skipped("valgrind does not run it here");
    };
    let crowd = if engine == "single" { 1 } else { LEAVING };
    for _ in 0..2 {
        let mut peers: Vec<_> = (0..crowd).map(|_| server.connect()).collect();
        for peer in &mut peers {
            assert_eq!(peer.ask("hello"), "From server -> hello\n");
        }
    }
    server.signal(Signal::TERM);
    let status = server.ended_within(PATIENCE);
    assert!(status.success(), "{status}");
}

/// More than it takes for memory to be given back when they leave.
const LEAVING: u64 = 300;
