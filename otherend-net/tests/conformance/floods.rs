//! Peers that send without a pause: no deadline waits for them to take a breath.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use otherend_net::{Engine, ServerConfig};

use super::stage::{PATIENCE, RawPeer, config, echo, millis, serve_watched};

on_engines! {
    for_all:
        a_line_that_never_ends_runs_out_of_time
        what_comes_after_the_end_is_not_heard_for_ever
        a_drain_is_not_held_up
        a_flood_of_lines_does_not_hold_up_a_drain;
    for_many:
}

fn impatient(engine: Engine) -> ServerConfig {
    let mut config = config(engine);
    config.settings.message_timeout = Some(millis(300));
    config.settings.linger_total = millis(300);
    config.drain_timeout = millis(300);
    config
}

/// Send `bytes` again and again until the server ends it; gives how long that took.
fn flood(peer: &RawPeer, bytes: &'static [u8]) -> JoinHandle<Duration> {
    let mut stream = peer.stream.get_ref().try_clone().unwrap();
    let bytes = bytes.repeat(64 * 1024 / bytes.len());
    thread::spawn(move || {
        let began = Instant::now();
        while stream.write_all(&bytes).is_ok() {
            assert!(began.elapsed() < PATIENCE, "it may go on for ever");
        }
        // Who reads is told as well, whatever the end was.
        let _ = stream.shutdown(Shutdown::Both);
        began.elapsed()
    })
}

fn a_line_that_never_ends_runs_out_of_time(engine: Engine) {
    let (server, watch) = serve_watched(impatient(engine), echo);
    let mut peer = RawPeer::connect(&server);
    let flooding = flood(&peer, b"x");
    assert_eq!(peer.line(), "ERR line longer than 65536 bytes\n");
    assert_eq!(peer.line(), "ERR line took too long\n");
    assert_eq!(watch.wait_for_end(1), "line-timeout");
    assert!(flooding.join().unwrap() < PATIENCE / 3);
}

fn what_comes_after_the_end_is_not_heard_for_ever(engine: Engine) {
    let (server, watch) = serve_watched(impatient(engine), echo);
    let mut peer = RawPeer::connect(&server);
    peer.send(b"exit\n");
    let flooding = flood(&peer, b"x");
    assert_eq!(watch.wait_for_end(1), "exit-word");
    assert!(flooding.join().unwrap() < PATIENCE / 3);
}

fn a_drain_is_not_held_up(engine: Engine) {
    let mut config = impatient(engine);
    config.settings.message_timeout = None;
    let (server, watch) = serve_watched(config, echo);
    let peer = RawPeer::connect(&server);
    let flooding = flood(&peer, b"x");
    watch.wait_for_bytes(1, 1);
    let report = server.drain();
    assert!(flooding.join().unwrap() < PATIENCE / 3);
    assert_eq!((report.finished, report.aborted), (0, 1));
}

fn a_flood_of_lines_does_not_hold_up_a_drain(engine: Engine) {
    let (server, watch) = serve_watched(impatient(engine), echo);
    let peer = RawPeer::connect(&server);
    let flooding = flood(&peer, b"a line\n");
    let mut stream = peer.stream.get_ref().try_clone().unwrap();
    let reading = thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    });
    watch.wait_for_bytes(1, 1);
    server.drain();
    assert!(flooding.join().unwrap() < PATIENCE / 3);
    reading.join().unwrap();
}
